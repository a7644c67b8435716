/** Brings the tables up to date, once, however many processes start at the same time. */
import { fileURLToPath } from 'node:url';
import { StoreError } from '@surfaces/core';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { Server } from './connecting.ts';
import { toStoreError } from './failure.ts';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/** Rejects with a `StoreError`: `newer`, `unreachable`, `not_writable`, `disk_full`, `failed`. */
export async function migrateDatabase({ config, where }: Server): Promise<void> {
  // A migration of much data takes its time, and so does waiting for another process's.
  const client = new pg.Client({ ...config, statement_timeout: 0, query_timeout: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const tables = drizzle({ client });
    // Of the session: it ends with the connection.
    await tables.execute(sql`SELECT pg_advisory_lock(hashtextextended('migrations of surfaces', 0))`);
    await refuseNewer(tables, where);
    await migrate(tables, { migrationsFolder });
  } catch (error) {
    throw toStoreError(error, where);
  } finally {
    await client.end();
  }
}

async function refuseNewer(tables: NodePgDatabase, where: string): Promise<void> {
  const table = await tables.execute<{ name: string | null }>(
    sql`SELECT to_regclass('drizzle.__drizzle_migrations')::text AS name`,
  );
  if (table.rows[0]?.name == null) return;
  const known = new Set(readMigrationFiles({ migrationsFolder }).map((migration) => migration.hash));
  const { rows } = await tables.execute<{ hash: string }>(sql`SELECT hash FROM drizzle.__drizzle_migrations`);
  if (rows.every(({ hash }) => known.has(hash))) return;
  throw new StoreError(
    'newer',
    `the database ${where} was written by a newer version of this program (it has ${rows.length} migrations, this ` +
      `one knows ${known.size}): start that version, or choose another database. Nothing was changed.`,
  );
}
