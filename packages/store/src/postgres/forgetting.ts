/** Everything about one person: read piece by piece, or deleted at once. */
import type { PersonRecord, Store } from '@surfaces/core';
import type { Address, AgentId, PlatformChatId } from '@surfaces/protocol';
import { and, asc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import {
  toAddress,
  toAttachment,
  toChat,
  toConfirmation,
  toContext,
  toOperation,
  toPerson,
  toTurn,
} from '../domain.ts';
import { dropTurns } from './caring.ts';
import { anyOf, type Database, lockOne, type Tables } from './database.ts';
import {
  bindings,
  chats,
  confirmations,
  contexts,
  files,
  identities,
  marks,
  operations,
  pendingEvents,
  persons,
  switches,
  timeline,
  turns,
} from './schema.ts';

/** Rows of one page of an export. */
const PAGE = 500;

export function personCalls(db: Database): Pick<Store, 'exportPerson' | 'deletePerson'> {
  return {
    exportPerson: (id) => exportPerson(db, id),
    deletePerson: (id) => db.write((tables) => deletePerson(tables, id)),
  };
}

/** Addresses at which this person speaks and nobody else does; a subquery. */
function placesOf(tables: Tables, id: string) {
  return tables
    .select({ address: bindings.address })
    .from(bindings)
    .where(
      and(
        eq(bindings.person, id),
        sql`NOT EXISTS (SELECT FROM bindings AS others WHERE others.address = ${bindings.address} AND others.person <> ${id})`,
      ),
    );
}

/** What was said to or by a person; where nobody else speaks, also what nothing more is known of. */
function saidOf(tables: Tables, id: string): SQL | undefined {
  return or(
    eq(timeline.person, id),
    and(isNull(timeline.person), inArray(timeline.address, placesOf(tables, id))),
  );
}

function chatsOf(tables: Tables, id: string) {
  return tables.select({ key: chats.key }).from(chats).where(eq(chats.owner, id));
}

async function* exportPerson(db: Database, id: string): AsyncGenerator<PersonRecord> {
  const [person] = await db.read((tables) => tables.select().from(persons).where(eq(persons.id, id)));
  if (person === undefined) return;
  yield record('person', toPerson(person));
  const names = await db.read((tables) => tables.select().from(identities).where(eq(identities.person, id)));
  for (const { surface, externalId } of names) yield record('identity', { surface, externalId });
  const places = await db.read((tables) => tables.select().from(bindings).where(eq(bindings.person, id)));
  const own = await db.read((tables) =>
    tables.select().from(chats).where(eq(chats.owner, id)).orderBy(asc(chats.number)),
  );
  for (const chat of own) {
    const addresses = places.filter((one) => one.chat === chat.key).map(({ place }) => JSON.parse(place));
    yield record('chat', { ...toChat(chat), addresses });
  }

  yield* pages('context', (after) =>
    db.read(async (tables) =>
      (
        await tables
          .select()
          .from(contexts)
          .where(and(eq(contexts.owner, id), gt(contexts.order, after)))
          .orderBy(asc(contexts.order))
          .limit(PAGE)
      ).map((row) => [row.order, toContext(row)]),
    ),
  );
  yield* pages('turn', (after) =>
    db.read(async (tables) =>
      (
        await tables
          .select()
          .from(turns)
          .where(
            and(or(eq(turns.person, id), inArray(turns.chat, chatsOf(tables, id))), gt(turns.order, after)),
          )
          .orderBy(asc(turns.order))
          .limit(PAGE)
      ).map((row) => {
        // Files are records of their own.
        const { attachments: _, ...turn } = toTurn({ turn: row, files: [] });
        return [row.order, turn];
      }),
    ),
  );
  yield* pages('file', (after) =>
    db.read(async (tables) =>
      (
        await tables
          .select()
          .from(files)
          .where(
            and(or(eq(files.person, id), inArray(files.chat, chatsOf(tables, id))), gt(files.order, after)),
          )
          .orderBy(asc(files.order))
          .limit(PAGE)
      ).map((row) => [row.order, { ...toAttachment(row), ...(row.turn !== null && { turn: row.turn }) }]),
    ),
  );
  yield* pages('question', (after) =>
    db.read(async (tables) =>
      (
        await tables
          .select()
          .from(confirmations)
          .where(
            and(
              or(eq(confirmations.person, id), inArray(confirmations.chat, chatsOf(tables, id))),
              gt(confirmations.order, after),
            ),
          )
          .orderBy(asc(confirmations.order))
          .limit(PAGE)
      ).map((row) => [row.order, toConfirmation(row)]),
    ),
  );
  yield* pages('answer', (after) =>
    db.read(async (tables) =>
      (
        await tables
          .select()
          .from(operations)
          .where(and(inArray(operations.chat, chatsOf(tables, id)), gt(operations.seq, after)))
          .orderBy(asc(operations.seq))
          .limit(PAGE)
      ).map((row) => [row.seq, toOperation(row)]),
    ),
  );
  const known = new Map(places.map(({ address, place }) => [address, place]));
  yield* pages('timeline', (after) =>
    db.read(async (tables) =>
      (
        await tables
          .select()
          .from(timeline)
          .where(and(saidOf(tables, id), gt(timeline.seq, after)))
          .orderBy(asc(timeline.seq))
          .limit(PAGE)
      ).map(({ seq, at, address, item }) => [
        seq,
        { seq, at, address: addressOf(address, known), item: JSON.parse(item) },
      ]),
    ),
  );
}

async function* pages(
  kind: PersonRecord['kind'],
  read: (after: number) => Promise<readonly (readonly [order: number, data: object])[]>,
): AsyncGenerator<PersonRecord> {
  let after = 0;
  for (;;) {
    const rows = await read(after);
    for (const [order, data] of rows) {
      after = order;
      yield record(kind, data);
    }
    if (rows.length < PAGE) return;
  }
}

function record(kind: PersonRecord['kind'], data: object): PersonRecord {
  return { kind, data: { ...data } };
}

/** What is too long for a key is known by the person's bindings. */
function addressOf(key: string, known: ReadonlyMap<string, string>): Address {
  const place = known.get(key);
  // Written by this package from the same type.
  return place === undefined ? toAddress(key) : (JSON.parse(place) as Address);
}

async function deletePerson(tables: Tables, id: string) {
  await lockOne(tables, 'person', id);
  const own = await tables.select().from(chats).where(eq(chats.owner, id)).orderBy(asc(chats.key));
  const keys = own.map(({ key }) => key);
  for (const key of keys) await lockOne(tables, 'chat', key);
  const saved = await tables.select().from(contexts).where(eq(contexts.owner, id));
  // Written by this package: the casts brand them again.
  const named = (agentId: string, platformChatId: string) => ({
    agentId: agentId as AgentId,
    platformChatId: platformChatId as PlatformChatId,
  });
  const forgotten = [
    ...own.map((chat) => named(chat.agentId, chat.platformChatId)),
    ...saved
      .map(toContext)
      .flatMap(({ agentId, source }) =>
        source.kind === 'copy' ? [named(agentId, source.platformChatId)] : [],
      ),
  ];

  await tables.delete(timeline).where(saidOf(tables, id));
  await tables.delete(marks).where(inArray(marks.address, placesOf(tables, id)));
  await tables.delete(bindings).where(or(eq(bindings.person, id), anyOf(bindings.chat, keys)));
  const theirs = await tables
    .select({ id: turns.id })
    .from(turns)
    .where(or(eq(turns.person, id), anyOf(turns.chat, keys)));
  await dropTurns(
    tables,
    theirs.map((turn) => turn.id),
  );
  await tables.delete(files).where(or(eq(files.person, id), anyOf(files.chat, keys)));
  await tables.delete(confirmations).where(anyOf(confirmations.chat, keys));
  await tables.delete(contexts).where(eq(contexts.owner, id));
  await tables.delete(operations).where(anyOf(operations.chat, keys));
  // That they were accepted stays known, so that nothing comes twice.
  await tables.delete(pendingEvents).where(or(eq(pendingEvents.person, id), anyOf(pendingEvents.chat, keys)));
  await tables.delete(switches).where(anyOf(switches.chat, keys));
  await tables.delete(chats).where(eq(chats.owner, id));
  await tables.delete(identities).where(eq(identities.person, id));
  await tables.delete(persons).where(eq(persons.id, id));
  return forgotten;
}
