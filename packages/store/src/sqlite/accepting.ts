/** Worker side: events come in. */
import type { ChatChange } from '@surfaces/core';
import { and, eq, sql } from 'drizzle-orm';
import { assigned, chooseAgent, leftBy } from './assigning.ts';
import type { AcceptAnswer, AcceptCall, Calls, ChatRow, FileRow, PersonRow } from './calls.ts';
import type { Chatting } from './chatting.ts';
import type { Tables } from './database.ts';
import type { Filing } from './filing.ts';
import type { InsertOperations } from './outbox.ts';
import type { People } from './people.ts';
import { chatColumns, personColumns } from './rows.ts';
import { bindings, chats, identities, inbox, pendingEvents, persons, timeline, turns } from './schema.ts';

const value = sql.placeholder;

export function acceptingCalls(
  db: Tables,
  insertOperations: InsertOperations,
  { people, chatting, filing }: { people: People; chatting: Chatting; filing: Filing },
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
      unfinished: sql<number>`(SELECT count(*) FROM turns WHERE turns.chat = ${chats.key} AND state <> 'finished')`,
      waiting: sql<number>`(SELECT count(*) FROM attachments WHERE attachments.chat = ${chats.key} AND turn IS NULL)`,
    })
    .from(identities)
    .innerJoin(persons, eq(persons.id, identities.person))
    .leftJoin(bindings, and(eq(bindings.address, value('addressKey')), eq(bindings.person, persons.id)))
    .leftJoin(chats, eq(chats.key, bindings.chat))
    .where(and(eq(identities.surface, value('surface')), eq(identities.externalId, value('externalId'))))
    .prepare();
  const insertWords = db
    .insert(timeline)
    .values({
      address: value('address'),
      at: value('at'),
      source: value('source'),
      item: value('item'),
      person: value('person'),
    })
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

  const makeChat = (call: AcceptCall, person: PersonRow): ChatRow => {
    const agentId = chooseAgent(person, call.assignment);
    const { byDefault } = call.assignment;
    const fresh = { state: 'active', named: false, tokens: 0, contextSince: call.now } as const;
    const chat = chatting.make({ ...call.newChat, ...fresh, owner: person.id, agentId, byDefault }, null);
    chatting.bind(call.addressKey, person.id, chat.key);
    return chat;
  };

  /** What the event makes of its chat. */
  const change = (call: AcceptCall, before: ChatRow, person: PersonRow, idle: boolean) => {
    const changes: ChatChange[] = [];
    let chat = before;
    if (idle) chat = assigned(chat, person, call.assignment, call.newChat.platformChatId, call.now);
    const previous = leftBy(before, chat);
    if (previous) {
      filing.lose(chat.key);
      changes.push('moved');
    }
    if (call.pending === null && chat.state === 'archived') {
      chat = { ...chat, state: 'active' };
      changes.push('revived');
    }
    if (call.turn !== null && call.turn.title !== '' && !chat.named) {
      chat = { ...chat, name: call.turn.title, named: true };
      changes.push('titled');
    }
    if (chat !== before) chatting.update(chat);
    return { chat, changes, previous };
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
      const person = found === undefined ? people.make(call) : people.refresh(found.person, call);
      const before = found?.chat ?? makeChat(call, person);
      const { turn, pending, words, waitingLimit } = call;
      const unfinished = found?.unfinished ?? 0;
      const waiting = found?.waiting ?? 0;
      if (turn !== null && !turn.expired && unfinished >= turn.queueLimit) {
        leave.run({ key: call.key });
        return { outcome: 'queue_full', person, chat: before };
      }
      if (waitingLimit !== null && waiting + call.files.length > waitingLimit) {
        leave.run({ key: call.key });
        return { outcome: 'files_full', person, chat: before };
      }
      // What expired is only named: nothing else comes of it.
      const { chat, changes, previous } = turn?.expired
        ? { chat: before, changes: [], previous: null }
        : change(call, before, person, unfinished === 0);
      if (!found?.chat && chat.byDefault) changes.unshift('by_default');
      let seq: number | null = null;
      if (words !== null) {
        const item = JSON.stringify({
          by: 'person',
          eventId: words.eventId,
          name: person.name,
          text: words.text,
          files: words.files,
        });
        const row = { address: call.addressKey, at: call.now, source, item, person: person.id };
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
          sentAt: turn.sentAt,
          now: call.now,
          state: turn.expired ? 'finished' : 'queued',
          outcome: turn.expired ? 'expired' : null,
          requestId: turn.requestId,
          unnoted: turn.expired,
        });
      }
      let taken: readonly FileRow[] = [];
      if (turn !== null && !turn.expired && waiting > 0) taken = filing.take(chat.key, person.id, turn.id);
      if (call.files.length > 0) {
        const { account, address } = call;
        filing.add(call.files, { chat: chat.key, person: person.id, account, address }, turn?.id ?? null);
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
      return { outcome: 'stored', person, chat, seq, changes, previous, taken };
    },

    completeEvent({ id, replies }) {
      if (deletePending.run({ id }).changes === 0) return [];
      return insertOperations(replies);
    },
  };
}
