/** An operator's access from outside: by the door of the app that runs, or to the store that no app uses. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createCore, type Scrubber } from '@surfaces/core';
import { systemClock } from '../clock.ts';
import { type AppConfig, readAppConfig } from '../config.ts';
import { readEnvironment } from '../environment-file.ts';
import { createFiles } from '../files/kept-files.ts';
import { createWorkspaces } from '../files/workspaces.ts';
import { createLogger } from '../logging.ts';
import { createMetrics } from '../metrics.ts';
import { everyWorkspace, openAgents } from '../open-agents.ts';
import { openStore } from '../open-store.ts';
import type { AgentRegistry } from '../registry/index.ts';
import { type Environment, Settings } from '../settings.ts';
import { knock } from './door-client.ts';
import { forget } from './forget.ts';
import type { Status } from './messages.ts';
import { createOperator, type Operator } from './operator.ts';
import { OperatorError } from './operator-error.ts';

export interface OperatorWorld {
  readonly env: Environment;
  /** Where `.env` is, and config/agents.yaml. */
  readonly directory: string;
  readonly err: (text: string) => void;
  /** Learns the secrets of the configuration. */
  readonly scrub: Scrubber;
  readonly signal: AbortSignal;
}

export interface OpenOperator {
  readonly operator: Operator;
  /** Of the app that runs; `undefined`: none does. */
  readonly running: Status | undefined;
  close(): Promise<void>;
}

/** Rejects with a `StartError`, a `StoreError` or an `OperatorError`, in words for the operator. */
export async function openOperator(world: OperatorWorld): Promise<OpenOperator> {
  const env = readEnvironment(world.directory, world.env);
  const settings = new Settings(env);
  const { directory } = world;
  const config = readAppConfig(settings, env, { needsAgent: false, isTerminal: false, directory });
  settings.check();
  if (config === undefined) throw new Error('the configuration is wrong, but no problem was named');
  world.scrub.learn(config.secrets);
  const live = await knock(config.dataDir, world.signal);
  if (live !== undefined) return { operator: live, running: live.status, close: async () => undefined };
  return await openStored(config, env, world);
}

async function openStored(config: AppConfig, env: Environment, world: OperatorWorld): Promise<OpenOperator> {
  const { database, dataDir, fileMaxBytes: maxBytes, defaultLocale } = config;
  if (database.kind === 'sqlite' && !existsSync(join(database.dataDir, database.file))) {
    throw new OperatorError(
      `There is nothing in ${join(database.dataDir, database.file)}: set SURFACES_DATA_DIR (or DATABASE_URL) as the app has it.`,
    );
  }
  const { scrub } = world;
  const logger = createLogger({
    app: 'operator',
    level: config.log.level === 'debug' ? 'debug' : 'error',
    format: 'pretty',
    scrub,
    target: { write: world.err },
  });
  const metrics = createMetrics();
  const clock = systemClock;
  const store = await openStore(database, { logger, clock, metrics });
  const files = createFiles({ directory: join(dataDir, 'files'), maxBytes });

  /** Only a deletion needs the agents: nothing else is kept from working by a wrong registry. */
  const forgetHere: Operator['forget'] = async (person) => {
    const closers: (() => Promise<void>)[] = [];
    const agents =
      config.agents.kind === 'own'
        ? ownAgentAtRest
        : await openAgents({
            config,
            ownAgent: undefined,
            env,
            logger,
            metrics,
            scrub,
            signal: world.signal,
            onOpened: (_, close) => closers.push(close),
          });
    const workspaces = createWorkspaces({
      workspaceOf: (id) => agents.workspace(id),
      everywhere: () => everyWorkspace(agents, dataDir),
      files,
      maxBytes,
    });
    const parts = { store, agents, files, workspaces, clock, logger, metrics, defaultLocale, scrub };
    const core = createCore(parts);
    try {
      return await forget({ core, store, agents }, person);
    } finally {
      await core.stop({ drainMs: 0 });
      for (const close of closers.reverse()) await close();
    }
  };
  const core: Parameters<typeof createOperator>[0]['core'] = {
    forget: forgetHere,
    replay: async (ids) => (await store.reviveDeadLetters(ids, clock.now())).length,
  };
  return { operator: createOperator({ core, store, files }), running: undefined, close: () => store.close() };
}

/** The agent that the app runs itself does not run either; its directory is there. */
const ownAgentAtRest: Omit<AgentRegistry, 'status' | 'close'> = {
  assign: () => undefined,
  client: () => undefined,
  info: (id) => ({ id, label: id }),
  all: () => [],
  workspace: () => undefined,
  workspaces: () => [],
};
