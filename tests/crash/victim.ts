/** A process that is started again and again, and how its lives ended. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProcessMessage } from './app-messages.ts';
import type { Kill } from './kill-plan.ts';

export interface VictimOptions {
  readonly name: string;
  /** The program, beside this file. */
  readonly program: string;
  readonly directory: string;
  readonly env: () => Readonly<Record<string, string>>;
  readonly onMessage: (message: ProcessMessage) => void;
}

/** A point that is not passed so soon after the start is not waited for longer. Milliseconds. */
const POINT_MS = 4000;
const START_MS = 30_000;

export class Victim {
  /** How often it was killed, by point; the others by `outside`, and `missed` where a point was not passed. */
  readonly kills = new Map<string, number>();
  /** When it was started, epoch milliseconds. */
  readonly starts: number[] = [];
  readonly #options: VictimOptions;
  #process: ChildProcess | undefined;

  constructor(options: VictimOptions) {
    this.#options = options;
  }

  /** Lives until it is killed as planned. */
  async liveAndDie(kill: Kill): Promise<void> {
    const child = this.#fork(kill.how === 'point' ? `${kill.point}#${kill.nth}` : undefined);
    const over = new AbortController();
    const exited = once(child, 'exit').finally(() => over.abort());
    const pause = (ms: number) => wait(ms, undefined, { signal: over.signal }).catch(() => undefined);
    if (kill.how === 'outside') await pause(kill.afterMs);
    else {
      await Promise.race([ready(child), pause(START_MS)]);
      await pause(POINT_MS);
    }
    const itself = over.signal.aborted;
    child.kill('SIGKILL');
    const [code, signal] = await exited;
    this.#process = undefined;
    if (signal !== 'SIGKILL')
      throw new Error(`the ${this.#options.name} ended by itself (${code ?? signal})`);
    const where = kill.how === 'outside' ? 'outside' : itself ? kill.point : 'missed';
    this.kills.set(where, (this.kills.get(where) ?? 0) + 1);
  }

  /** Starts it to stay. Resolves when it is ready. */
  async start(): Promise<void> {
    const child = this.#fork(undefined);
    const late = new AbortController();
    const failed = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the ${this.#options.name} ended by itself (${code ?? signal})`);
    });
    const timeout = wait(START_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`the ${this.#options.name} is not ready`);
    });
    // Who loses the race is heard by nobody.
    failed.catch(() => undefined);
    timeout.catch(() => undefined);
    await Promise.race([ready(child), failed, timeout]);
    late.abort();
  }

  /** Asks it to stop, as an operator does. Rejects when it does not end well. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
    const [code, signal] = await exited;
    clearTimeout(timer);
    this.#process = undefined;
    if (code !== 0) throw new Error(`the ${this.#options.name} did not stop well (${code ?? signal})`);
  }

  /** Whatever it does. */
  end(): void {
    this.#process?.kill('SIGKILL');
  }

  #fork(crashAt: string | undefined): ChildProcess {
    const { program, env, directory, name, onMessage } = this.#options;
    this.starts.push(Date.now());
    const child = fork(join(import.meta.dirname, program), [], {
      env: { ...process.env, ...env(), CRASH_DIR: directory, ...(crashAt ? { CRASH_AT: crashAt } : {}) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    });
    const output = createWriteStream(join(directory, `${name}.log`), { flags: 'a' });
    child.stdout?.pipe(output, { end: false });
    child.stderr?.pipe(output, { end: false });
    child.once('close', () => output.end());
    child.on('message', onMessage);
    this.#process = child;
    return child;
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', (message: ProcessMessage) => {
      if (message.type === 'ready') resolve();
    });
  });
}
