/** This package's client and host, as the conformance suite wants them. Only for tests. */
import { createAgentClient } from './client/create-agent-client.ts';
import { fileTurnLog } from './host/file-turn-log.ts';
import type { ServeAgentOptions } from './host/options.ts';
import { type AgentServer, serveAgent } from './host/serve-agent.ts';

export const harness = {
  createClient: createAgentClient,
  async serve(options: ServeAgentOptions & { readonly turnLogDirectory?: string }): Promise<AgentServer> {
    const { turnLogDirectory, ...rest } = options;
    const turnLog = turnLogDirectory === undefined ? {} : { turnLog: await fileTurnLog(turnLogDirectory) };
    return serveAgent({ onFork: async () => {}, onDispose: async () => {}, ...rest, ...turnLog });
  },
};
