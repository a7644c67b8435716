/** Operations, in the order of their commits. */
import { type Clock, type NewOperation, type Operation, type Store, StoreError } from '@surfaces/core';
import type { ChatKey } from '@surfaces/protocol';
import { and, desc, eq, ne, sql } from 'drizzle-orm';
import { accountKey, committed, toOperation } from '../domain.ts';
import { anyOf, type Database } from './database.ts';
import { operations } from './schema.ts';

type Columns = readonly (readonly (string | null)[])[];

/** The parameters of `insert_operations`, but for the first two. */
export function operationColumns(news: readonly NewOperation[]): Columns {
  return [
    news.map((one) => one.id),
    news.map((one) => one.chat),
    news.map((one) => one.turn ?? null),
    news.map((one) => accountKey(one.address)),
    news.map((one) => JSON.stringify(one.address)),
    news.map((one) => one.editOf ?? null),
    news.map((one) => JSON.stringify(one.message)),
  ];
}

/**
 * Has operations committed and returns those that got a sequence number. Those of one chat are
 * committed in the order in which they were given.
 */
export async function commitOperations(
  db: Database,
  clock: Pick<Clock, 'now'>,
  news: readonly NewOperation[],
  call: (columns: Columns, now: number) => Promise<{ readonly answer: unknown; readonly repeated: boolean }>,
  chat: ChatKey | undefined = news[0]?.chat,
): Promise<readonly Operation[]> {
  const now = clock.now();
  const run = () => call(operationColumns(news), now);
  const { answer, repeated } = await (chat === undefined ? run() : db.inOrder(`chat ${chat}`, run));
  // An array of bigint, which the driver reads as texts; null: it was done already.
  const seqs = (answer as readonly (string | null)[] | null) ?? news.map(() => null);
  const known = repeated && seqs.includes(null) ? await stored(db, news) : undefined;
  return news.flatMap((operation, at) => {
    const seq = seqs[at] ?? null;
    if (seq !== null) return [committed(operation, Number(seq), now)];
    // An earlier attempt made it, and nobody was told.
    return known?.get(operation.id) ?? [];
  });
}

async function stored(db: Database, news: readonly NewOperation[]): Promise<Map<string, Operation>> {
  const ids = news.map(({ id }) => id);
  const rows = await db.read((tables) => tables.select().from(operations).where(anyOf(operations.id, ids)));
  return new Map(rows.map((row) => [row.id, toOperation(row)]));
}

export function outboxCalls(
  db: Database,
  clock: Pick<Clock, 'now'>,
): Pick<
  Store,
  | 'enqueue'
  | 'beginOperation'
  | 'settleOperation'
  | 'lastOperations'
  | 'deadLetters'
  | 'reviveDeadLetters'
  | 'dropDeadLetters'
> {
  const mustExist = async (id: string): Promise<void> => {
    const rows = await db.read((tables) =>
      tables.select({ id: operations.id }).from(operations).where(eq(operations.id, id)),
    );
    if (rows.length === 0) throw new StoreError('conflict', `there is no operation ${id}`);
  };

  return {
    async enqueue(news) {
      if (news.length === 0) return [];
      return await commitOperations(db, clock, news, (columns, now) =>
        db.callUnsure(
          'insert_operations',
          [false, now, ...columns],
          `enqueue ${news.map(({ id }) => id).join(' ')}`,
        ),
      );
    },
    async beginOperation(id) {
      const changed = await db.read((tables) =>
        tables
          .update(operations)
          .set({ state: 'sending' })
          .where(and(eq(operations.id, id), eq(operations.state, 'pending'))),
      );
      if (changed.rowCount === 0) await mustExist(id);
    },
    async settleOperation(id, result) {
      const sent = result.state === 'sent';
      // Sent is final, so that a late answer of an earlier attempt changes nothing.
      const changed = await db.read((tables) =>
        tables
          .update(operations)
          .set({
            state: result.state,
            ...(sent && { messageId: result.messageId }),
            error: sent ? null : result.error,
            attempts: sql`${operations.attempts} + 1`,
          })
          .where(and(eq(operations.id, id), ne(operations.state, 'sent'))),
      );
      if (changed.rowCount === 0) await mustExist(id);
    },
    async lastOperations(chat, limit) {
      const rows = await db.read((tables) =>
        tables
          .select()
          .from(operations)
          .where(eq(operations.chat, chat))
          .orderBy(desc(operations.seq))
          .limit(limit),
      );
      return rows.map(toOperation);
    },

    async deadLetters(limit) {
      const rows = await db.read((tables) =>
        tables
          .select()
          .from(operations)
          .where(sql`state = 'dead'`)
          .orderBy(desc(operations.seq))
          .limit(limit),
      );
      return rows.map(toOperation);
    },
    async reviveDeadLetters(ids, now) {
      if (ids.length === 0) return [];
      const rows = await db.write(
        async (tables, repeated) => {
          const wanted = anyOf(operations.id, ids);
          // Revived by an attempt whose answer was lost: nobody sends them yet.
          const before = repeated
            ? await tables
                .select()
                .from(operations)
                .where(and(wanted, eq(operations.state, 'pending')))
            : [];
          const revived = await tables
            .update(operations)
            .set({ state: 'pending', attempts: 0, createdAt: now, error: null })
            .where(and(wanted, sql`state = 'dead'`))
            .returning();
          return [...before, ...revived];
        },
        `revive ${ids.join(' ')}`,
      );
      return rows.sort((a, b) => a.seq - b.seq).map(toOperation);
    },
    async dropDeadLetters(ids) {
      if (ids.length === 0) return 0;
      const gone = await db.read((tables) =>
        tables.delete(operations).where(and(anyOf(operations.id, ids), sql`state = 'dead'`)),
      );
      return gone.rowCount ?? 0;
    },
  };
}
