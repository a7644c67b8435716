/** A whole core over fakes, and the means to end it as a crash does. */
import { type Core, createCore } from '../core.ts';
import type { Limits } from '../limits.ts';
import type { Agents, Assignment, Clock, Files, Logger, Metrics, Workspaces } from '../ports/index.ts';
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
  /** Further agents, and who may be served by which; everybody by `agent` when left out. */
  readonly others?: readonly FakeAgent[];
  readonly assign?: (externalId: string) => Assignment | undefined;
  readonly files?: Files;
  readonly workspaces?: Workspaces;
}

export interface System {
  readonly core: Core;
  readonly surface: FakeSurface;
  /** As SIGKILL: nothing is finished, nothing is told. */
  kill(): void;
  stop(drainMs?: number): Promise<void>;
}

export async function startSystem(options: SystemOptions): Promise<System> {
  const { database, messenger, agent, limits, fault, scrub } = options;
  const store = database.open();
  const surface = new FakeSurface(messenger, { timeline: store.timeline });
  const core = createCore({
    store,
    agents: agentsOf(options),
    files: options.files ?? noFiles,
    workspaces: options.workspaces ?? noWorkspaces,
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

/** The label of `agent-0` is `Echo`; the others are called by their ids. */
function agentsOf({ agent, others = [], strangers = [], assign }: SystemOptions): Agents {
  const all = [agent, ...others];
  const find = (id: string) => all.find(({ agentId }) => agentId === id);
  return {
    assign: (_, externalId) => {
      if (strangers.includes(externalId)) return undefined;
      return assign ? assign(externalId) : { choices: [agent.agentId], byDefault: false };
    },
    client: find,
    info: (id) => find(id) && { id, label: id === 'agent-0' ? 'Echo' : id },
    all: () => all,
  };
}
