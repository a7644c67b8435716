/** People, their chats and what they chose. */
import { type ChatStore, type Store, StoreError } from '@surfaces/core';
import { type Address, addressKey } from '@surfaces/protocol';
import { and, asc, count, eq, sql } from 'drizzle-orm';
import { toChat, toLeft, toPerson } from '../domain.ts';
import { newId } from '../new-id.ts';
import { type Database, lockOne, type Tables } from './database.ts';
import { fromJson, placeKey } from './domain.ts';
import { bindings, chats, persons, switches } from './schema.ts';
import { storableValue } from './storable.ts';
import { unfinishedTurns } from './turning.ts';

type ChatRow = typeof chats.$inferSelect;

type Own =
  | 'identify'
  | 'person'
  | 'choose'
  | 'chatsOf'
  | 'chat'
  | 'createChat'
  | 'bindChat'
  | 'renameChat'
  | 'archiveChat'
  | 'switchContext'
  | 'assignChat';

async function chatRow(tables: Tables, key: string): Promise<ChatRow> {
  const [row] = await tables.select().from(chats).where(eq(chats.key, key));
  if (row === undefined) throw new StoreError('conflict', `there is no chat ${key}`);
  return row;
}

/** Holds owner and chat. */
async function lockChat(tables: Tables, key: string): Promise<ChatRow> {
  const { owner } = await chatRow(tables, key);
  await lockOne(tables, 'person', owner);
  await lockOne(tables, 'chat', key);
  return await chatRow(tables, key);
}

export async function lockPerson(tables: Tables, id: string): Promise<void> {
  await lockOne(tables, 'person', id);
  const [row] = await tables.select({ id: persons.id }).from(persons).where(eq(persons.id, id));
  if (row === undefined) throw new StoreError('conflict', `there is no person ${id}`);
}

/** Calls one of our functions (`migrations`); a row comes as an object with the columns' names. */
async function call(tables: Tables, name: string, args: readonly unknown[]): Promise<unknown> {
  const list = sql.join(
    args.map((value) => sql`${sql.param(storableValue(value))}`),
    sql`, `,
  );
  const { rows } = await tables.execute<{ answer: unknown }>(
    sql`SELECT to_json(${sql.identifier(name)}(${list})) AS answer`,
  );
  return rows[0]?.answer;
}

export function chatCalls(db: Database): Pick<Store, Own> {
  return {
    identify: ({ surface, externalId, name, locale, defaultLocale }) =>
      db.inOrder(`person ${surface}/${externalId}`, async () => {
        const args = [surface, externalId, name, locale ?? null, defaultLocale, newId()];
        return await db.write(async (tables) =>
          toPerson(fromJson(persons, await call(tables, 'identify', args))),
        );
      }),
    async person(id) {
      const [row] = await db.read((tables) => tables.select().from(persons).where(eq(persons.id, id)));
      return row && toPerson(row);
    },
    async choose(id, { locale, streaming, agent }) {
      const [row] = await db.read((tables) =>
        tables
          .update(persons)
          .set({
            // So that there is something to set, whatever was chosen.
            id,
            ...(locale !== undefined && { locale, localeChosen: true }),
            ...(streaming !== undefined && { streaming }),
            ...(agent !== undefined && { agent }),
          })
          .where(eq(persons.id, id))
          .returning(),
      );
      if (row === undefined) throw new StoreError('conflict', `there is no person ${id}`);
      return toPerson(row);
    },

    chatsOf: (owner) =>
      db.read(async (tables) => {
        const rows = await tables
          .select()
          .from(chats)
          .where(eq(chats.owner, owner))
          .orderBy(asc(chats.number));
        const places = await tables
          .select({ chat: bindings.chat, place: bindings.place })
          .from(bindings)
          .where(eq(bindings.person, owner));
        return rows.map((row) => ({ chat: toChat(row), addresses: placesOf(row.key, places) }));
      }),
    async chat(key) {
      const [row] = await db.read((tables) => tables.select().from(chats).where(eq(chats.key, key)));
      return row && toChat(row);
    },
    createChat: ({ owner, limit, by, ...asked }) =>
      db.inOrder(`chats ${owner}`, () => db.write((tables) => createChat(tables, owner, limit, by, asked))),
    async bindChat(chat, address, person) {
      const row = { address: placeKey(address), place: JSON.stringify(address), person, chat };
      await db.read(async (tables) => {
        // An owner is for ever.
        const { owner } = await chatRow(tables, chat);
        if (owner !== person) throw new StoreError('conflict', `chat ${chat} is not of person ${person}`);
        await tables
          .insert(bindings)
          .values(row)
          .onConflictDoUpdate({ target: [bindings.address, bindings.person], set: { chat } });
      });
    },
    async renameChat(key, name) {
      const [row] = await db.read((tables) =>
        tables.update(chats).set({ name, named: true }).where(eq(chats.key, key)).returning(),
      );
      if (row === undefined) throw new StoreError('conflict', `there is no chat ${key}`);
      return toChat(row);
    },
    archiveChat: (key) =>
      db.write(async (tables) => {
        const row = await lockChat(tables, key);
        if (row.state === 'archived') return toChat(row);
        const [active] = await tables
          .select({ count: count() })
          .from(chats)
          .where(and(eq(chats.owner, row.owner), eq(chats.state, 'active')));
        if (active?.count === 1) return 'last';
        if ((await unfinishedTurns(tables, key)) > 0) return 'busy';
        await tables.update(chats).set({ state: 'archived' }).where(eq(chats.key, key));
        return toChat({ ...row, state: 'archived' });
      }),
    switchContext: ({ chat: key, platformChatId, by, now }) =>
      db.write(async (tables) => {
        await lockOne(tables, 'chat', key);
        const row = await chatRow(tables, key);
        const [before] = await tables
          .select({ previous: switches.previous })
          .from(switches)
          .where(and(eq(switches.chat, key), eq(switches.askedBy, by)));
        // Stored below from the same type.
        const as = (id: string) => id as typeof platformChatId;
        if (before !== undefined) return { chat: toChat(row), previous: as(before.previous) };
        if ((await unfinishedTurns(tables, key)) > 0) return 'busy';
        const previous = row.platformChatId;
        await tables.insert(switches).values({ chat: key, askedBy: by, previous, at: now });
        const context = { platformChatId, contextSince: now, tokens: 0 };
        await tables.update(chats).set(context).where(eq(chats.key, key));
        return { chat: toChat({ ...row, ...context }), previous: as(previous) };
      }),
    assignChat: ({ chat: key, assignment, platformChatId, now }) =>
      db.write(async (tables) => {
        const before = await lockChat(tables, key);
        const args = [key, assignment.choices, assignment.byDefault, platformChatId, now];
        const moved = await call(tables, 'assign_chat', args);
        const chat = toChat(await chatRow(tables, key));
        return moved === true ? { chat, previous: toLeft(before) } : { chat };
      }),
  };
}

type Asked = Omit<Parameters<ChatStore['createChat']>[0], 'owner' | 'limit' | 'by'>;

async function createChat(tables: Tables, owner: string, limit: number, by: string, asked: Asked) {
  await lockPerson(tables, owner);
  const [before] = await tables
    .select()
    .from(chats)
    .where(and(eq(chats.owner, owner), eq(chats.madeBy, by)));
  if (before !== undefined) return toChat(before);
  const [all] = await tables.select({ count: count() }).from(chats).where(eq(chats.owner, owner));
  if ((all?.count ?? 0) >= limit) return 'too_many';
  const { agentId, byDefault, platformChatId, name, named, now } = asked;
  const values = [newId(), owner, agentId, byDefault, platformChatId, name, named, now, by];
  return toChat(fromJson(chats, await call(tables, 'make_chat', values)));
}

function placesOf(
  chat: string,
  places: readonly { readonly chat: string; readonly place: string }[],
): Address[] {
  return (
    places
      .filter((one) => one.chat === chat)
      // Written by `bindChat` and `accept` from the same type.
      .map(({ place }) => JSON.parse(place) as Address)
      .sort((a, b) => (addressKey(a) < addressKey(b) ? -1 : 1))
  );
}
