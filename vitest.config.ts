import { defineConfig } from 'vitest/config';
import SkipReporter from './scripts/vitest/skip-reporter.ts';

export default defineConfig({
  test: {
    include: [
      'packages/**/*.test.{ts,tsx}',
      'apps/**/*.test.ts',
      'tests/**/*.test.ts',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '.cache/**'],
    globalSetup: './scripts/vitest/temporary-directory.ts',
    testTimeout: 20_000,
    // The machine's cores are shared with real servers that tests start.
    maxWorkers: 2,
    reporters: ['default', new SkipReporter(), ...jsonReport(process.env.SURFACES_TEST_REPORT)],
  },
});

/** `.ci/run` counts from this file. */
function jsonReport(outputFile: string | undefined): ['json', { outputFile: string }][] {
  return outputFile ? [['json', { outputFile }]] : [];
}
