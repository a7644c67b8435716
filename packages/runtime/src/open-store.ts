import type { Clock, Logger, Metrics, Store } from '@surfaces/core';
import { openSqliteStore } from '@surfaces/store/sqlite';
import type { DatabaseConfig } from './database-url.ts';

/** Rejects with a `StoreError` in words for the operator. */
export async function openStore(
  database: DatabaseConfig,
  { logger, clock, metrics }: { readonly logger: Logger; readonly clock: Clock; readonly metrics: Metrics },
): Promise<Store> {
  const onCommit = (seconds: number) => metrics.observe('surfaces_store_commit_seconds', {}, seconds);
  if (database.kind === 'sqlite') {
    const { dataDir, file } = database;
    return openSqliteStore({ dataDir, file, logger, clock, onCommit });
  }
  // Only where it is used: the driver is of no use to anybody else.
  const { openPostgresStore } = await import('@surfaces/store/postgres');
  return openPostgresStore({ url: database.url, logger, clock, onCommit });
}
