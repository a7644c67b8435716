/** What the app has stored, read beside it: the attacker is given every id of the other that there is. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Name, World } from './world.ts';

type Row = Record<string, string | number | null>;

export function query(world: World, sql: string, ...values: readonly string[]): readonly Row[] {
  const database = new DatabaseSync(join(world.app.dir, 'surfaces.db'), { readOnly: true });
  try {
    return database.prepare(sql).all(...values) as Row[];
  } finally {
    database.close();
  }
}

/** The column of each row that belongs to a person; `?` stands for the person's id. */
export function column(world: World, name: Name, sql: string): readonly string[] {
  return query(world, sql, personOf(world, name)).flatMap((row) =>
    Object.values(row).flatMap((value) => (value === null ? [] : String(value))),
  );
}

/** The id that the store gave a person. */
export function personOf(world: World, name: Name): string {
  const [row] = query(world, 'SELECT person FROM identities WHERE external_id = ?', name);
  if (row === undefined) throw new Error(`${name} is not known yet`);
  return String(row.person);
}
