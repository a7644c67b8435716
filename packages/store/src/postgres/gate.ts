import { StoreError } from '@surfaces/core';

/** Lets calls in until it is closed; closing waits for those that are in. */
export class Gate {
  readonly #inside = new Set<Promise<unknown>>();
  #closed = false;

  async enter<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
    const done = work();
    this.#inside.add(done);
    try {
      return await done;
    } finally {
      this.#inside.delete(done);
    }
  }

  /** The same methods, each behind this gate. */
  around<T extends object>(methods: T): T {
    const entries = Object.entries(methods).map(([name, method]) => [
      name,
      (...args: unknown[]) => this.enter(() => method(...args)),
    ]);
    // The same names with the same arguments and answers.
    return Object.fromEntries(entries) as T;
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#inside.size > 0) await Promise.allSettled(this.#inside);
  }
}
