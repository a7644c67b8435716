/** Worker side: events come in. */
import { and, eq, sql } from 'drizzle-orm';
import type { AcceptAnswer, AcceptCall, Calls, ChatRow, PersonRow } from './calls.ts';
import type { Tables } from './database.ts';
import type { InsertOperations } from './outbox.ts';
import { chatColumns, personColumns } from './rows.ts';
import { bindings, chats, identities, inbox, pendingEvents, persons, timeline, turns } from './schema.ts';

const value = sql.placeholder;

export function acceptingCalls(
  db: Tables,
  insertOperations: InsertOperations,
): Pick<Calls, 'accept' | 'completeEvent'> {
  const enter = db
    .insert(inbox)
    .values({ key: value('key'), acceptedAt: value('now') })
    .onConflictDoNothing()
    .prepare();
  const leave = db
    .delete(inbox)
    .where(eq(inbox.key, value('key')))
    .prepare();
  const seqOf = db
    .select({ seq: timeline.seq })
    .from(timeline)
    .where(eq(timeline.source, value('source')))
    .prepare();
  const find = db
    .select({
      person: personColumns,
      chat: chatColumns,
      waiting: sql<number>`(SELECT count(*) FROM turns WHERE turns.chat = ${chats.key} AND state <> 'finished')`,
    })
    .from(identities)
    .innerJoin(persons, eq(persons.id, identities.person))
    .leftJoin(bindings, and(eq(bindings.address, value('addressKey')), eq(bindings.person, persons.id)))
    .leftJoin(chats, eq(chats.key, bindings.chat))
    .where(and(eq(identities.surface, value('surface')), eq(identities.externalId, value('externalId'))))
    .prepare();
  const insertPerson = db
    .insert(persons)
    .values({ id: value('id'), name: value('name'), locale: value('locale') })
    .prepare();
  const insertIdentity = db
    .insert(identities)
    .values({ surface: value('surface'), externalId: value('externalId'), person: value('id') })
    .prepare();
  const updatePerson = db
    .update(persons)
    .set({ name: sql`${value('name')}`, locale: sql`${value('locale')}` })
    .where(eq(persons.id, value('id')))
    .prepare();
  const nextNumber = db
    .update(persons)
    .set({ chats: sql`${persons.chats} + 1` })
    .where(eq(persons.id, value('id')))
    .returning({ number: persons.chats })
    .prepare();
  const insertChat = db
    .insert(chats)
    .values({
      key: value('key'),
      owner: value('owner'),
      number: value('number'),
      name: value('name'),
      agentId: value('agentId'),
      platformChatId: value('platformChatId'),
    })
    .prepare();
  const bind = db
    .insert(bindings)
    .values({ address: value('address'), person: value('person'), chat: value('chat') })
    .prepare();
  const insertWords = db
    .insert(timeline)
    .values({ address: value('address'), at: value('at'), source: value('source'), item: value('item') })
    .prepare();
  const insertTurn = db
    .insert(turns)
    .values({
      id: value('id'),
      chat: value('chat'),
      person: value('person'),
      account: value('account'),
      address: value('address'),
      text: value('text'),
      attachments: value('attachments'),
      sentAt: value('sentAt'),
      acceptedAt: value('now'),
      state: value('state'),
      outcome: value('outcome'),
      requestId: value('requestId'),
      unnoted: value('unnoted'),
    })
    .prepare();
  const insertPending = db
    .insert(pendingEvents)
    .values({
      id: value('id'),
      event: value('event'),
      account: value('account'),
      acceptedAt: value('now'),
      chat: value('chat'),
      person: value('person'),
    })
    .prepare();
  const deletePending = db
    .delete(pendingEvents)
    .where(eq(pendingEvents.id, value('id')))
    .prepare();

  const makePerson = (call: AcceptCall): PersonRow => {
    const person = { id: call.personId, name: call.name, locale: call.locale ?? call.defaultLocale };
    insertPerson.run(person);
    insertIdentity.run({ surface: call.surface, externalId: call.externalId, id: person.id });
    return person;
  };

  /** A person is called what the messenger calls them now. */
  const refresh = (known: PersonRow, call: AcceptCall): PersonRow => {
    const person = { ...known, name: call.name || known.name, locale: call.locale ?? known.locale };
    if (person.name !== known.name || person.locale !== known.locale) updatePerson.run(person);
    return person;
  };

  const makeChat = (call: AcceptCall, owner: string): ChatRow => {
    const number = nextNumber.get({ id: owner }).number;
    const chat: ChatRow = { ...call.newChat, owner, number, state: 'active' };
    insertChat.run({ ...chat });
    bind.run({ address: call.addressKey, person: owner, chat: chat.key });
    return chat;
  };

  return {
    accept(call): AcceptAnswer {
      const source = `e${call.key}`;
      if (enter.run({ key: call.key, now: call.now }).changes === 0) {
        return { outcome: 'duplicate', seq: seqOf.get({ source })?.seq ?? null };
      }
      const found = find.get({
        surface: call.surface,
        externalId: call.externalId,
        addressKey: call.addressKey,
      });
      const person = found === undefined ? makePerson(call) : refresh(found.person, call);
      const chat = found?.chat ?? makeChat(call, person.id);
      const { turn, pending, words } = call;
      if (turn !== null && !turn.expired && (found?.waiting ?? 0) >= turn.queueLimit) {
        leave.run({ key: call.key });
        return { outcome: 'queue_full', person, chat };
      }
      let seq: number | null = null;
      if (words !== null) {
        const item = JSON.stringify({
          by: 'person',
          eventId: words.eventId,
          name: person.name,
          text: words.text,
        });
        const row = { address: call.addressKey, at: call.now, source, item };
        seq = Number(insertWords.run(row).lastInsertRowid);
      }
      if (turn !== null) {
        insertTurn.run({
          id: turn.id,
          chat: chat.key,
          person: person.id,
          account: call.account,
          address: call.address,
          text: turn.text,
          attachments: turn.attachments,
          sentAt: turn.sentAt,
          now: call.now,
          state: turn.expired ? 'finished' : 'queued',
          outcome: turn.expired ? 'expired' : null,
          requestId: turn.requestId,
          unnoted: turn.expired,
        });
      }
      if (pending !== null) {
        insertPending.run({
          id: pending.id,
          event: pending.event,
          account: call.account,
          now: call.now,
          chat: chat.key,
          person: person.id,
        });
      }
      return { outcome: 'stored', person, chat, seq };
    },

    completeEvent({ id, replies }) {
      if (deletePending.run({ id }).changes === 0) return [];
      return insertOperations(replies);
    },
  };
}
