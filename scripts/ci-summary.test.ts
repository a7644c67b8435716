import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'surfaces-ci-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function summary(files: Record<string, string | number[]>) {
  for (const [name, content] of Object.entries(files)) {
    const [passed = 0, failed = 0, pending = 0, todo = 0] = typeof content === 'string' ? [] : content;
    const report = {
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: pending,
      numTodoTests: todo,
    };
    writeFileSync(path.join(directory, name), typeof content === 'string' ? content : JSON.stringify(report));
  }
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, 'ci-summary.ts'), directory],
    { encoding: 'utf8' },
  );
  return `${status}: ${stdout.trim()}`;
}

test.each([
  ['all is well', { 'a.status': '0\n', 'a.json': [3, 0, 1, 1] }, '0: 3 passed, 0 failed, 2 skipped'],
  [
    'two reports',
    { 'a.status': '0', 'a.json': [3], 'b.status': '0', 'b.json': [4] },
    '0: 7 passed, 0 failed, 0 skipped',
  ],
  ['a failed test', { 'a.status': '1', 'a.json': [3, 2] }, '1: 3 passed, 2 failed, 0 skipped'],
  [
    'a failed step without tests',
    { 'a.status': '0', 'a.json': [3], 'check.status': '1' },
    '1: 3 passed, 1 failed, 0 skipped',
  ],
  ['tests passed, the run did not', { 'a.status': '1', 'a.json': [3] }, '1: 3 passed, 1 failed, 0 skipped'],
  ['a report cut off', { 'a.status': '0', 'a.json': '{"numPassed' }, '1: 0 passed, 1 failed, 0 skipped'],
  ['nothing ran', { 'a.status': '0' }, '1: 0 passed, 0 failed, 0 skipped'],
])('%s', (_, files, expected) => {
  expect(summary(files as Record<string, string | number[]>)).toBe(expected);
});
