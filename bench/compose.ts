/** The whole way as an app has it: store on disk or a server, files, core, one surface, one agent over its WebSocket. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Core, createCore, type Limits, type Store, type SurfaceAdapter } from '@surfaces/core';
import { noMetrics, realClock, silentLogger } from '@surfaces/core/testing';
import { type AgentClient, AgentId } from '@surfaces/protocol';
import { createFiles, createWorkspaces } from '@surfaces/runtime/files';
import { createAgentClient } from '@surfaces/sdk';
import { openSqliteStore } from '@surfaces/store/sqlite';

const agentId = AgentId.parse('agent-0');
/** Nobody is too fast here. */
export const NO_LIMIT = { burst: 1e9, perSecond: 1e9 };
const GIB = 2 ** 30;

export interface App {
  readonly core: Core;
  readonly store: Store;
  close(): Promise<void>;
}

export interface AppOptions {
  readonly dataDir: string;
  /** A PostgreSQL database; SQLite in `dataDir` without it. */
  readonly databaseUrl?: string;
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
  const store = await openStore(options);
  const path = join(dataDir, 'workspace');
  await mkdir(path, { recursive: true });
  const files = createFiles({ directory: join(dataDir, 'files'), maxBytes: GIB });
  // As many people share it, each has a directory in it.
  const shared = { path, shared: true };
  const workspaces = createWorkspaces({
    workspaceOf: () => shared,
    everywhere: () => [shared],
    files,
    maxBytes: GIB,
  });
  const client = watch(
    createAgentClient({
      agentId,
      baseUrl: agentUrl,
      ...(connectionIdleMs === undefined ? {} : { connectionIdleMs }),
    }),
  );
  const core = createCore({
    store,
    agents: {
      assign: () => ({ choices: [agentId], byDefault: false }),
      client: () => client,
      info: (id) => ({ id, label: 'Agent' }),
      all: () => [client],
    },
    files,
    workspaces,
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

async function openStore({ dataDir, databaseUrl: url }: AppOptions): Promise<Store> {
  if (url === undefined) return await openSqliteStore({ dataDir });
  // As in an app, only where it is used.
  const { openPostgresStore } = await import('@surfaces/store/postgres');
  return await openPostgresStore({ url });
}
