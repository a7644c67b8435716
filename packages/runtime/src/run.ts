/** The life of a process of ours: arguments, signals, exit codes. */
import { parseArgs } from 'node:util';
import { createScrubber, type Logger } from '@surfaces/core';
import { EXIT } from './exit-codes.ts';
import { type AppOptions, prepareApp, type RunningApp, startApp } from './start.ts';
import { exitCodeOf } from './start-error.ts';

/** How long running answers may take to end, milliseconds. */
const DRAIN_MS = 30_000;
/** After draining, and after a defect: how long closing may take. */
const CLOSE_MS = 10_000;
/** A terminal and npm both pass one Ctrl-C on: what comes this soon is the same one. Milliseconds. */
const SAME_PRESS_MS = 1_000;

/**
 * Runs an app until a signal ends it, then ends the process with a code of `EXIT`. The first SIGINT,
 * SIGTERM or SIGHUP drains, a second one ends at once.
 */
export async function runApp(options: AppOptions): Promise<void> {
  // A reader that went away must not end us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const code = answerArguments(options, process.argv.slice(2));
  if (code !== undefined) process.exit(code);

  const life = new Life();
  try {
    const prepared = prepareApp(options, {
      env: process.env,
      directory: process.cwd(),
      isTerminal: process.stderr.isTTY,
    });
    life.logger = prepared.logger;
    life.scrub = prepared.scrub;
    life.app = startApp(prepared, life.starting.signal);
    const { addresses } = await life.app;
    if (life.isEnding) return;
    print(`Surfaces is ready: ${addresses.join('  ')}\nCtrl-C stops it.`);
  } catch (error) {
    if (life.isEnding) return;
    process.exit(reportFailedStart(error, life));
  }
}

class Life {
  app: Promise<RunningApp> | undefined;
  logger: Logger | undefined;
  /** By form alone, until the configuration says which values are secret. */
  scrub: (text: string) => string = createScrubber([]);
  readonly starting = new AbortController();
  #askedAt: number | undefined;
  #ending = false;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.#onSignal());
    process.on('uncaughtException', (error) => this.#onDefect(error));
    process.on('unhandledRejection', (reason) => this.#onDefect(reason));
  }

  get isEnding(): boolean {
    return this.#ending;
  }

  #onSignal(): void {
    const now = performance.now();
    if (this.#askedAt === undefined) {
      this.#askedAt = now;
      print(
        `Stopping: running answers have ${DRAIN_MS / 1000} s to end. Ctrl-C again ends at once; nothing is lost.`,
      );
      void this.#end(EXIT.ok, DRAIN_MS);
    } else if (now - this.#askedAt > SAME_PRESS_MS) {
      process.exit(EXIT.interrupted);
    }
  }

  #onDefect(error: unknown): void {
    if (this.logger) this.logger.error({ err: error }, 'a defect: the process ends');
    else print(this.scrub(`A defect: ${error instanceof Error ? error.stack : error}`), process.stderr);
    void this.#end(EXIT.internal, 0);
  }

  async #end(code: number, drainMs: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    const late = setTimeout(() => {
      this.logger?.error({}, 'closing takes too long: the process ends without it');
      process.exit(code === EXIT.ok ? EXIT.internal : code);
    }, drainMs + CLOSE_MS);
    this.starting.abort(new Error('asked to stop'));
    // When the start failed, it has closed what it opened.
    const app = await this.app?.catch(() => undefined);
    await app?.stop(drainMs);
    clearTimeout(late);
    process.exit(code);
  }
}

function answerArguments(options: AppOptions, args: string[]): number | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    });
    if (values.help) print(helpOf(options));
    else if (values.version) print(options.version);
    else return undefined;
    return EXIT.ok;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    print(`${message}\nTry --help.`, process.stderr);
    return EXIT.usage;
  }
}

function helpOf({ summary, ownAgent }: AppOptions): string {
  const agent = ownAgent ? 'else the demo agent is started' : 'one of both must be set';
  return `${summary}

  --help, --version

Settings are environment variables; a .env file in the current directory is read too.
  AGENTS_CONFIG      the registry of agents (config/agents.yaml where that exists)
  AGENT_BASE_URL     or the URL of one agent; ${agent}
  SURFACES_DATA_DIR  where everything is kept
  DATABASE_URL       sqlite:… or postgres://… (surfaces.db in the data directory)
  WEB_HOST, WEB_PORT where the page is served (127.0.0.1, 8080)
  LOG_LEVEL          debug, info, warn, error or silent (info)
.env.example and docs/configuration.md list them all.`;
}

/** One line that says what to do; a stack only for what is unexpected, and only when somebody debugs. */
function reportFailedStart(error: unknown, { logger, scrub }: Life): number {
  const message = scrub(error instanceof Error ? error.message : String(error));
  const code = exitCodeOf(error);
  if (code !== undefined) {
    print(`Surfaces cannot start: ${message}`, process.stderr);
    logger?.debug({ err: error }, 'the start failed');
    return code;
  }
  const more = logger?.isDebug() ? '' : ' (LOG_LEVEL=debug shows where)';
  print(`Surfaces cannot start, unexpectedly: ${message}${more}`, process.stderr);
  logger?.debug({ err: error }, 'the start failed');
  return EXIT.internal;
}

function print(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(`${text}\n`);
}
