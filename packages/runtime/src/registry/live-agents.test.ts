import type { AgentClient } from '@surfaces/protocol';
import { AgentId } from '@surfaces/protocol';
import { createAgentClient } from '@surfaces/sdk';
import { expect, test } from 'vitest';
import { LiveAgents } from './live-agents.ts';
import type { RegisteredAgent, Registry } from './read-registry.ts';

const agent = (id: string, path = id): RegisteredAgent => ({
  id: AgentId.parse(id),
  label: id,
  access: { baseUrl: `http://h/${path}` },
  ends: [],
});
const registry = (...agents: RegisteredAgent[]): Registry => ({ agents, people: new Map(), secrets: [] });

test('a version that cannot be served as a whole leaves no clients behind, and the old one in force', async () => {
  const closed: string[] = [];
  const agents = new LiveAgents({
    createClient(agentId, { baseUrl }): AgentClient {
      if (baseUrl.endsWith('/broken')) throw new Error('no such certificate');
      const client = createAgentClient({ agentId, baseUrl });
      const close = async () => {
        closed.push(baseUrl);
        await client.close();
      };
      return { ...client, close };
    },
    onCloseFailed: (_, error) => expect.unreachable(String(error)),
  });
  agents.apply(registry(agent('a')));
  const before = agents.client(AgentId.parse('a'));
  const next = registry(agent('a', 'a2'), agent('b'), agent('c', 'broken'));
  expect(() => agents.apply(next)).toThrow('no such certificate');
  await expect.poll(() => closed).toEqual(['http://h/a2', 'http://h/b']);
  expect(agents.client(AgentId.parse('a'))).toBe(before);
  expect(agents.all()).toHaveLength(1);
  await agents.close();
  expect(closed).toEqual(['http://h/a2', 'http://h/b', 'http://h/a']);
});
