import { agentCases, brokenAgents, runAgentCase, throughRelay } from '@surfaces/testkit/agent';
import { describe, test } from 'vitest';
import { harness } from './suite-harness.ts';

function caseNamed(part: string) {
  const found = agentCases().find(({ name }) => name.includes(part));
  if (found === undefined) throw new Error(`no case is named like "${part}"`);
  return found;
}

describe.concurrent('the agent suite catches', () => {
  for (const { name, caughtBy, harness: broken } of brokenAgents(harness)) {
    test(name, async ({ expect }) => {
      await expect(runAgentCase(broken, caseNamed(caughtBy), 3000)).rejects.toThrow();
    });
  }
});

describe.concurrent('and the way in which they are broken is all that it catches', () => {
  for (const { name, caughtBy } of brokenAgents(harness)) {
    // The relay itself is no host: it lets every key in.
    if (!name.startsWith('a host that') || caughtBy.includes('wrong keys')) continue;
    test(caughtBy, () => runAgentCase(throughRelay(harness), caseNamed(caughtBy), 3000));
  }
});
