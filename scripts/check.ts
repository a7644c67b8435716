/**
 * `npm run check [-- --only biome,knip]`: format, lint, types, import rules, dead code, package
 * shape. One line per tool; exits 1 when any failed, with what it said.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { TOOLS, type Tool } from './check/tools.ts';

const root = path.resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { only: { type: 'string' } } });
const names = values.only?.split(',') ?? Object.keys(TOOLS);
const unknown = names.filter((name) => !(name in TOOLS));
if (unknown.length > 0) {
  console.error(`no tool "${unknown.join('", "')}"; there are: ${Object.keys(TOOLS).join(', ')}`);
  process.exit(2);
}

async function run(name: string, tool: Tool) {
  const begin = performance.now();
  const { ok, output } = await tool(root).catch((error: unknown) => ({ ok: false, output: String(error) }));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(14)} ${seconds.padStart(5)} s`);
  return { name, ok, output };
}

const chosen = Object.entries(TOOLS).filter(([name]) => names.includes(name));
const failed = (await Promise.all(chosen.map(([name, tool]) => run(name, tool)))).filter(({ ok }) => !ok);
for (const { name, output } of failed) console.log(`\n── ${name} ──\n${output.trim()}`);
if (failed.length > 0) {
  console.log(`\ncheck failed: ${failed.map(({ name }) => name).join(', ')}`);
  process.exitCode = 1;
}
