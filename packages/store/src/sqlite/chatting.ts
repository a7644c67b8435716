/** Worker side: chats, where they are bound, and their contexts. */
import { and, asc, eq, sql } from 'drizzle-orm';
import { assigned, leftBy } from './assigning.ts';
import type { Calls, ChatRow, PersonRow } from './calls.ts';
import type { Tables } from './database.ts';
import { CallFailure } from './failure.ts';
import type { Filing } from './filing.ts';
import { chatColumns, personColumns } from './rows.ts';
import { bindings, chats, contexts, persons, switches, turns } from './schema.ts';

const value = sql.placeholder;

export interface Chatting {
  /** Numbers and stores it. */
  make(chat: Omit<ChatRow, 'number'>, by: string | null): ChatRow;
  bind(address: string, person: string, chat: string): void;
  update(chat: ChatRow): void;
}

export function chatKeeper(db: Tables): Chatting {
  const nextNumber = db
    .update(persons)
    .set({ chats: sql`${persons.chats} + 1` })
    .where(eq(persons.id, value('id')))
    .returning({ number: persons.chats })
    .prepare();
  const insert = db
    .insert(chats)
    .values({
      key: value('key'),
      owner: value('owner'),
      number: value('number'),
      name: value('name'),
      agentId: value('agentId'),
      platformChatId: value('platformChatId'),
      byDefault: value('byDefault'),
      named: value('named'),
      contextSince: value('contextSince'),
      madeBy: value('by'),
    })
    .prepare();
  const bind = db
    .insert(bindings)
    .values({ address: value('address'), person: value('person'), chat: value('chat') })
    .onConflictDoUpdate({
      target: [bindings.address, bindings.person],
      set: { chat: sql`excluded.chat` },
    })
    .prepare();
  const update = db
    .update(chats)
    .set({
      name: sql`${value('name')}`,
      named: sql`${value('named')}`,
      agentId: sql`${value('agentId')}`,
      platformChatId: sql`${value('platformChatId')}`,
      state: sql`${value('state')}`,
      byDefault: sql`${value('byDefault')}`,
      contextSince: sql`${value('contextSince')}`,
      tokens: sql`${value('tokens')}`,
    })
    .where(eq(chats.key, value('key')))
    .prepare();

  return {
    make(made, by) {
      const [counted] = nextNumber.all({ id: made.owner });
      if (counted === undefined) throw new CallFailure('conflict', `there is no person ${made.owner}`);
      const chat = { ...made, number: counted.number };
      insert.run({ ...chat, by });
      return chat;
    },
    bind(address, person, chat) {
      bind.run({ address, person, chat });
    },
    update(chat) {
      // Booleans that no column encodes are numbers to SQLite.
      update.run({ ...chat, named: Number(chat.named), byDefault: Number(chat.byDefault) });
    },
  };
}

type ChatCalls = Pick<
  Calls,
  | 'chatsOf'
  | 'chat'
  | 'createChat'
  | 'bindChat'
  | 'renameChat'
  | 'archiveChat'
  | 'switchContext'
  | 'assignChat'
  | 'saveContext'
  | 'savedContexts'
>;

export function chatCalls(db: Tables, keeper: Chatting, filing: Filing): ChatCalls {
  const byKey = db
    .select({ chat: chatColumns, person: personColumns })
    .from(chats)
    .innerJoin(persons, eq(persons.id, chats.owner))
    .where(eq(chats.key, value('key')))
    .prepare();
  const owned = db
    .select(chatColumns)
    .from(chats)
    .where(eq(chats.owner, value('owner')))
    .orderBy(asc(chats.number))
    .prepare();
  const places = db
    .select({ chat: bindings.chat, address: bindings.address })
    .from(bindings)
    .where(eq(bindings.person, value('person')))
    .orderBy(asc(bindings.address))
    .prepare();
  const madeBy = db
    .select(chatColumns)
    .from(chats)
    .where(and(eq(chats.owner, value('owner')), eq(chats.madeBy, value('by')), sql`made_by IS NOT NULL`))
    .prepare();
  const unfinished = db
    .select({ id: turns.id })
    .from(turns)
    .where(and(eq(turns.chat, value('chat')), sql`state <> 'finished'`))
    .limit(1)
    .prepare();
  const switched = db
    .select({ previous: switches.previous })
    .from(switches)
    .where(and(eq(switches.chat, value('chat')), eq(switches.by, value('by'))))
    .prepare();
  const remember = db
    .insert(switches)
    .values({ chat: value('chat'), by: value('by'), previous: value('previous'), at: value('now') })
    .prepare();
  const contextById = db
    .select()
    .from(contexts)
    .where(eq(contexts.id, value('id')))
    .prepare();
  const taken = db
    .select({ id: contexts.id })
    .from(contexts)
    .where(
      and(
        eq(contexts.owner, value('owner')),
        eq(contexts.agentId, value('agentId')),
        eq(contexts.name, value('name')),
      ),
    )
    .prepare();
  // Notes whose turn is too old to be kept were written, or they would have gone with it.
  const saved = db
    .select()
    .from(contexts)
    .where(
      and(
        eq(contexts.owner, value('owner')),
        eq(contexts.agentId, value('agentId')),
        sql`coalesce((SELECT coalesce(outcome, state) FROM turns WHERE turns.id = ${contexts.turn}), 'answered') = 'answered'`,
      ),
    )
    .orderBy(asc(contexts.order))
    .prepare();

  const existing = (key: string): { readonly chat: ChatRow; readonly person: PersonRow } => {
    const row = byKey.get({ key });
    if (row === undefined) throw new CallFailure('conflict', `there is no chat ${key}`);
    return row;
  };
  const busy = (chat: string) => unfinished.get({ chat }) !== undefined;
  const changed = (chat: ChatRow): ChatRow => {
    keeper.update(chat);
    return chat;
  };

  return {
    chatsOf(owner) {
      const bound = places.all({ person: owner });
      return owned.all({ owner }).map((chat) => ({
        chat,
        addresses: bound.filter((place) => place.chat === chat.key).map(({ address }) => address),
      }));
    },
    chat: (key) => byKey.get({ key })?.chat ?? null,
    createChat({ chat, limit, by }) {
      const known = madeBy.get({ owner: chat.owner, by });
      if (known !== undefined) return known;
      if (owned.all({ owner: chat.owner }).length >= limit) return 'too_many';
      return keeper.make(chat, by);
    },
    bindChat({ chat, address, person }) {
      if (existing(chat).chat.owner !== person) {
        throw new CallFailure('conflict', `chat ${chat} is not of person ${person}`);
      }
      keeper.bind(address, person, chat);
      return null;
    },
    renameChat: ({ chat, name }) => changed({ ...existing(chat).chat, name, named: true }),
    archiveChat(key) {
      const { chat } = existing(key);
      if (chat.state === 'archived') return chat;
      const active = owned.all({ owner: chat.owner }).filter(({ state }) => state === 'active');
      if (active.length === 1) return 'last';
      if (busy(key)) return 'busy';
      return changed({ ...chat, state: 'archived' });
    },
    switchContext({ chat: key, platformChatId, by, now }) {
      const { chat } = existing(key);
      const before = switched.get({ chat: key, by });
      if (before !== undefined) return { chat, previous: before.previous };
      if (busy(key)) return 'busy';
      const previous = chat.platformChatId;
      remember.run({ chat: key, by, previous, now });
      return { chat: changed({ ...chat, platformChatId, contextSince: now, tokens: 0 }), previous };
    },
    assignChat({ chat: key, assignment, platformChatId, now }) {
      const { chat, person } = existing(key);
      if (busy(key)) return { chat, previous: null };
      const wanted = assigned(chat, person, assignment, platformChatId, now);
      const previous = leftBy(chat, wanted);
      if (wanted !== chat) keeper.update(wanted);
      if (previous) filing.lose(key);
      return { chat: wanted, previous };
    },
    saveContext(row) {
      const known = contextById.get({ id: row.id });
      if (known !== undefined) {
        if (known.owner === row.owner) return known;
        throw new CallFailure('conflict', `there is a context ${row.id} already`);
      }
      const { owner, agentId } = row;
      let { name } = row;
      for (let number = 2; taken.get({ owner, agentId, name }) !== undefined; number += 1) {
        name = `${row.name} (${number})`;
      }
      return db
        .insert(contexts)
        .values({ ...row, name })
        .returning()
        .get();
    },
    savedContexts: (call) => saved.all({ ...call }),
  };
}
