/** Worker side: operations, in the order of their commits. */
import { and, desc, eq, ne, sql } from 'drizzle-orm';
import type { Calls, OperationInsert } from './calls.ts';
import type { Tables } from './database.ts';
import { CallFailure } from './failure.ts';
import { operations } from './schema.ts';

const value = sql.placeholder;

export type InsertOperations = (inserts: readonly OperationInsert[]) => number[];

function prepareInsert(db: Tables) {
  return db
    .insert(operations)
    .values({
      id: value('id'),
      chat: value('chat'),
      turn: value('turn'),
      account: value('account'),
      address: value('address'),
      editOf: value('editOf'),
      message: value('message'),
      createdAt: value('createdAt'),
      state: 'pending',
    })
    .onConflictDoNothing({ target: operations.id })
    .prepare();
}

/** An id that is there already is a fault of the caller. */
export function operationInserter(db: Tables): InsertOperations {
  const insert = prepareInsert(db);
  return (inserts) =>
    inserts.map((operation) => {
      const { changes, lastInsertRowid } = insert.run({ ...operation });
      if (changes === 0) throw new CallFailure('conflict', `there is an operation ${operation.id} already`);
      return Number(lastInsertRowid);
    });
}

export function outboxCalls(
  db: Tables,
): Pick<
  Calls,
  | 'enqueue'
  | 'beginOperation'
  | 'settleOperation'
  | 'lastOperations'
  | 'deadLetters'
  | 'reviveDeadLetters'
  | 'dropDeadLetters'
> {
  const insert = prepareInsert(db);
  const exists = db
    .select({ id: operations.id })
    .from(operations)
    .where(eq(operations.id, value('id')))
    .prepare();
  const begin = db
    .update(operations)
    .set({ state: 'sending' })
    .where(and(eq(operations.id, value('id')), eq(operations.state, 'pending')))
    .prepare();
  // Sent is final, so that a late answer of an earlier attempt changes nothing.
  const settle = db
    .update(operations)
    .set({
      state: sql`${value('state')}`,
      messageId: sql`coalesce(${value('messageId')}, ${operations.messageId})`,
      error: sql`${value('error')}`,
      attempts: sql`${operations.attempts} + 1`,
    })
    .where(and(eq(operations.id, value('id')), ne(operations.state, 'sent')))
    .prepare();
  const last = db
    .select()
    .from(operations)
    .where(eq(operations.chat, value('chat')))
    .orderBy(desc(operations.seq))
    .limit(value('limit'))
    .prepare();
  const dead = db
    .select()
    .from(operations)
    .where(sql`state = 'dead'`)
    .orderBy(desc(operations.seq))
    .limit(value('limit'))
    .prepare();
  const revive = db
    .update(operations)
    .set({ state: 'pending', attempts: 0, error: null, createdAt: sql`${value('now')}` })
    .where(and(eq(operations.id, value('id')), eq(operations.state, 'dead')))
    .returning()
    .prepare();
  const drop = db
    .delete(operations)
    .where(and(eq(operations.id, value('id')), eq(operations.state, 'dead')))
    .prepare();

  const mustExist = (id: string): null => {
    if (exists.get({ id }) === undefined) throw new CallFailure('conflict', `there is no operation ${id}`);
    return null;
  };

  return {
    enqueue: (inserts) =>
      inserts.map((operation) => {
        const { changes, lastInsertRowid } = insert.run({ ...operation });
        return changes === 0 ? null : Number(lastInsertRowid);
      }),
    beginOperation: (id) => (begin.run({ id }).changes === 0 ? mustExist(id) : null),
    settleOperation: (call) => (settle.run({ ...call }).changes === 0 ? mustExist(call.id) : null),
    lastOperations: (call) => last.all({ ...call }),
    deadLetters: (limit) => dead.all({ limit }),
    reviveDeadLetters: ({ ids, now }) =>
      ids.flatMap((id) => revive.all({ id, now })).sort((a, b) => a.seq - b.seq),
    dropDeadLetters: (ids) => ids.reduce((count, id) => count + drop.run({ id }).changes, 0),
  };
}
