/** What operators need: finding people, and deleting what is old. */
import type { Pruned, Retention, Store } from '@surfaces/core';
import type { ExternalId, PersonId, SurfaceId } from '@surfaces/protocol';
import { and, asc, count, eq, gt, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { anyOf, type Database, type Tables } from './database.ts';
import {
  chats,
  confirmations,
  contexts,
  files,
  identities,
  inbox,
  operations,
  persons,
  timeline,
  turns,
} from './schema.ts';

/** Ids are compared by their bytes, whatever the language of the database is. */
const byBytes = sql`${persons.id} COLLATE "C"`;

export function careCalls(db: Database): Pick<Store, 'findPersons' | 'neededFiles' | 'prune'> {
  return {
    async findPersons({ identity, id, after, limit }) {
      return await db.read(async (tables) => {
        const wanted: SQL[] = [];
        if (id !== undefined) wanted.push(eq(persons.id, id));
        if (after !== undefined) wanted.push(gt(byBytes, after));
        if (identity !== undefined) {
          const { surface, externalId } = identity;
          const named = tables
            .select({ person: identities.person })
            .from(identities)
            .where(and(eq(identities.surface, surface), eq(identities.externalId, externalId)));
          wanted.push(inArray(persons.id, named));
        }
        const rows = await tables
          .select({ id: persons.id, name: persons.name })
          .from(persons)
          .where(and(...wanted))
          .orderBy(asc(byBytes))
          .limit(limit);
        const ids = rows.map((row) => row.id);
        const names = await tables.select().from(identities).where(anyOf(identities.person, ids));
        const counts = await tables
          .select({ owner: chats.owner, count: count() })
          .from(chats)
          .where(anyOf(chats.owner, ids))
          .groupBy(chats.owner);
        return rows.map((row) => ({
          // Written by this package: the casts brand them again.
          id: row.id as PersonId,
          name: row.name,
          identities: names
            .filter(({ person }) => person === row.id)
            .map((one) => ({
              surface: one.surface as SurfaceId,
              externalId: one.externalId as ExternalId,
            })),
          chats: counts.find(({ owner }) => owner === row.id)?.count ?? 0,
        }));
      });
    },
    async neededFiles() {
      // One statement sees one moment: a turn that ends meanwhile is there, or what is to be sent of it.
      const { rows } = await db.read((tables) =>
        tables.execute<{ id: string | null; since: string | null }>(sql`
          SELECT ref AS id, NULL::bigint AS since FROM files WHERE turn IS NULL
          UNION ALL SELECT files.ref, NULL FROM turns JOIN files ON files.turn = turns.id
            WHERE turns.state <> 'finished'
          UNION ALL SELECT message::jsonb -> 'file' ->> 'id', NULL FROM operations
            WHERE state IN ('pending', 'sending') OR state = 'dead'
          UNION ALL SELECT NULL, min(accepted_at) FROM turns WHERE state <> 'finished'`),
      );
      const since = rows.flatMap((row) => row.since ?? [])[0];
      return {
        ids: rows.flatMap(({ id }) => id ?? []),
        ...(since === undefined ? {} : { since: Number(since) }),
      };
    },
    async prune(before, limit) {
      const inOperations = (state: 'sent' | 'dead', than: number | undefined) =>
        pruneIn(db, operations, operations.seq, operations.createdAt, than, limit, sql`state = ${state}`);
      return {
        inbox: await pruneInbox(db, before.inbox, limit),
        turns: await db.write((tables) => pruneTurns(tables, before, limit)),
        operations: await inOperations('sent', before.finished),
        deadLetters: await inOperations('dead', before.deadLetters),
        timeline: await pruneIn(db, timeline, timeline.seq, timeline.at, before.timeline, limit),
      } satisfies Pruned;
    },
  };
}

async function pruneInbox(db: Database, than: number | undefined, limit: number): Promise<number> {
  if (than === undefined) return 0;
  // The event of what is unfinished must stay known, or it would be done twice.
  const { rows } = await db.read((tables) =>
    tables.execute<{ oldest: string | null }>(sql`
      SELECT least((SELECT min(accepted_at) FROM turns WHERE state <> 'finished'),
                   (SELECT min(accepted_at) FROM pending_events)) AS oldest`),
  );
  const oldest = rows[0]?.oldest ?? null;
  const known = oldest === null ? than : Math.min(than, Number(oldest));
  // What a key has switched is known as long as the event that asked for it.
  await db.read((tables) =>
    tables.execute(sql`
      DELETE FROM switches
        WHERE ctid IN (SELECT ctid FROM switches WHERE at < ${known} ORDER BY at LIMIT ${limit})`),
  );
  return await pruneIn(db, inbox, inbox.key, inbox.acceptedAt, known, limit);
}

async function pruneTurns(tables: Tables, before: Retention, limit: number): Promise<number> {
  if (before.finished === undefined) return 0;
  const undelivered = tables
    .select({ turn: operations.turn })
    .from(operations)
    .where(and(eq(operations.turn, turns.id), sql`${operations.state} IN ('pending', 'sending')`));
  const gone = await tables
    .select({ id: turns.id, outcome: turns.outcome })
    .from(turns)
    .where(
      and(
        eq(turns.state, 'finished'),
        eq(turns.unnoted, false),
        lt(turns.acceptedAt, before.finished),
        sql`NOT EXISTS ${undelivered}`,
      ),
    )
    .orderBy(asc(turns.acceptedAt))
    .limit(limit)
    // One that is being tried again right now stays for the next time.
    .for('update', { skipLocked: true });
  if (gone.length === 0) return 0;
  const unanswered = gone.filter(({ outcome }) => outcome !== 'answered').map(({ id }) => id);
  await tables.delete(contexts).where(anyOf(contexts.turn, unanswered));
  await dropTurns(
    tables,
    gone.map(({ id }) => id),
  );
  return gone.length;
}

/** Turns with what is of them. */
export async function dropTurns(tables: Tables, ids: readonly string[]): Promise<void> {
  await tables.delete(confirmations).where(anyOf(confirmations.turn, ids));
  await tables.delete(files).where(anyOf(files.turn, ids));
  await tables.execute(sql`DELETE FROM journal WHERE turn = ANY(${sql.param([...ids])}::text[])`);
  await tables.delete(turns).where(anyOf(turns.id, ids));
}

/** The oldest go first. */
async function pruneIn(
  db: Database,
  table: PgTable,
  key: PgColumn,
  at: PgColumn,
  than: number | undefined,
  limit: number,
  also?: SQL,
): Promise<number> {
  if (than === undefined) return 0;
  const { rowCount } = await db.read((tables) => {
    const old = and(lt(at, than), also);
    const some = tables.select({ key }).from(table).where(old).orderBy(asc(at)).limit(limit);
    return tables.delete(table).where(inArray(key, some));
  });
  return rowCount ?? 0;
}
