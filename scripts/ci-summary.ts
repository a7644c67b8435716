/**
 * `node scripts/ci-summary.ts DIR`: the last line of `.ci/run`. DIR has `NAME.status` per step and
 * `NAME.json` (vitest's report) where the step ran tests. A step that fails without a failed test
 * counts as one failure. Exits 1 on any failure, and when no test ran.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A report that was cut off counts as one failure. */
function read(report: string): Counts {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const counts = {
      passed: Number(numPassedTests),
      failed: Number(numFailedTests),
      skipped: Number(numPendingTests) + Number(numTodoTests),
    };
    if (Object.values(counts).every(Number.isSafeInteger)) return counts;
  } catch {
    // Said below.
  }
  return { passed: 0, failed: 1, skipped: 0 };
}

const [directory = '.'] = process.argv.slice(2);
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const file of readdirSync(directory).filter((name) => name.endsWith('.status'))) {
  const ok = readFileSync(path.join(directory, file), 'utf8').trim() === '0';
  const report = path.join(directory, file.replace('.status', '.json'));
  const counts = existsSync(report) ? read(report) : { passed: 0, failed: 0, skipped: 0 };
  sum.passed += counts.passed;
  sum.failed += counts.failed || (ok ? 0 : 1);
  sum.skipped += counts.skipped;
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
