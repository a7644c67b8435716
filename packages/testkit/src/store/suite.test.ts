import { describe, expect, it } from 'vitest';
import { brokenCare } from './broken-care.ts';
import { brokenChats } from './broken-chats.ts';
import { brokenStores, memoryHarness } from './broken-stores.ts';
import { runStoreCase, storeCases, storeSuite } from './suite.ts';

storeSuite('the memory store', memoryHarness(), { runs: 200 });

describe('the store suite catches a store that', () => {
  for (const [name, breakage] of Object.entries({ ...brokenStores, ...brokenChats, ...brokenCare })) {
    it(name, async () => {
      const caught: string[] = [];
      for (const one of storeCases) {
        await runStoreCase(one, memoryHarness(breakage)).catch(() => caught.push(one.name));
      }
      expect(caught).not.toEqual([]);
      // A case that fails whatever the store does would prove nothing.
      expect(caught.length).toBeLessThan(storeCases.length);
    });
  }
});
