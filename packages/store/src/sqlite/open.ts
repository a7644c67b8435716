import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, type Store, StoreError } from '@surfaces/core';
import { prepareDirectory } from './directory.ts';
import { createSqliteStore } from './sqlite-store.ts';
import { SqliteThread } from './thread.ts';

export interface SqliteStoreOptions {
  /** Made when missing, readable by its owner only. */
  readonly dataDir: string;
  /** Name of the database file in it. Default `surfaces.db`. */
  readonly file?: string;
  readonly logger?: Logger;
  /** Hears of each group commit: seconds from its first statement to the disk. */
  readonly onCommit?: (seconds: number) => void;
  /** Names this process in the data; default its pid. */
  readonly processId?: string;
  readonly clock?: Pick<Clock, 'now'>;
}

/** For this package's tests: what one process on a healthy disk can never see. */
export interface SqliteTestOptions extends SqliteStoreOptions {
  /** False: another store may open the directory too; then each claim takes what the other has. */
  readonly exclusive?: boolean;
  readonly maxPages?: number;
}

/**
 * Opens the store in a data directory and brings its tables up to date. Rejects with a `StoreError`:
 * `in_use` (another live process has the directory), `newer`, `not_writable`, `disk_full`, `failed`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  return (await openSqlite(options)).store;
}

/** As above; `terminate` ends the database's thread as a crash would. */
export async function openSqlite(
  options: SqliteTestOptions,
): Promise<{ store: Store; terminate(): Promise<void> }> {
  const { dataDir, file = 'surfaces.db', exclusive = true, maxPages = null } = options;
  if (!/^[\w.-]+$/.test(file)) {
    throw new StoreError(
      'failed',
      `the database file is a plain name inside the data directory, not ${file}`,
    );
  }
  prepareDirectory(dataDir, file);
  const began = performance.now();
  const thread = await SqliteThread.open({ directory: dataDir, file, exclusive, maxPages }, options.onCommit);
  options.logger?.info({ dataDir, file, ms: Math.round(performance.now() - began) }, 'the store is open');
  // Unique per opening, whatever the process is called: leases of an earlier life are another's.
  const holder = `${options.processId ?? process.pid}/${randomUUID()}`;
  const store = createSqliteStore(thread, options.clock ?? Date, holder);
  return { store, terminate: () => thread.terminate() };
}
