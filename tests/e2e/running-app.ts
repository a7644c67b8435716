/** The whole app as `npm start` runs it, as a process that a test can stop and start again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../apps/local/src/main.ts', import.meta.url));
const START_MS = 30_000;

export class RunningApp {
  readonly #dir = mkdtempSync(join(tmpdir(), 'surfaces-e2e-'));
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #url: string | undefined;
  #log = '';

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = env;
  }

  /** Where the page is; the same after a restart. */
  get url(): string {
    if (this.#url === undefined) throw new Error('the app has not been started');
    return this.#url;
  }

  /** Where it keeps its data; the directory it runs in. */
  get dir(): string {
    return this.#dir;
  }

  /** What it has logged since it was started last. */
  get log(): string {
    return this.#log;
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [ENTRY], {
      cwd: this.#dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        SURFACES_DATA_DIR: this.#dir,
        WEB_PORT: this.#url === undefined ? '0' : new URL(this.#url).port,
        HEALTH_PORT: '0',
        ...this.#env,
      },
    });
    this.#child = child;
    this.#log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#url = await new Promise<string>((resolve, reject) => {
      let output = '';
      const late = setTimeout(() => reject(new Error(`not ready in time: ${this.#log}`)), START_MS);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const url = /Surfaces is ready: (\S+)/.exec(output)?.[1];
        if (url === undefined) return;
        clearTimeout(late);
        resolve(url);
      });
      child.once('exit', (code) => {
        clearTimeout(late);
        reject(new Error(`ended with ${code}: ${this.#log}`));
      });
    });
  }

  /** `SIGTERM` asks it to end in order, `SIGKILL` does not ask. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
