/** What an earlier process left. Reads only what is unfinished, by partial indices. */
import type { Recovery, Store } from '@surfaces/core';
import type { AgentEvent, IncomingEvent } from '@surfaces/protocol';
import { and, asc, eq, sql } from 'drizzle-orm';
import { accountKey, toAttachment, toChat, toOperation, toPerson } from '../domain.ts';
import { anyOf, type Database, type Tables } from './database.ts';
import { chats, files, journal, operations, pendingEvents, persons, turns } from './schema.ts';
import { wholeTurns } from './turning.ts';

export function recoveryCalls(db: Database): Pick<Store, 'recover' | 'counts'> {
  return {
    async recover(accounts) {
      if (accounts.length === 0) return { turns: [], operations: [], events: [], unnoted: [], files: [] };
      const keys = accounts.map(accountKey);
      return await db.read((tables) => recover(tables, keys));
    },
    async counts() {
      const { rows } = await db.read((tables) =>
        tables.execute<{ queued: string; running: string; dead: string }>(sql`
          SELECT (SELECT count(*) FROM turns WHERE state <> 'finished' AND state = 'queued') AS queued,
                 (SELECT count(*) FROM turns WHERE state <> 'finished' AND state = 'running') AS running,
                 (SELECT count(*) FROM operations WHERE state = 'dead') AS dead`),
      );
      const [row] = rows;
      return { queued: Number(row?.queued), running: Number(row?.running), deadLetters: Number(row?.dead) };
    },
  };
}

async function recover(tables: Tables, accounts: readonly string[]): Promise<Recovery> {
  const unfinished = await tables
    .select({ turn: turns, chat: chats, person: persons })
    .from(turns)
    .innerJoin(chats, eq(chats.key, turns.chat))
    .innerJoin(persons, eq(persons.id, turns.person))
    .where(and(sql`turns.state <> 'finished'`, anyOf(turns.account, accounts)))
    .orderBy(asc(turns.order));
  const whole = await wholeTurns(
    tables,
    unfinished.map(({ turn }) => turn),
  );
  const events = await tables
    .select({ turn: journal.turn, event: journal.event })
    .from(journal)
    .innerJoin(turns, eq(turns.id, journal.turn))
    .where(and(sql`turns.state <> 'finished'`, anyOf(turns.account, accounts)))
    .orderBy(asc(journal.turn), asc(journal.seq));
  const journals = Map.groupBy(events, ({ turn }) => turn);
  const open = await tables
    .select()
    .from(operations)
    .where(and(sql`state IN ('pending', 'sending')`, anyOf(operations.account, accounts)))
    .orderBy(asc(operations.seq));
  const pending = await tables
    .select({ pending: pendingEvents, chat: chats, person: persons })
    .from(pendingEvents)
    .innerJoin(chats, eq(chats.key, pendingEvents.chat))
    .innerJoin(persons, eq(persons.id, pendingEvents.person))
    .where(anyOf(pendingEvents.account, accounts))
    .orderBy(asc(pendingEvents.order));
  const expired = tables
    .select({ chat: turns.chat, first: sql<number>`min(${turns.order})`.as('first') })
    .from(turns)
    .where(and(sql`turns.unnoted`, anyOf(turns.account, accounts)))
    .groupBy(turns.chat)
    .as('expired');
  const unnoted = await tables
    .select({ chat: chats, person: persons })
    .from(expired)
    .innerJoin(chats, eq(chats.key, expired.chat))
    .innerJoin(persons, eq(persons.id, chats.owner))
    .orderBy(asc(expired.first));
  const waiting = await tables
    .select({ file: files, chat: chats, person: persons })
    .from(files)
    .innerJoin(chats, eq(chats.key, files.chat))
    .innerJoin(persons, eq(persons.id, files.person))
    .where(and(sql`files.turn IS NULL`, eq(files.state, 'incoming'), anyOf(files.account, accounts)))
    .orderBy(asc(files.order));

  return {
    turns: unfinished.flatMap((row, at) => {
      const turn = whole[at];
      if (turn === undefined) return [];
      // Written by `appendEvents` from the same type.
      const told = (journals.get(row.turn.id) ?? []).map(({ event }) => JSON.parse(event) as AgentEvent);
      return [{ chat: toChat(row.chat), person: toPerson(row.person), turn, events: told }];
    }),
    operations: open.map(toOperation),
    events: pending.map((row) => ({
      pending: {
        id: row.pending.id,
        // Written by `accept` from the same type.
        event: JSON.parse(row.pending.event) as IncomingEvent,
        acceptedAt: row.pending.acceptedAt,
      },
      chat: toChat(row.chat),
      person: toPerson(row.person),
    })),
    unnoted: unnoted.map((row) => ({ chat: toChat(row.chat), person: toPerson(row.person) })),
    files: waiting.map((row) => ({
      file: toAttachment(row.file),
      chat: toChat(row.chat),
      person: toPerson(row.person),
    })),
  };
}
