/** The contract of `Files` and `Workspaces` as tests. An implementation's own test calls `filesSuite`. */
import { describe, it } from 'vitest';
import { collectingCases } from './collecting-cases.ts';
import type { FilesCase, FilesUnderTest } from './harness.ts';
import { keepingCases } from './keeping-cases.ts';
import { savingCases } from './saving-cases.ts';

export type { AgentDisk, FilesUnderTest } from './harness.ts';

export const filesCases: readonly FilesCase[] = [...keepingCases, ...savingCases, ...collectingCases];

/** Runs one case on fresh data. */
export async function runFilesCase(one: FilesCase, fresh: () => Promise<FilesUnderTest>): Promise<void> {
  const harness = await fresh();
  try {
    await one.run(harness);
  } finally {
    await harness.cleanup();
  }
}

/** `fresh` makes new, empty directories. */
export function filesSuite(name: string, fresh: () => Promise<FilesUnderTest>): void {
  describe(`${name} keeps the contract of Files and Workspaces`, () => {
    for (const one of filesCases) it(one.name, () => runFilesCase(one, fresh));
  });
}
