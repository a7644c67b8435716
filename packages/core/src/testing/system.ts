/** A whole core over fakes, and the means to end it as a crash does. */
import { type Core, createCore } from '../core.ts';
import type { Limits } from '../limits.ts';
import type { Clock, Logger, Metrics } from '../ports/index.ts';
import { realClock } from './clock.ts';
import type { FakeAgent } from './fake-agent.ts';
import type { FakeMessenger } from './fake-messenger.ts';
import { FakeSurface } from './fake-surface.ts';
import type { MemoryDatabase } from './memory-store.ts';
import { noFiles, noWorkspaces } from './no-files.ts';

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
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
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
  const surface = new FakeSurface(messenger, { timeline: store.timeline });
  const core = createCore({
    store,
    agents: {
      assign: (_, externalId) =>
        strangers.includes(externalId) ? undefined : { choices: [agent.agentId], byDefault: false },
      client: (id) => (id === agent.agentId ? agent : undefined),
      info: (id) => (id === agent.agentId ? { id, label: 'Echo' } : undefined),
      all: () => [agent],
    },
    files: noFiles,
    workspaces: noWorkspaces,
    clock: options.clock ?? realClock,
    logger: options.logger ?? silentLogger,
    metrics: noMetrics,
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
      surface.kill();
      void agent.close();
    },
    async stop(drainMs = 1000) {
      await core.stop({ drainMs, closeAgents: () => agent.close() });
      await store.close();
    },
  };
}
