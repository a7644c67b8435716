import { describe, expect, it } from 'vitest';
import { brokenFiles, memoryFiles } from './broken-files.ts';
import { filesCases, filesSuite, runFilesCase } from './suite.ts';

filesSuite('the memory', memoryFiles());

describe('the suite catches an implementation that', () => {
  for (const [name, breakage] of Object.entries(brokenFiles)) {
    it(name, async () => {
      const caught: string[] = [];
      for (const one of filesCases) {
        await runFilesCase(one, memoryFiles(breakage)).catch(() => caught.push(one.name));
      }
      expect(caught).not.toEqual([]);
      // A case that fails whatever is done would prove nothing.
      expect(caught.length).toBeLessThan(filesCases.length / 2);
    });
  }
});
