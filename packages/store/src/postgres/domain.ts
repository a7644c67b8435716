/** Keys of rows, and rows as our functions return them. What they mean is in `../domain.ts`. */
import { createHash } from 'node:crypto';
import { type Address, addressKey } from '@surfaces/protocol';
import { getTableColumns, type Table } from 'drizzle-orm';

/** An index of PostgreSQL takes some 2,600 bytes. What is longer is named by its digest. */
export function indexKey(key: string): string {
  return key.length <= 1000 ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

export function placeKey(address: Address): string {
  return indexKey(addressKey(address));
}

/** A row as our functions return it (`to_json`), with the names of the schema. */
export function fromJson<T extends Table>(table: T, answer: unknown): T['$inferSelect'] {
  // `to_json` of a row is an object.
  const row = answer as Readonly<Record<string, unknown>>;
  const columns = Object.entries(getTableColumns(table));
  // Each column is there, of its own type: the row is of this very table.
  return Object.fromEntries(columns.map(([key, { name }]) => [key, row[name]])) as T['$inferSelect'];
}
