/** A whole core over fakes, and the means to end it as a crash does. */
import { ExternalId } from '@surfaces/protocol';
import { type Core, createCore } from '../core.ts';
import type { Limits } from '../limits.ts';
import type { Clock, Logger, Metrics } from '../ports/index.ts';
import { realClock } from './clock.ts';
import type { FakeAgent } from './fake-agent.ts';
import type { FakeMessenger } from './fake-messenger.ts';
import { FakeSurface } from './fake-surface.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryFileTables } from './memory-files.ts';
import type { MemoryDatabase } from './memory-store.ts';

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
  isDebug: () => false,
};

export const noMetrics: Metrics = {
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
};

export interface SystemOptions {
  readonly database: MemoryDatabase;
  readonly messenger: FakeMessenger;
  readonly agent: FakeAgent;
  /** Left out: there are no workspaces. */
  readonly files?: MemoryFileTables;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  readonly fault?: (point: string) => void;
  readonly scrub?: (text: string) => string;
  /** Persons that are not served. */
  readonly strangers?: readonly string[];
}

export interface System {
  readonly core: Core;
  readonly surface: FakeSurface;
  /** As SIGKILL: nothing is finished, nothing is told. */
  kill(): void;
  stop(drainMs?: number): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const { database, messenger, agent, limits, fault, scrub, strangers = [] } = options;
  const store = database.open();
  const { files, workspaces, kill } = (options.files ?? new MemoryFileTables(new MemoryDisk())).open();
  const surface = new FakeSurface(messenger, {
    timeline: store.timeline,
    identify: async ({ externalId, name }) => {
      const identity = { surface: messenger.surface, externalId: ExternalId.parse(externalId) };
      return (await store.identify({ ...identity, name, defaultLocale: 'en' })).id;
    },
  });
  const core = createCore({
    store,
    agents: {
      assign: (_, externalId) =>
        strangers.includes(externalId) ? undefined : { choices: [agent.agentId], byDefault: false },
      client: (id) => (id === agent.agentId ? agent : undefined),
      info: (id) => (id === agent.agentId ? { id, label: 'Echo' } : undefined),
      all: () => [agent],
    },
    files,
    workspaces,
    clock: options.clock ?? realClock,
    logger: options.logger ?? silentLogger,
    metrics: options.metrics ?? noMetrics,
    defaultLocale: 'en',
    scrub: scrub ?? ((text) => text),
    limits: { sendBackoff: { firstMs: 5, maxMs: 20 }, ...limits },
    ...(fault ? { fault } : {}),
  });
  await core.attach(surface);
  return {
    core,
    surface,
    kill() {
      store.kill();
      kill();
      surface.kill();
      void agent.close();
    },
    async stop(drainMs = 1000) {
      await core.stop({ drainMs, closeAgents: () => agent.close() });
      await store.close();
    },
  };
}
