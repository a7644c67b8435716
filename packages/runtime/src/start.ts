/** Puts the parts together and takes them apart again. Nothing here touches the process itself. */
import { join } from 'node:path';
import { type CoreOptions, createCore, createScrubber, type Logger, type Scrubber } from '@surfaces/core';
import { systemClock } from './clock.ts';
import { type AppConfig, readAppConfig } from './config.ts';
import { readEnvironment } from './environment-file.ts';
import { EXIT } from './exit-codes.ts';
import { createFiles } from './files/kept-files.ts';
import { createWorkspaces } from './files/workspaces.ts';
import { createHealth, type SurfaceState } from './health.ts';
import { startHealthServer } from './health-server.ts';
import { createLogger, type LogTarget } from './logging.ts';
import { createMetrics } from './metrics.ts';
import { everyWorkspace, openAgents, type StartOwnAgent } from './open-agents.ts';
import { openStore } from './open-store.ts';
import { openDoor } from './operator/door.ts';
import { forget } from './operator/forget.ts';
import { createOperator } from './operator/operator.ts';
import { keepRetention } from './retention.ts';
import { type Environment, Settings } from './settings.ts';
import { isStartError, StartError } from './start-error.ts';
import type { ConfiguredSurface, Parts, SurfaceDefinition } from './surface.ts';

export interface AppOptions {
  readonly name: string;
  readonly version: string;
  /** One line for `--help`. */
  readonly summary: string;
  readonly surfaces: readonly SurfaceDefinition[];
  /** Starts an agent where neither a registry nor AGENT_BASE_URL names one. Without this function one of them is needed. */
  readonly ownAgent?: StartOwnAgent;
  /** For test compositions. */
  readonly core?: Pick<CoreOptions, 'fault' | 'limits' | 'handlers'>;
}

/** What surrounds the app. */
export interface World {
  readonly env: Environment;
  /** Where `.env` is, and config/agents.yaml. */
  readonly directory: string;
  readonly isTerminal: boolean;
  readonly logTarget?: LogTarget;
}

export interface PreparedApp {
  readonly options: AppOptions;
  readonly env: Environment;
  readonly config: AppConfig;
  readonly surfaces: readonly ConfiguredSurface[];
  readonly logger: Logger;
  readonly scrub: Scrubber;
}

export interface RunningApp {
  /** Where people open the started surfaces. */
  readonly addresses: readonly string[];
  readonly healthUrl: string;
  /** Lets running turns end within `drainMs`, then closes everything. Again: the same promise. Never rejects. */
  stop(drainMs: number): Promise<void>;
}

/** Reads the configuration. Throws a `StartError` that lists all that is wrong. */
export function prepareApp(options: AppOptions, world: World): PreparedApp {
  const env = readEnvironment(world.directory, world.env);
  const settings = new Settings(env);
  const config = readAppConfig(settings, env, {
    needsAgent: options.ownAgent === undefined,
    isTerminal: world.isTerminal,
    directory: world.directory,
  });
  const surfaces = options.surfaces.flatMap((surface) => surface.configure(settings) ?? []);
  settings.check();
  if (config === undefined) throw new Error('the configuration is wrong, but no problem was named');
  const scrub = createScrubber([...config.secrets, ...surfaces.flatMap(({ secrets }) => secrets)]);
  const logger = createLogger({
    app: options.name,
    level: config.log.level,
    format: config.log.format,
    scrub,
    ...(world.logTarget ? { target: world.logTarget } : {}),
  });
  return { options, env, config, surfaces, logger, scrub };
}

/** Rejects when nothing would work; what was opened by then is closed again. `signal` ends the start. */
export async function startApp(prepared: PreparedApp, signal: AbortSignal): Promise<RunningApp> {
  const { logger } = prepared;
  /** Run from the last to the first. */
  const closers: (readonly [string, (drainMs: number) => Promise<void>])[] = [];
  let stopped: Promise<void> | undefined;
  const stop = (drainMs: number): Promise<void> => {
    stopped ??= (async () => {
      for (const [what, close] of closers.toReversed()) {
        await close(drainMs).catch((error) => logger.error({ err: error }, `${what} did not close well`));
      }
    })();
    return stopped;
  };
  try {
    const started = await open(prepared, signal, closers, () => stopped !== undefined);
    return { ...started, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

async function open(
  { options, env, config, surfaces, logger, scrub }: PreparedApp,
  signal: AbortSignal,
  closers: (readonly [string, (drainMs: number) => Promise<void>])[],
  isStopping: () => boolean,
): Promise<Omit<RunningApp, 'stop'>> {
  const metrics = createMetrics(() => store.counts());
  const store = await openStore(config.database, { logger, clock: systemClock, metrics });
  closers.push(['the store', () => store.close()]);

  const agents = await openAgents({
    config,
    ownAgent: options.ownAgent,
    env,
    logger,
    metrics,
    scrub,
    signal,
    onOpened: (what, close) => closers.push([what, close]),
  });
  signal.throwIfAborted();
  const { fileMaxBytes: maxBytes } = config;
  const files = createFiles({ directory: join(config.dataDir, 'files'), maxBytes });
  const workspaces = createWorkspaces({
    workspaceOf: (id) => agents.workspace(id),
    everywhere: () => everyWorkspace(agents, config.dataDir),
    files,
    maxBytes,
  });

  const states: SurfaceState[] = [];
  const health = await startHealthServer({
    ...config.health,
    health: createHealth({
      store,
      agents,
      registry: agents.status,
      surfaces: () => states,
      scrub,
      isStopping,
    }),
    metrics,
  });
  closers.push(['the health server', () => health.close()]);
  logger.info({ url: health.url }, 'health and metrics are served');

  const core = createCore({
    ...options.core,
    store,
    agents,
    files,
    workspaces,
    clock: systemClock,
    logger,
    metrics,
    defaultLocale: config.defaultLocale,
    scrub,
  });
  closers.push(['the core', (drainMs) => core.stop({ drainMs, closeAgents: () => agents.close() })]);
  const operator = createOperator({
    core: { replay: (ids) => core.replay(ids), forget: (person) => forget({ core, store, agents }, person) },
    store,
    files,
  });
  const status = async () => {
    const surfaces = states.flatMap((state) => ('adapter' in state ? state.name : []));
    return {
      app: options.name,
      version: options.version,
      pid: process.pid,
      surfaces,
      ...(await store.counts()),
    };
  };
  try {
    const door = await openDoor({ dataDir: config.dataDir, operator, status, logger });
    closers.push(["the operators' door", () => door.close()]);
  } catch (error) {
    if (isStartError(error)) throw error;
    // People are served all the same.
    logger.error({ err: error }, 'operators cannot reach this process: their commands will not work');
  }

  const { defaultLocale } = config;
  const parts: Parts = { store, agents, files, clock: systemClock, logger, metrics, defaultLocale, scrub };
  const addresses: string[] = [];
  const failures: unknown[] = [];
  for (const surface of surfaces) {
    signal.throwIfAborted();
    try {
      const { adapter, address } = surface.create({
        ...parts,
        logger: logger.child({ surface: surface.name }),
      });
      await core.attach(adapter);
      states.push({ name: surface.name, adapter });
      addresses.push(address() ?? surface.name);
    } catch (error) {
      failures.push(error);
      const failed = error instanceof Error ? error.message : String(error);
      states.push({ name: surface.name, failed });
      if (surfaces.length > 1) logger.error({ surface: surface.name, err: error }, 'a surface cannot start');
    }
  }
  if (addresses.length === 0) throw failureOf(failures);
  const over = new AbortController();
  const { retention } = config;
  const keeping = keepRetention(
    { retention, store, files, clock: systemClock, logger, metrics },
    over.signal,
  );
  closers.push([
    'retention',
    async () => {
      over.abort(new Error('the app stops'));
      await keeping;
    },
  ]);
  return { addresses, healthUrl: health.url };
}

/** One surface: its own error. Several: all of them are in the log already. */
function failureOf(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  const message = `no surface could start: ${reasons.join('; ')}`;
  return new StartError(message, failures.find(isStartError)?.exitCode ?? EXIT.unavailable, {
    cause: new AggregateError(failures),
  });
}
