/** The whole way as an app has it: store on disk, core, one surface, one agent over its WebSocket. */
import { type Core, createCore, type Limits, type Store, type SurfaceAdapter } from '@surfaces/core';
import { noMetrics, realClock, silentLogger } from '@surfaces/core/testing';
import { type AgentClient, AgentId } from '@surfaces/protocol';
import { createAgentClient } from '@surfaces/sdk';
import { openSqliteStore } from '@surfaces/store/sqlite';

const agentId = AgentId.parse('agent-0');
/** Nobody is too fast here. */
const NO_LIMIT = { burst: 1e9, perSecond: 1e9 };

export interface App {
  readonly core: Core;
  readonly store: Store;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly dataDir: string;
  readonly agentUrl: string;
  readonly surface: SurfaceAdapter;
  readonly limits?: Partial<Limits>;
  /** Closes a connection to the agent that is not used for so long. Milliseconds; the client's own default otherwise. */
  readonly connectionIdleMs?: number;
  /** Looks at the agent's events on their way. */
  readonly watch?: (client: AgentClient) => AgentClient;
}

/** Resolves when the surface is attached. */
export async function startApp(options: AppOptions): Promise<App> {
  const { dataDir, agentUrl, surface, limits, connectionIdleMs, watch = (client) => client } = options;
  const store = await openSqliteStore({ dataDir });
  const client = watch(
    createAgentClient({
      agentId,
      baseUrl: agentUrl,
      ...(connectionIdleMs === undefined ? {} : { connectionIdleMs }),
    }),
  );
  const core = createCore({
    store,
    agents: { assign: () => agentId, client: () => client, all: () => [client] },
    clock: realClock,
    logger: silentLogger,
    metrics: noMetrics,
    defaultLocale: 'en',
    scrub: (text) => text,
    limits: { rate: NO_LIMIT, ...limits },
  });
  await core.attach(surface);
  return {
    core,
    store,
    async close() {
      await core.stop({ drainMs: 1000, closeAgents: () => client.close() });
      await store.close();
    },
  };
}
