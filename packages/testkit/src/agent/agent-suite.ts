/** The contract of `AgentClient` and the agent host in full. */
import { describe, test } from 'vitest';
import { clientCases } from './client-cases.ts';
import { AgentBench, type AgentCase, type AgentHarness, within } from './harness.ts';
import { hostCases } from './host-cases.ts';
import { misbehavingCases } from './misbehaving-cases.ts';
import { tableCases } from './table-cases.ts';

/** All of it as data, so that broken implementations can be tried against it too. */
export function agentCases(): readonly AgentCase[] {
  return [...clientCases, ...misbehavingCases, ...hostCases, ...tableCases()];
}

/** Runs one case; rejects when the implementation does not fulfil it within the limit. */
export async function runAgentCase(harness: AgentHarness, one: AgentCase, limitMs = 15_000): Promise<void> {
  const bench = new AgentBench(harness);
  try {
    await within(limitMs, one.name, one.run(bench));
  } finally {
    await bench.close();
  }
}

/** Registers the suite with vitest. */
export function agentSuite(harness: AgentHarness): void {
  describe('agent suite', () => {
    for (const one of agentCases()) test(one.name, () => runAgentCase(harness, one));
  });
}
