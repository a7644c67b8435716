/** The database as it is at the end, read past the code under test. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { PostgresServer } from '@surfaces/testkit/postgres';

export type StoreKind = 'sqlite' | 'postgres';
type Row = Readonly<Record<string, unknown>>;

export interface Database {
  /** The rows of a query in the SQL that both know; columns are named `like_this`. */
  rows(sql: string): Promise<readonly Row[]>;
  /** What the table of people's files is called. */
  readonly attachments: string;
  close(): void;
}

export function openSqliteDatabase(directory: string): Database {
  const database = new DatabaseSync(join(directory, 'data', 'surfaces.db'));
  return {
    rows: async (sql) => database.prepare(sql).all(),
    attachments: 'attachments',
    close: () => database.close(),
  };
}

export function openPostgresDatabase(server: PostgresServer, url: string): Database {
  return {
    // Written by the server itself, as one line of JSON.
    rows: async (sql) =>
      JSON.parse(await server.sql(`SELECT coalesce(json_agg(r), '[]') FROM (${sql}) r`, url)),
    attachments: 'files',
    close: () => undefined,
  };
}
