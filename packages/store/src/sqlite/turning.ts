/** Worker side: turns from queued to finished, their journal, and the leases that guard them. */
import { and, asc, desc, eq, isNull, ne, type SQL, sql } from 'drizzle-orm';
import type { Calls, Leased, TurnRow } from './calls.ts';
import type { Tables } from './database.ts';
import { CallFailure } from './failure.ts';
import type { Filing } from './filing.ts';
import type { InsertOperations } from './outbox.ts';
import { chats, confirmations, contexts, journal, turns } from './schema.ts';

const value = sql.placeholder;

/** The turn, if it is of the leased chat and nobody has claimed the chat since: in the write itself. */
function leased(): SQL | undefined {
  return and(
    eq(turns.id, value('turn')),
    eq(turns.chat, value('chat')),
    sql`(SELECT lease_generation FROM chats WHERE key = ${value('chat')}) = ${value('generation')}`,
  );
}

/** Reads the turn of a lease's chat, or says why this lease may not write to it. */
export type CheckLease = (call: Leased) => TurnRow;

export function leaseChecker(db: Tables): CheckLease {
  const generation = db
    .select({ generation: chats.leaseGeneration })
    .from(chats)
    .where(eq(chats.key, value('chat')))
    .prepare();
  const turn = db
    .select()
    .from(turns)
    .where(eq(turns.id, value('turn')))
    .prepare();
  return (call) => {
    const current = generation.get({ chat: call.chat })?.generation;
    // Also when the chat is gone: who works on it has lost it.
    if (current !== call.generation) {
      throw new CallFailure('lease_lost', `another process works on chat ${call.chat}`);
    }
    const row = turn.get({ turn: call.turn });
    if (row === undefined) throw new CallFailure('conflict', `there is no turn ${call.turn}`);
    if (row.chat !== call.chat) throw new CallFailure('conflict', `turn ${call.turn} is of another chat`);
    return row;
  };
}

type TurnCalls = Pick<
  Calls,
  | 'claimChat'
  | 'startTurn'
  | 'appendEvents'
  | 'restartJournal'
  | 'rememberPreview'
  | 'commitFinal'
  | 'queueTurn'
  | 'retryTurn'
  | 'unnotedTurns'
  | 'noteExpired'
  | 'lastTurns'
>;

export function turnCalls(
  db: Tables,
  insertOperations: InsertOperations,
  check: CheckLease,
  filing: Filing,
): TurnCalls {
  const claim = db
    .update(chats)
    .set({ leaseHolder: sql`${value('holder')}`, leaseGeneration: sql`${chats.leaseGeneration} + 1` })
    .where(and(eq(chats.key, value('chat')), sql`${chats.leaseHolder} IS NOT ${value('holder')}`))
    .prepare();
  const generation = db
    .select({ generation: chats.leaseGeneration })
    .from(chats)
    .where(eq(chats.key, value('chat')))
    .prepare();
  const start = db
    .update(turns)
    .set({ state: 'running' })
    .where(and(leased(), ne(turns.state, 'finished')))
    .prepare();
  const remember = db
    .update(turns)
    .set({ previewMessageId: sql`${value('messageId')}` })
    .where(leased())
    .prepare();
  const finish = db
    .update(turns)
    .set({
      state: 'finished',
      outcome: sql`${value('outcome')}`,
      unnoted: sql`${value('outcome')} = 'expired'`,
    })
    .where(and(leased(), ne(turns.state, 'finished')))
    .prepare();
  const record = db
    .insert(journal)
    .values({ turn: value('turn'), seq: value('seq'), event: value('event') })
    .onConflictDoNothing({ target: [journal.turn, journal.seq] })
    .prepare();
  const forget = db
    .delete(journal)
    .where(eq(journal.turn, value('turn')))
    .prepare();
  const unask = db
    .delete(confirmations)
    .where(and(eq(confirmations.turn, value('turn')), isNull(confirmations.decision)))
    .prepare();
  const spend = db
    .update(chats)
    .set({ tokens: sql`${chats.tokens} + ${value('tokens')}` })
    .where(eq(chats.key, value('chat')))
    .prepare();
  // Whatever notes the old turn was to write, the new one writes.
  const rewrite = db
    .update(contexts)
    .set({ turn: sql`${value('turn')}` })
    .where(eq(contexts.turn, value('old')))
    .prepare();
  const madeBy = db
    .select()
    .from(turns)
    .where(and(eq(turns.chat, value('chat')), eq(turns.again, value('again'))))
    .prepare();
  const finished = db
    .select()
    .from(turns)
    .where(
      and(
        eq(turns.chat, value('chat')),
        eq(turns.state, 'finished'),
        sql`(${value('turn')} IS NULL OR ${turns.id} = ${value('turn')})`,
      ),
    )
    .orderBy(desc(turns.order))
    .limit(1)
    .prepare();
  const waiting = db
    .select({ count: sql<number>`count(*)` })
    .from(turns)
    .where(and(eq(turns.chat, value('chat')), sql`state <> 'finished'`))
    .prepare();
  const unnoted = db
    .select()
    .from(turns)
    .where(and(eq(turns.chat, value('chat')), sql`unnoted`))
    .orderBy(asc(turns.order))
    .prepare();
  const note = db
    .update(turns)
    .set({ unnoted: false })
    .where(and(eq(turns.chat, value('chat')), sql`unnoted`))
    .prepare();
  const last = db
    .select()
    .from(turns)
    .where(eq(turns.chat, value('chat')))
    .orderBy(desc(turns.order))
    .limit(value('limit'))
    .prepare();

  return {
    claimChat(call) {
      claim.run({ ...call });
      const row = generation.get({ chat: call.chat });
      if (row === undefined) throw new CallFailure('conflict', `there is no chat ${call.chat}`);
      return row.generation;
    },
    startTurn(call) {
      if (start.run({ ...call }).changes === 0) {
        check(call);
        throw new CallFailure('conflict', `turn ${call.turn} is finished`);
      }
      return null;
    },
    appendEvents({ events, ...call }) {
      const { state } = check(call);
      if (state === 'queued') throw new CallFailure('conflict', `turn ${call.turn} was not started`);
      if (state === 'running') for (const event of events) record.run({ turn: call.turn, ...event });
      return null;
    },
    restartJournal(call) {
      check(call);
      forget.run({ turn: call.turn });
      unask.run({ turn: call.turn });
      return null;
    },
    rememberPreview(call) {
      if (remember.run({ ...call }).changes === 0) check(call);
      return null;
    },
    commitFinal({ operations, tokens, ...call }) {
      if (finish.run({ ...call }).changes === 0) {
        check(call);
        return null;
      }
      forget.run({ turn: call.turn });
      if (tokens > 0) spend.run({ chat: call.chat, tokens });
      return insertOperations(operations);
    },
    queueTurn({ chat, again, queueLimit, now, ...made }) {
      const before = madeBy.get({ chat, again });
      if (before !== undefined) return filing.whole(before);
      if ((waiting.get({ chat })?.count ?? 0) >= queueLimit) return 'queue_full';
      const row = { ...made, chat, again, state: 'queued', sentAt: now, acceptedAt: now } as const;
      return { turn: db.insert(turns).values(row).returning().get(), files: [] };
    },
    retryTurn({ chat, turn, again, queueLimit, now, ...made }) {
      const before = madeBy.get({ chat, again });
      if (before !== undefined) return filing.whole(before);
      const old = finished.get({ chat, turn });
      if (old === undefined) return 'not_found';
      if ((waiting.get({ chat })?.count ?? 0) >= queueLimit) return 'queue_full';
      const { order: _, ...copied } = old;
      const fresh = { state: 'queued', outcome: null, previewMessageId: null, unnoted: false } as const;
      const row = { ...copied, ...made, ...fresh, again, sentAt: now, acceptedAt: now };
      const retried = db.insert(turns).values(row).returning().get();
      filing.copy(chat, old.id, retried.id);
      rewrite.run({ old: old.id, turn: retried.id });
      return filing.whole(retried);
    },
    unnotedTurns: (chat) => unnoted.all({ chat }).map(filing.whole),
    noteExpired({ chat, turns: named, operation }) {
      const now = unnoted.all({ chat });
      if (now.length !== named.length || now.some((row, at) => row.id !== named[at])) return null;
      note.run({ chat });
      const [seq] = insertOperations([operation]);
      return seq ?? null;
    },
    lastTurns: (call) => last.all({ ...call }).map(filing.whole),
  };
}
