/** The agents of the version of the registry that is in force, and the clients of those that went. */

import { isDeepStrictEqual } from 'node:util';
import type { AgentInfo, Agents, Assignment } from '@surfaces/core';
import type { AgentClient, AgentId, ExternalId, SurfaceId } from '@surfaces/protocol';
import { CountedClient } from './counted-client.ts';
import { identityKey } from './identity.ts';
import type { Access, RegisteredAgent, Registry } from './read-registry.ts';

export type CreateClient = (agentId: AgentId, access: Access) => AgentClient;

export interface LiveAgentsOptions {
  readonly createClient: CreateClient;
  /** A client that nobody needs any more did not close well. */
  readonly onCloseFailed: (agentId: AgentId, error: unknown) => void;
}

export interface Changes {
  readonly added: readonly AgentId[];
  /** They got a new client. */
  readonly changed: readonly AgentId[];
  readonly removed: readonly AgentId[];
}

interface Served {
  readonly agent: RegisteredAgent;
  readonly client: CountedClient;
}

export class LiveAgents implements Agents {
  readonly #options: LiveAgentsOptions;
  #registry: Registry = { agents: [], people: new Map(), secrets: [] };
  #current = new Map<AgentId, Served>();
  readonly #retired = new Set<Served>();
  /** Since the start, by path: in what agents left there, a person's files may be. */
  readonly #places = new Map<string, NonNullable<RegisteredAgent['workspace']>>();
  #closed = false;

  constructor(options: LiveAgentsOptions) {
    this.#options = options;
  }

  get registry(): Registry {
    return this.#registry;
  }

  /** As a whole or, when it throws, not at all. Unchanged agents keep their clients. */
  apply(registry: Registry): Changes {
    if (this.#closed) throw new Error('the registry is closed');
    const next = new Map<AgentId, Served>();
    const changed: AgentId[] = [];
    const added: AgentId[] = [];
    const made: Served[] = [];
    try {
      for (const agent of registry.agents) {
        const before = this.#current.get(agent.id);
        if (before !== undefined && isDeepStrictEqual(before.agent.access, agent.access)) {
          next.set(agent.id, { agent, client: before.client });
          continue;
        }
        (before === undefined ? added : changed).push(agent.id);
        const served = this.#serve(agent);
        made.push(served);
        next.set(agent.id, served);
      }
    } catch (error) {
      for (const served of made) {
        this.#retired.add(served);
        served.client.retire(() => undefined);
      }
      throw error;
    }
    for (const { workspace } of registry.agents) {
      if (workspace === undefined) continue;
      const shared = workspace.shared || this.#places.get(workspace.path)?.shared === true;
      this.#places.set(workspace.path, { path: workspace.path, shared });
    }
    const before = this.#current;
    this.#current = next;
    this.#registry = registry;
    for (const [id, served] of before) {
      if (next.get(id)?.client === served.client) continue;
      this.#retired.add(served);
      served.client.retire(() => this.client(id));
    }
    return { added, changed, removed: [...before.keys()].filter((id) => !next.has(id)) };
  }

  assign(surface: SurfaceId, externalId: ExternalId): Assignment | undefined {
    const { people, others } = this.#registry;
    const [first, ...more] = people.get(identityKey(surface, externalId)) ?? [];
    if (first !== undefined) return { choices: [first, ...more], byDefault: false };
    return others && { choices: [others.id], byDefault: others.byDefault };
  }

  client(id: AgentId): AgentClient | undefined {
    return this.#current.get(id)?.client;
  }

  info(id: AgentId): AgentInfo | undefined {
    const agent = this.#current.get(id)?.agent;
    return agent && { id, label: agent.label };
  }

  all(): readonly AgentClient[] {
    return [...this.#current.values()].map(({ client }) => client);
  }

  /** Also of an agent that went, as long as something runs on it. */
  workspace(id: AgentId): RegisteredAgent['workspace'] {
    const current = this.#current.get(id);
    if (current !== undefined) return current.agent.workspace;
    return [...this.#retired].find(({ agent }) => agent.id === id)?.agent.workspace;
  }

  /** Also those of agents that went since the start; `shared`: now or at any time since. */
  workspaces(): readonly NonNullable<RegisteredAgent['workspace']>[] {
    return [...this.#places.values()];
  }

  async close(): Promise<void> {
    this.#closed = true;
    const clients = [...this.#current.values(), ...this.#retired].map(({ client }) => client);
    await Promise.all(clients.map((client) => client.close()));
  }

  #serve(agent: RegisteredAgent): Served {
    const served: Served = {
      agent,
      client: new CountedClient(this.#options.createClient(agent.id, agent.access), (error) => {
        this.#retired.delete(served);
        if (error !== undefined) this.#options.onCloseFailed(agent.id, error);
      }),
    };
    return served;
  }
}
