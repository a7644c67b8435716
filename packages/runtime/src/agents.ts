import type { Agents } from '@surfaces/core';
import type { AgentClient } from '@surfaces/protocol';

/** One agent for everybody. */
export function singleAgent(client: AgentClient): Agents {
  return {
    assign: () => client.agentId,
    client: (id) => (id === client.agentId ? client : undefined),
    all: () => [client],
  };
}
