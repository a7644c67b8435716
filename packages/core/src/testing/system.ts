/** A whole core over fakes, and the means to end it as a crash does. */
import { ExternalId } from '@surfaces/protocol';
import { type Core, createCore } from '../core.ts';
import type { Limits } from '../limits.ts';
import type { Agents, Assignment, Clock, Files, Logger, Metrics, Workspaces } from '../ports/index.ts';
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
  /** Further agents, and who may be served by which; everybody by `agent` when left out. */
  readonly others?: readonly FakeAgent[];
  readonly assign?: (externalId: string) => Assignment | undefined;
  /** Instead of those of `files`. */
  readonly parts?: { readonly files?: Files; readonly workspaces?: Workspaces };
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
    agents: agentsOf(options),
    files: options.parts?.files ?? files,
    workspaces: options.parts?.workspaces ?? workspaces,
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
