/**
 * `npm run bench [-- --only agent,turns,first-text,chats,files,page] [--quick] [--size MIB] [--report-only] [--out DIR] [--profile DIR]`:
 * measures, prints, writes `<name>.json` files, exits 1 when a target is missed (not with `--report-only`).
 */
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAgent } from './agent/bench.ts';
import { benchChats } from './chats/bench.ts';
import { benchFiles } from './files/bench.ts';
import { benchFirstText } from './first-text/bench.ts';
import { benchPage } from './page/bench.ts';
import { isMet, printReport, type Report, writeReport } from './report.ts';
import type { Settings } from './settings.ts';
import { benchTurns } from './turns/bench.ts';

const BENCHES: Readonly<Record<string, (settings: Settings) => Promise<Report>>> = {
  agent: benchAgent,
  turns: benchTurns,
  'first-text': benchFirstText,
  chats: benchChats,
  files: benchFiles,
  page: benchPage,
};
const TMPFS_MAGIC = 0x01021994;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'report-only': { type: 'boolean', default: false },
    size: { type: 'string' },
    out: { type: 'string' },
    profile: { type: 'string' },
  },
});
const names = values.only?.split(',') ?? Object.keys(BENCHES);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`no benchmark "${unknown.join('", "')}"; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

const sizeMiB = values.size === undefined ? undefined : Number(values.size);
if (sizeMiB !== undefined && !(Number.isSafeInteger(sizeMiB) && sizeMiB > 0)) {
  console.error(`--size is a number of MiB, not "${values.size}"`);
  process.exit(2);
}

const cache = resolve(import.meta.dirname, '../.cache');
await mkdir(cache, { recursive: true });
if ((await statfs(cache)).type === TMPFS_MAGIC) {
  console.error(`${cache} is in memory (tmpfs): commits to it flush nothing, so "turns" would be too good.`);
}
// What is kept in the repository is never overwritten by a run that means nothing.
const results = values.quick ? join(cache, 'bench-results') : join(import.meta.dirname, 'results');
const out = values.out === undefined ? results : resolve(values.out);
const dataDir = await mkdtemp(join(cache, 'bench-'));
const profileDir = values.profile === undefined ? undefined : resolve(values.profile);
let missed = 0;
try {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (!names.includes(name)) continue;
    const report = await bench({ quick: values.quick, sizeMiB, dataDir, profileDir });
    printReport(report);
    await writeReport(out, report, values.quick);
    missed += report.figures.filter((figure) => !isMet(figure)).length;
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
console.log(`\nWritten to ${out}`);
if (missed > 0) {
  console.log(`${missed} ${missed === 1 ? 'target' : 'targets'} missed`);
  if (!values['report-only']) process.exitCode = 1;
}
