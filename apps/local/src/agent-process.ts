/** Keeps the demo agent running as a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Logger } from '@surfaces/core';
import { type Environment, EXIT, StartError } from '@surfaces/runtime';
import { z } from 'zod';

export interface AgentProcessOptions {
  /**
   * A script that listens on AGENT_HOST and AGENT_PORT (0: any free one), wants AGENT_KEY, tells it by `{type: 'listening', url}` over
   * the IPC channel, and ends when that channel closes: so it never outlives us, however we end.
   */
  readonly entry: string;
  /** Given as AGENT_DATA_DIR. */
  readonly dataDir: string;
  /** The directory that files are exchanged in, given as AGENT_WORKSPACE. Made when it is not there. */
  readonly workspacePath: string;
  readonly logger: Logger;
  readonly env: Environment;
  /** Ends the first start. */
  readonly signal?: AbortSignal;
  /** From its start until it listens, milliseconds. Default 15 s. */
  readonly startTimeoutMs?: number;
  /** The pause before a restart: it doubles from `firstMs` up to `maxMs`. Default 200 ms and 10 s. */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
  /** An agent that listened for so long begins with the first pause again, milliseconds. Default 30 s. */
  readonly steadyMs?: number;
  /** From SIGTERM to SIGKILL, milliseconds. Default 5 s. */
  readonly graceMs?: number;
}

const Listening = z.object({ type: z.literal('listening'), url: z.url() });
const LONGEST_LINE = 2_000;

/** Resolves when it listens. Rejects with a `StartError` when the first start fails. */
export async function startAgentProcess(options: AgentProcessOptions): Promise<AgentProcess> {
  const agent = new AgentProcess(options);
  await agent.start();
  return agent;
}

export class AgentProcess {
  readonly #options: AgentProcessOptions;
  /** What the agent wants as a bearer token, so that it serves nobody else on this machine. */
  readonly key = randomBytes(24).toString('base64url');
  #url: string | undefined;
  #child: ChildProcess | undefined;
  #stopping: Promise<void> | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  #lastLine = '';
  readonly #killWithUs = () => this.#child?.kill('SIGKILL');

  constructor(options: AgentProcessOptions) {
    this.#options = options;
  }

  get workspacePath(): string {
    return this.#options.workspacePath;
  }

  /** The same over all restarts. */
  get url(): string {
    if (this.#url === undefined) throw new Error('the agent process was not started');
    return this.#url;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** To be called once, before anything else. */
  async start(): Promise<void> {
    // Covers a process.exit without stop; when we are killed, the closed IPC channel ends the agent.
    process.once('exit', this.#killWithUs);
    const aborted = () => void this.stop();
    const { signal } = this.#options;
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', aborted, { once: true });
      await mkdir(this.#options.workspacePath, { recursive: true, mode: 0o700 });
      await new Promise<void>((resolve, reject) => this.#spawn(resolve, reject));
    } catch (error) {
      await this.stop();
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', aborted);
    }
  }

  /** SIGTERM, after a grace SIGKILL. Resolves when the process has ended. Again: the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child !== undefined) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      const grace = setTimeout(() => child.kill('SIGKILL'), this.#options.graceMs ?? 5_000);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(grace);
    }
    process.off('exit', this.#killWithUs);
  }

  #spawn(onListening: () => void, onFailed: (error: Error) => void): void {
    const { entry, logger, startTimeoutMs = 15_000 } = this.#options;
    const child = fork(entry, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: a terminal's Ctrl-C must not end it while answers are still drained.
      detached: process.platform !== 'win32',
      execArgv: [],
      env: this.#environment(),
    });
    this.#child = child;
    this.#passOn(child.stdout);
    this.#passOn(child.stderr);
    let listeningSince: number | undefined;
    const late = setTimeout(() => {
      logger.error({ ms: startTimeoutMs }, 'the demo agent does not begin to listen: it is ended');
      child.kill('SIGKILL');
    }, startTimeoutMs);

    child.on('message', (message) => {
      const parsed = Listening.safeParse(message);
      if (!parsed.success || listeningSince !== undefined) return;
      clearTimeout(late);
      listeningSince = performance.now();
      this.#url ??= parsed.data.url;
      logger.info({ url: parsed.data.url, agentPid: child.pid }, 'the demo agent listens');
      onListening();
    });
    let gone = false;
    const onGone = (how: string) => {
      if (gone) return;
      gone = true;
      const words = this.#lastLine === '' ? '' : ` Its last words: ${this.#lastLine}`;
      if (this.#url === undefined) {
        onFailed(
          new StartError(
            `the demo agent did not start (${how}).${words} Set AGENT_BASE_URL to use another agent.`,
            EXIT.unavailable,
          ),
        );
      } else if (this.#stopping === undefined) {
        this.#startAgain(how, listeningSince);
      }
    };
    child.once('error', (error) => {
      // Also when a signal could not be sent: then it still runs.
      if (child.pid !== undefined) return;
      clearTimeout(late);
      this.#child = undefined;
      onGone(error.message);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(late);
      this.#child = undefined;
      const how = signal ?? `exit code ${code}`;
      // Its last words may still be on the way; a child of its own may keep them open for ever.
      child.once('close', () => onGone(how));
      setTimeout(() => onGone(how), 500);
    });
  }

  #startAgain(how: string, listeningSince: number | undefined): void {
    const { backoff = { firstMs: 200, maxMs: 10_000 }, steadyMs = 30_000, logger } = this.#options;
    if (listeningSince !== undefined && performance.now() - listeningSince >= steadyMs) this.#failures = 0;
    const ms = Math.min(backoff.firstMs * 2 ** this.#failures++, backoff.maxMs);
    logger.warn({ how, restartInMs: ms }, 'the demo agent ended unexpectedly; it is started again');
    this.#restart = setTimeout(() => {
      this.#spawn(
        () => undefined,
        () => undefined,
      );
    }, ms);
  }

  /** Least authority: the agent gets what a program needs, and AGENT_…, but no key of a surface. */
  #environment(): NodeJS.ProcessEnv {
    const { env, dataDir, workspacePath } = this.#options;
    const given = Object.entries(env).filter(([name]) => GIVEN.test(name));
    const port = this.#url === undefined ? '0' : new URL(this.#url).port;
    return {
      ...Object.fromEntries(given),
      AGENT_HOST: '127.0.0.1',
      AGENT_PORT: port,
      AGENT_KEY: this.key,
      AGENT_DATA_DIR: dataDir,
      AGENT_WORKSPACE: workspacePath,
    };
  }

  #passOn(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return;
      this.#lastLine = line.slice(0, LONGEST_LINE);
      this.#options.logger.info({}, `[agent] ${this.#lastLine}`);
    });
  }
}

const GIVEN =
  /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|USERPROFILE|LOG_LEVEL|DEFAULT_LOCALE|NO_COLOR|AGENT_(?!BASE_URL|BEARER|WORKSPACE_PATH)\w+)$/i;
