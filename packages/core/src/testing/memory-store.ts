/** The whole `Store` in memory, for tests: what is lost with the database object is lost. */
import type { Store } from '../ports/store.ts';
import { StoreError } from '../ports/store-errors.ts';
import { careCalls, exportPerson } from './memory-care.ts';
import { chatCalls } from './memory-chats.ts';
import { type Calls, type MemoryProcess, MemoryTables } from './memory-database.ts';
import { appendTimeline, markRead, readTimeline, summarise } from './memory-timeline.ts';
import { outboxCalls, turnCalls } from './memory-turns.ts';

/** A store as one process sees it. */
export interface MemoryStore extends Store {
  /**
   * The process is gone, without `close`: what it was promised stays, its leases are free, and its
   * calls, made or waiting, never settle, as a dead process's code never goes on.
   */
  kill(): void;
  /** The others take the process for dead (as after a long pause), though its code still runs. */
  lapse(): void;
}

export interface MemoryDatabase {
  /** A further process on the same data. */
  open(processId?: string): MemoryStore;
}

export interface MemoryDatabaseOptions {
  /** Epoch milliseconds; for `Operation.createdAt`. */
  readonly now?: () => number;
}

export function createMemoryDatabase(options: MemoryDatabaseOptions = {}): MemoryDatabase {
  const tables = new MemoryTables();
  const now = options.now ?? (() => Date.now());
  return {
    open: (processId = crypto.randomUUID()) => openProcess(tables, { id: processId, state: 'live' }, now),
  };
}

function openProcess(tables: MemoryTables, process: MemoryProcess, now: () => number): MemoryStore {
  /** Each call is done at once and whole; only its answer comes later. */
  function call<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (process.state === 'killed') return promise;
    if (process.state === 'closed') return Promise.reject(new StoreError('closed', 'the store is closed'));
    let settle: () => void;
    try {
      const result = work();
      settle = () => resolve(result);
    } catch (error) {
      settle = () => reject(error);
    }
    queueMicrotask(() => {
      if (process.state !== 'killed') settle();
    });
    return promise;
  }

  const calls: Omit<Calls, 'close'> = {
    ...turnCalls(tables, process, now),
    ...outboxCalls(tables, now),
    ...chatCalls(tables),
    ...careCalls(tables),
    probe: () => undefined,
  };
  const methods = Object.entries(calls).map(([name, work]) => [
    name,
    // Its own arguments, as they came: `Calls` is `Store` without the promises.
    (...args: unknown[]) => call(() => (work as (...args: unknown[]) => unknown)(...args)),
  ]);
  return {
    // The same names with the same arguments, and promises around the answers.
    ...(Object.fromEntries(methods) as Pick<Store, keyof typeof calls>),
    async *exportPerson(person) {
      yield* await call(() => exportPerson(tables, person));
    },
    timeline: {
      append: (address, operationId, message, at) =>
        call(() => appendTimeline(tables, address, operationId, message, at)),
      read: (address, page) => call(() => readTimeline(tables, address, page)),
      summaries: (addresses) => call(() => summarise(tables, addresses)),
      markRead: (address, seq) => call(() => markRead(tables, address, seq)),
    },
    async close() {
      if (process.state !== 'killed') process.state = 'closed';
    },
    kill() {
      process.state = 'killed';
    },
    lapse() {
      if (process.state === 'live') process.state = 'lapsed';
    },
  };
}
