/** Opens the file, alone, and brings its tables up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { WorkerOptions } from './calls.ts';
import { CallFailure, sqliteCode } from './failure.ts';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

export type Tables = BetterSQLite3Database;

export interface Database {
  readonly sqlite: Sqlite.Database;
  readonly tables: Tables;
  close(): void;
}

export function openDatabase(options: WorkerOptions): Database {
  const lock = options.exclusive ? lockDirectory(options) : undefined;
  try {
    const sqlite = openFile(options);
    return {
      sqlite,
      tables: drizzle(sqlite),
      close() {
        try {
          sqlite.pragma('wal_checkpoint(TRUNCATE)');
        } catch {
          // Nothing is lost: the next start reads what stays in the write-ahead log.
        }
        sqlite.close();
        lock?.close();
      },
    };
  } catch (error) {
    lock?.close();
    throw error;
  }
}

function openFile({ directory, file, maxPages }: WorkerOptions): Sqlite.Database {
  const sqlite = new Sqlite(join(directory, file));
  try {
    // Before anything is written: a newer program's data is not touched.
    refuseNewer(sqlite, join(directory, file));
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    sqlite.pragma('busy_timeout = 5000');
    // 32 MB of log between checkpoints: rows written soon after each other share pages, so that fewer,
    // larger checkpoints write less. And 16 MB of pages in memory.
    sqlite.pragma('wal_autocheckpoint = 8000');
    sqlite.pragma('cache_size = -16000');
    migrate(drizzle(sqlite), { migrationsFolder });
    if (maxPages !== null) sqlite.pragma(`max_page_count = ${maxPages}`);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function refuseNewer(sqlite: Sqlite.Database, path: string): void {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'").get();
  if (table === undefined) return;
  const known = new Set(readMigrationFiles({ migrationsFolder }).map((migration) => migration.hash));
  const hashes = sqlite.prepare('SELECT hash FROM __drizzle_migrations').pluck().all();
  const unknown = hashes.filter((hash) => !known.has(String(hash)));
  if (unknown.length === 0) return;
  throw new CallFailure(
    'newer',
    `${path} was written by a newer version of this program (it has ${hashes.length} migrations, this one knows ` +
      `${known.size}): start that version, or choose another data directory. Nothing was changed.`,
  );
}

/**
 * The lock is an open transaction in a small database beside the data: an operating system's lock
 * that dies with the process, so that nothing stale is left after SIGKILL. The file must never be
 * opened and closed by other means in this process: POSIX drops a process's locks on any close.
 */
function lockDirectory({ directory, file }: WorkerOptions): Sqlite.Database {
  const owner = join(directory, `${file}.pid`);
  const lock = new Sqlite(join(directory, `${file}.lock`), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!sqliteCode(error).startsWith('SQLITE_BUSY')) throw error;
    throw new CallFailure(
      'in_use',
      `${directory} is in use by another process (pid ${readOwner(owner)}): stop it, or choose another data directory`,
    );
  }
  // For the message above only; the lock itself is what counts.
  try {
    writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // A full disk is no reason not to start: what has room is still worth doing.
  }
  return lock;
}

function readOwner(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
