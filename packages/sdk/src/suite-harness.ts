/** This package's client and host, as the conformance suite wants them. Only for tests. */
import type { AgentHarness } from '@surfaces/testkit/agent';
import { createAgentClient } from './client/create-agent-client.ts';
import { fileTurnLog } from './host/file-turn-log.ts';
import { serveAgent } from './host/serve-agent.ts';

export const harness: AgentHarness = {
  createClient: createAgentClient,
  async serve({ turnLogDirectory, ...options }) {
    const turnLog = turnLogDirectory === undefined ? {} : { turnLog: await fileTurnLog(turnLogDirectory) };
    return serveAgent({ onFork: async () => {}, onDispose: async () => {}, ...options, ...turnLog });
  },
};
