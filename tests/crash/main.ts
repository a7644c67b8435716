/** `npm run test:crash`. Exits with 1 when a run failed, 2 when the command line is wrong. */
import { writeFileSync } from 'node:fs';
import { findPostgres, type PostgresServer, startPostgres } from '@surfaces/testkit/postgres';
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

const figures = { passed: 0, failed: 0, skipped: 0 };
let postgres: PostgresServer | undefined;
try {
  for (const one of options.runs) {
    const { target, store, kills, seed, chats } = one;
    if (store === 'postgres' && !postgres) {
      const missing = missingPostgres();
      if (missing !== undefined) {
        console.log(`${target} on postgres: skipped, ${missing}`);
        figures.skipped += 1;
        continue;
      }
      postgres = await startPostgres();
    }
    const report = await run(one, postgres);
    console.log(describeReport(report));
    figures[report.problems.length === 0 ? 'passed' : 'failed'] += 1;
    if (report.problems.length === 0) continue;
    console.log(`  Everything of this run is in ${report.directory}. Again:`);
    console.log(
      `  npm run test:crash -- --target ${target} --store ${store} --kills ${kills} --seed ${seed} --chats ${chats}`,
    );
  }
} finally {
  await postgres?.stop();
}
console.log(`Crash runs: ${figures.passed} passed, ${figures.failed} failed, ${figures.skipped} skipped`);
// For the summary of `.ci/run`, in the form of vitest's report.
if (process.env.SURFACES_TEST_REPORT) {
  const { passed, failed, skipped } = figures;
  writeFileSync(
    process.env.SURFACES_TEST_REPORT,
    JSON.stringify({
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: skipped,
      numTodoTests: 0,
    }),
  );
}
process.exitCode = figures.failed > 0 ? 1 : 0;

/** Why there is none; in CI every part is installed, and a missing one is an error. */
function missingPostgres(): string | undefined {
  try {
    findPostgres();
    return undefined;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
