/** The main side of the database's thread. */
import { Worker } from 'node:worker_threads';
import { StoreError } from '@surfaces/core';
import type { Answer, Argument, CallName, Failure, FromWorker, WorkerOptions } from './calls.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * Calls of one turn of the event loop cross as one message, in the order in which they were made,
 * and are answered in that order. While calls wait for answers the process is kept alive.
 */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #onCommit: ((seconds: number) => void) | undefined;
  /** Sent and not answered, oldest first. */
  #waiting: Waiting[] = [];
  #unsent: [CallName, unknown][] = [];
  #dead: StoreError | undefined;
  #closing: Promise<void> | undefined;
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  private constructor(options: WorkerOptions, onCommit: ((seconds: number) => void) | undefined) {
    this.#onCommit = onCommit;
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: options,
      name: 'surfaces-sqlite',
      // Flags meant for the main thread are none of the database's business.
      execArgv: [],
    });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) =>
      this.#die(new StoreError('failed', `the database thread failed: ${error}`)),
    );
    this.#worker.on('exit', () => {
      this.#die(new StoreError('failed', 'the database thread ended unexpectedly: start the program again'));
      this.#closed.resolve();
    });
  }

  static async open(options: WorkerOptions, onCommit?: (seconds: number) => void): Promise<SqliteThread> {
    const thread = new SqliteThread(options, onCommit);
    try {
      await thread.#opened.promise;
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
    thread.#worker.unref();
    return thread;
  }

  call<N extends CallName>(name: N, argument: Argument<N>): Promise<Answer<N>> {
    if (this.#closing !== undefined) return Promise.reject(new StoreError('closed', 'the store is closed'));
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const { promise, resolve, reject } = Promise.withResolvers<Answer<N>>();
    // The worker answers a call with its own answer type.
    this.#waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
    this.#unsent.push([name, argument]);
    if (this.#unsent.length === 1) {
      if (this.#waiting.length === 1) this.#worker.ref();
      setImmediate(() => this.#flush());
    }
    return promise;
  }

  #flush(): void {
    const calls = this.#unsent;
    this.#unsent = [];
    if (calls.length > 0 && this.#dead === undefined) this.#worker.postMessage(calls);
  }

  /** Finishes what was asked for, then ends the thread. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#flush();
    if (this.#dead === undefined) {
      this.#worker.ref();
      this.#worker.postMessage('close');
    }
    await this.#closed.promise;
  }

  /** Ends the thread as a crash would: what was answered is on the disk, the rest is rejected. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'open':
        this.#opened.resolve();
        break;
      case 'failed':
        this.#opened.reject(toError(message.failure));
        break;
      case 'closed':
        break;
      case 'answers': {
        const answered = this.#waiting.splice(0, message.answers.length);
        if (this.#waiting.length === 0 && this.#closing === undefined) this.#worker.unref();
        message.answers.forEach((settled, at) => {
          const waiting = answered[at];
          if (settled[0]) waiting?.resolve(settled[1]);
          else waiting?.reject(toError(settled[1]));
        });
        this.#onCommit?.(message.seconds);
      }
    }
  }

  #die(error: StoreError): void {
    this.#dead ??= error;
    this.#opened.reject(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function toError({ code, message }: Failure): StoreError {
  return new StoreError(code, message);
}
