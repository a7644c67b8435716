import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/**
 * What tests and the processes that they start leave behind is in one directory per run, which goes with
 * the run. After a failure it stays, and its place is said.
 */
export default function setup(project: TestProject): () => void {
  const before = process.env.TMPDIR;
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-'));
  // Servers of the tests may run as another user, who has directories of their own in it.
  chmodSync(directory, 0o755);
  process.env.TMPDIR = directory;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    if (project.vitest.state.getCountOfFailedTests() > 0) {
      console.log(`What the failed tests left is in ${directory}`);
      return;
    }
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
}
