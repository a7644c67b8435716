/** `npm run test:crash`. Exits with 1 when a run failed, 2 when the command line is wrong. */
import { writeFileSync } from 'node:fs';
import { type Options, readOptions, USAGE } from './options.ts';
import { describeReport } from './report.ts';
import { run } from './run.ts';

let options: Options | 'help';
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exit(2);
}
if (options === 'help') {
  process.stdout.write(USAGE);
  process.exit(0);
}

let failed = 0;
for (const one of options.runs) {
  const report = await run(one);
  console.log(describeReport(report));
  if (report.problems.length === 0) continue;
  failed += 1;
  const { target, seed, kills, chats } = one;
  console.log(`  Everything of this run is in ${report.directory}. Again:`);
  console.log(`  npm run test:crash -- --target ${target} --kills ${kills} --seed ${seed} --chats ${chats}`);
}
const passed = options.runs.length - failed;
console.log(`Crash runs: ${passed} passed, ${failed} failed`);
// For the summary of `.ci/run`, in the form of vitest's report.
if (process.env.SURFACES_TEST_REPORT) {
  writeFileSync(
    process.env.SURFACES_TEST_REPORT,
    JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0 }),
  );
}
process.exitCode = failed > 0 ? 1 : 0;
