/** Turns from queued to finished, their journal, and the leases that guard them. */
import { randomUUID } from 'node:crypto';
import { type Clock, type Operation, type Store, StoreError, type Turn } from '@surfaces/core';
import type { Address } from '@surfaces/protocol';
import { and, asc, count, desc, eq, sql } from 'drizzle-orm';
import { accountKey, committed, toOperation, toTurn } from '../domain.ts';
import { newId } from '../new-id.ts';
import { anyOf, type Database, lockOne, type Tables } from './database.ts';
import { commitOperations, operationColumns } from './outbox.ts';
import { chats, contexts, files, operations, persons, turns } from './schema.ts';

type TurnRow = typeof turns.$inferSelect;

/** Turns with their files as they are now. */
export async function wholeTurns(tables: Tables, rows: readonly TurnRow[]): Promise<Turn[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const own = await tables.select().from(files).where(anyOf(files.turn, ids)).orderBy(asc(files.order));
  const of = Map.groupBy(own, ({ turn }) => turn);
  return rows.map((turn) => toTurn({ turn, files: of.get(turn.id) ?? [] }));
}

export async function unfinishedTurns(tables: Tables, chat: string): Promise<number> {
  const rows = await tables
    .select({ count: count() })
    .from(turns)
    .where(and(eq(turns.chat, chat), sql`state <> 'finished'`));
  return rows[0]?.count ?? 0;
}

interface Asked {
  readonly chat: string;
  readonly person: string;
  readonly text: string;
  readonly address: Address;
  readonly now: number;
  readonly again: string;
}

async function addTurn(tables: Tables, { address, now, ...asked }: Asked): Promise<TurnRow> {
  const [row] = await tables
    .insert(turns)
    .values({
      ...asked,
      id: newId(),
      requestId: randomUUID(),
      account: accountKey(address),
      address: JSON.stringify(address),
      sentAt: now,
      acceptedAt: now,
      state: 'queued',
    })
    .returning();
  if (row === undefined) throw new StoreError('failed', 'a turn was not inserted');
  return row;
}

async function turnAskedBy(tables: Tables, chat: string, again: string): Promise<TurnRow | undefined> {
  const rows = await tables
    .select()
    .from(turns)
    .where(and(eq(turns.chat, chat), eq(turns.again, again)));
  return rows[0];
}

async function wholeTurn(tables: Tables, row: TurnRow): Promise<Turn> {
  const [turn] = await wholeTurns(tables, [row]);
  if (turn === undefined) throw new StoreError('failed', 'a turn was not read');
  return turn;
}

/** What could not be had is tried again. */
async function copyFiles(tables: Tables, from: string, to: string): Promise<void> {
  const rows = await tables.select().from(files).where(eq(files.turn, from)).orderBy(asc(files.order));
  if (rows.length === 0) return;
  await tables.insert(files).values(
    rows.map(({ order: _, ...row }) => ({
      ...row,
      id: newId(),
      turn: to,
      state: row.state === 'failed' ? ('incoming' as const) : row.state,
      error: null,
    })),
  );
}

type Own =
  | 'claimAccount'
  | 'claimChat'
  | 'startTurn'
  | 'appendEvents'
  | 'restartJournal'
  | 'rememberPreview'
  | 'commitFinal'
  | 'queueTurn'
  | 'retryTurn'
  | 'noteExpired'
  | 'lastTurns';

export function turnCalls(db: Database, clock: Pick<Clock, 'now'>, holder: string): Pick<Store, Own> {
  /** Of each chat the note that was committed last, for it may be that nobody was told. */
  const notes = new Map<string, string>();
  return {
    async claimAccount(surface, account) {
      await db.call('claim_account', [accountKey({ surface, account }), holder]);
    },
    async claimChat(chat) {
      return { chat, generation: Number(await db.call('claim_chat', [chat, holder])) };
    },
    async startTurn(lease, turn) {
      await db.call('start_turn', [lease.chat, lease.generation, turn]);
    },
    async appendEvents(lease, turn, events) {
      const seqs = events.map(({ seq }) => seq);
      const texts = events.map((event) => JSON.stringify(event));
      await db.call('append_events', [lease.chat, lease.generation, turn, seqs, texts]);
    },
    async restartJournal(lease, turn) {
      await db.call('restart_journal', [lease.chat, lease.generation, turn]);
    },
    async rememberPreview(lease, turn, messageId) {
      await db.call('remember_preview', [lease.chat, lease.generation, turn, messageId]);
    },
    commitFinal: ({ chat, generation }, turn, outcome, news, usage) =>
      commitOperations(
        db,
        clock,
        news,
        (columns, now) => {
          const args = [chat, generation, turn, outcome, usage?.tokens ?? 0, now, ...columns];
          return db.callUnsure('commit_final', args, `final ${turn}`);
        },
        chat,
      ),

    queueTurn: ({ by, queueLimit, ...asked }) =>
      db.inOrder(`turns ${asked.chat}`, () =>
        db.write(async (tables) => {
          await lockOne(tables, 'chat', asked.chat);
          // A retry has keys of its own.
          const again = `queued ${by}`;
          const before = await turnAskedBy(tables, asked.chat, again);
          if (before !== undefined) return await wholeTurn(tables, before);
          await mustExist(tables, asked.chat, asked.person);
          if ((await unfinishedTurns(tables, asked.chat)) >= queueLimit) return 'queue_full';
          return toTurn({ turn: await addTurn(tables, { ...asked, again }), files: [] });
        }),
      ),
    retryTurn: ({ turn, again, queueLimit, chat, address, now }) =>
      db.inOrder(`turns ${chat}`, () =>
        db.write(async (tables) => {
          await lockOne(tables, 'chat', chat);
          const before = await turnAskedBy(tables, chat, again);
          if (before !== undefined) return await wholeTurn(tables, before);
          const [old] = await tables
            .select()
            .from(turns)
            .where(
              and(
                eq(turns.chat, chat),
                eq(turns.state, 'finished'),
                ...(turn === undefined ? [] : [eq(turns.id, turn)]),
              ),
            )
            .orderBy(desc(turns.order))
            .limit(1);
          if (old === undefined) return 'not_found';
          if ((await unfinishedTurns(tables, chat)) >= queueLimit) return 'queue_full';
          const { person, text } = old;
          const row = await addTurn(tables, { chat, person, text, address, now, again });
          await copyFiles(tables, old.id, row.id);
          // Whatever it was to write, it writes now.
          await tables.update(contexts).set({ turn: row.id }).where(eq(contexts.turn, old.id));
          return await wholeTurn(tables, row);
        }),
      ),
    noteExpired: (chat, note) =>
      db.write(async (tables, repeated) => {
        await lockOne(tables, 'chat', chat);
        const rows = await tables
          .select()
          .from(turns)
          .where(and(eq(turns.chat, chat), sql`unnoted`))
          .orderBy(asc(turns.order));
        if (rows.length === 0) return repeated ? await madeNote(tables, notes.get(chat)) : undefined;
        const operation = note(await wholeTurns(tables, rows));
        notes.set(chat, operation.id);
        const now = clock.now();
        const ids = rows.map(({ id }) => id);
        await tables.update(turns).set({ unnoted: false }).where(anyOf(turns.id, ids));
        const made = await insertOperation(tables, operation, now);
        return committed(operation, made, now);
      }, `note ${chat}`),

    async lastTurns(chat, limit) {
      return await db.read(async (tables) => {
        const rows = await tables
          .select()
          .from(turns)
          .where(eq(turns.chat, chat))
          .orderBy(desc(turns.order))
          .limit(limit);
        return await wholeTurns(tables, rows);
      });
    },
  };
}

async function mustExist(tables: Tables, chat: string, person: string): Promise<void> {
  const [there] = await tables.select({ key: chats.key }).from(chats).where(eq(chats.key, chat));
  if (there === undefined) throw new StoreError('conflict', `there is no chat ${chat}`);
  const [known] = await tables.select({ id: persons.id }).from(persons).where(eq(persons.id, person));
  if (known === undefined) throw new StoreError('conflict', `there is no person ${person}`);
}

async function insertOperation(
  tables: Tables,
  operation: Parameters<typeof committed>[0],
  now: number,
): Promise<number> {
  const values = operationColumns([operation]).map(([value]) => sql`ARRAY[${value ?? null}]::text[]`);
  const { rows } = await tables.execute<{ seq: string }>(
    sql`SELECT (insert_operations(true, ${now}, ${sql.join(values, sql`, `)}))[1] AS seq`,
  );
  return Number(rows[0]?.seq);
}

async function madeNote(tables: Tables, id: string | undefined): Promise<Operation | undefined> {
  if (id === undefined) return undefined;
  const [row] = await tables.select().from(operations).where(eq(operations.id, id));
  return row && toOperation(row);
}
