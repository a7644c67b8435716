/** Worker side: what an earlier process left. Reads only what is unfinished, by partial indices. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Calls, RecoverAnswer } from './calls.ts';
import type { Tables } from './database.ts';
import type { Filing } from './filing.ts';
import { chatColumns, personColumns } from './rows.ts';
import { attachments, chats, journal, operations, pendingEvents, persons, turns } from './schema.ts';

/** The conditions are literal, as in the indices, or SQLite would not use them. */
export function recoveryQueries(db: Tables, accounts: readonly string[]) {
  return {
    turns: db
      .select({ turn: turns, chat: chatColumns, person: personColumns })
      .from(turns)
      .innerJoin(chats, eq(chats.key, turns.chat))
      .innerJoin(persons, eq(persons.id, turns.person))
      .where(and(sql`turns.state <> 'finished'`, inArray(turns.account, [...accounts])))
      // The plus keeps SQLite from walking the whole table in this order.
      .orderBy(sql`+${turns.order}`),
    operations: db
      .select()
      .from(operations)
      .where(and(sql`state IN ('pending', 'sending')`, inArray(operations.account, [...accounts])))
      .orderBy(asc(operations.seq)),
    events: db
      .select({ pending: pendingEvents, chat: chatColumns, person: personColumns })
      .from(pendingEvents)
      .innerJoin(chats, eq(chats.key, pendingEvents.chat))
      .innerJoin(persons, eq(persons.id, pendingEvents.person))
      .where(inArray(pendingEvents.account, [...accounts]))
      .orderBy(asc(pendingEvents.order)),
    unnoted: db
      .select({ chat: chatColumns, person: personColumns })
      .from(turns)
      .innerJoin(chats, eq(chats.key, turns.chat))
      .innerJoin(persons, eq(persons.id, chats.owner))
      .where(and(sql`turns.unnoted`, inArray(turns.account, [...accounts])))
      .groupBy(turns.chat)
      .orderBy(sql`min(${turns.order})`),
    files: db
      .select({ file: attachments, chat: chatColumns, person: personColumns })
      .from(attachments)
      .innerJoin(chats, eq(chats.key, attachments.chat))
      .innerJoin(persons, eq(persons.id, attachments.person))
      .where(
        and(
          sql`attachments.turn IS NULL AND attachments.state = 'incoming'`,
          inArray(attachments.account, [...accounts]),
        ),
      )
      .orderBy(asc(attachments.order)),
  };
}

export function recoveryCalls(db: Tables, filing: Filing): Pick<Calls, 'recover' | 'counts'> {
  const events = db
    .select({ event: journal.event })
    .from(journal)
    .where(eq(journal.turn, sql.placeholder('turn')))
    .orderBy(asc(journal.seq))
    .prepare();
  const counts = db
    .select({
      queued: sql<number>`(SELECT count(*) FROM turns WHERE state <> 'finished' AND state = 'queued')`,
      running: sql<number>`(SELECT count(*) FROM turns WHERE state <> 'finished' AND state = 'running')`,
      deadLetters: sql<number>`(SELECT count(*) FROM operations WHERE state = 'dead')`,
    })
    .from(sql`(SELECT 1)`)
    .prepare();
  return {
    recover(accounts): RecoverAnswer {
      const queries = recoveryQueries(db, accounts);
      return {
        turns: queries.turns.all().map((row) => ({
          ...row,
          files: filing.whole(row.turn).files,
          events: events.all({ turn: row.turn.id }).map((entry) => entry.event),
        })),
        operations: queries.operations.all(),
        events: queries.events.all(),
        unnoted: queries.unnoted.all(),
        files: queries.files.all(),
      };
    },
    counts: () => counts.get() ?? { queued: 0, running: 0, deadLetters: 0 },
  };
}
