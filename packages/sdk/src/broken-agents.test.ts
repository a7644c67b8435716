import { agentCases, brokenAgents, runAgentCase } from '@surfaces/testkit/agent';
import { describe, test } from 'vitest';
import { harness } from './suite-harness.ts';

describe.concurrent('the agent suite catches', () => {
  for (const broken of brokenAgents(harness)) {
    test(broken.name, async ({ expect }) => {
      const one = agentCases().find(({ name }) => name.includes(broken.caughtBy));
      if (one === undefined) throw new Error(`no case is named like "${broken.caughtBy}"`);
      await expect(runAgentCase(broken.harness, one, 3000)).rejects.toThrow();
    });
  }
});
