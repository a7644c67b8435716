/** Processes of a benchmark: whoever starts one calls its functions as if they were its own. */
import { type ChildProcess, fork } from 'node:child_process';

/** What a child can be asked for. Arguments and answers cross as JSON. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

export interface ChildOptions {
  /** For Node itself: `--expose-gc`. */
  readonly execArgv?: readonly string[];
  /** Writes a CPU profile into this directory when it ends. */
  readonly profileDir?: string | undefined;
}

export class Child<C extends Calls> implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ended: Promise<void>;
  #id = 0;

  /** `module` calls `answer`. */
  constructor(module: URL, options: ChildOptions = {}) {
    const { execArgv = [], profileDir } = options;
    const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
    this.#process = fork(module, { execArgv: [...execArgv, ...profile] });
    this.#process.on('message', (message: Answer) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.answer);
      else waiting?.reject(new Error(message.error));
    });
    this.#ended = new Promise((resolve) => {
      this.#process.on('exit', (code, signal) => {
        const error = new Error(`${module.pathname} ended (${signal ?? code}) before it answered`);
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
        resolve();
      });
    });
  }

  call<N extends keyof C & string>(
    name: N,
    ...[argument]: Parameters<C[N]>
  ): Promise<Awaited<ReturnType<C[N]>>> {
    const id = this.#id++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#process.send({ id, name, argument } satisfies Request);
    // The child answers with what its function of this name returns.
    return waiting.promise as Promise<Awaited<ReturnType<C[N]>>>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#ended;
  }
}

/** In the child: answers calls until the parent is gone, then ends the process. */
export function answer<C extends Calls>(calls: C, close: () => Promise<void> = async () => undefined): void {
  process.on('message', async ({ id, name, argument }: Request) => {
    const send = (result: Answer) => process.send?.(result);
    try {
      // The parent names one of these and gives what its type asks for.
      send({ id, answer: await calls[name]?.(argument as never) });
    } catch (error) {
      send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => {
    close().finally(() => process.exit());
  });
}
