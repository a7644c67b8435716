/** What only a server with several processes can get wrong, or refuses. */
import type { Store, TimelineEntry } from '@surfaces/core';
import { ExternalId, newPlatformChatId, OperationId, type OutgoingMessage } from '@surfaces/protocol';
import type { PostgresDatabase } from '@surfaces/testkit';
import pg from 'pg';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { acceptInput, account, persist, room, surface } from './fixtures/conversation.ts';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgres } from './open.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const server = postgresForTests();
let database: PostgresDatabase;
const opened: Awaited<ReturnType<typeof openPostgres>>[] = [];

beforeEach(async () => {
  database = await (await server()).createDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ store }) => store.close()));
  await database?.drop();
});

async function open(poolSize = 5): Promise<Store> {
  const process = await openPostgres({ url: database.url, poolSize });
  opened.push(process);
  return process.store;
}

function said(markdown: string): OutgoingMessage {
  return { kind: 'message', role: 'agent', markdown, state: 'final', part: 0, last: true, buttons: [] };
}

it('accepts an event once, and numbers chats without gaps, however many processes hear of it', async () => {
  const stores = await Promise.all([open(), open(), open()]);
  const rooms = Array.from({ length: 12 }, (_, at) => `room ${at}`);
  const ann = { externalId: ExternalId.parse('ann'), name: 'Ann' };
  const all = await Promise.all(
    rooms.flatMap((name) =>
      stores.map((store) => {
        const input = acceptInput(`event in ${name}`, name);
        return store.accept({ ...input, event: { ...input.event, author: ann } });
      }),
    ),
  );
  const turns = all.flatMap((one) => (one.outcome === 'turn' ? [one] : []));
  expect(turns).toHaveLength(rooms.length);
  expect(all.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(rooms.length * 2);
  const seqs = new Map(turns.map((one) => [one.turn.address.room, one.seq]));
  for (const [at, one] of all.entries()) {
    expect('seq' in one && one.seq).toBe(seqs.get(rooms[Math.floor(at / stores.length)] ?? ''));
  }
  const [store] = stores;
  const person = turns[0]?.person.id;
  if (store === undefined || person === undefined) throw new Error('nothing was accepted');
  expect((await store.chatsOf(person)).map(({ chat }) => chat.chatId)).toEqual(
    rooms.map((_, at) => `C${at + 1}`),
  );
});

it('keeps the queue limit, and each chat in order, when processes accept into it at once', async () => {
  const stores = await Promise.all([open(), open(), open()]);
  const all = await Promise.all(
    Array.from({ length: 45 }, (_, at) => {
      const store = stores[at % stores.length];
      return store?.accept({ ...acceptInput(`e${at}`, 'lobby', `${at}`), queueLimit: 20 });
    }),
  );
  expect(all.filter((one) => one?.outcome === 'turn')).toHaveLength(20);
  expect(all.filter((one) => one?.outcome === 'queue_full')).toHaveLength(25);
  const left = await stores[0]?.recover([{ surface, account }]);
  const texts = left?.turns.map(({ turn }) => Number(turn.text)) ?? [];
  expect(texts).toHaveLength(20);
  // Of each process in the order in which it was asked, as its own calls were made.
  for (const at of stores.keys()) {
    const own = texts.filter((text) => text % stores.length === at);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
});

it('shows no entry below one that was read, however many write at an address', async () => {
  const [reader, ...writers] = [await open(), await open(), await open(), await open()];
  let writing = true;
  const read: TimelineEntry[] = [];
  const readOn = async () => {
    for (;;) {
      const last = !writing;
      const page = await reader.timeline.read(room('lobby'), { after: read.at(-1)?.seq ?? 0, limit: 7 });
      read.push(...page);
      if (page.length === 0 && last) return;
    }
  };
  const reading = readOn();
  await Promise.all(
    writers.flatMap((store, writer) =>
      Array.from({ length: 60 }, async (_, at) => {
        const id = OperationId.parse(`${writer} ${at}`);
        // Every third comes with an acceptance, which takes its number inside a longer transaction.
        if (at % 3 > 0) await store.timeline.append(room('lobby'), id, said('x'), at);
        else await store.accept(acceptInput(`event ${writer} ${at}`, 'lobby'));
      }),
    ),
  );
  writing = false;
  await reading;
  const all = await reader.timeline.read(room('lobby'), { after: 0, limit: 10_000 });
  expect(all).toHaveLength(180);
  expect(read).toEqual(all);
});

it('ends what a killed process has left on its way before it looks at what that left', async () => {
  const first = await openPostgres({ url: database.url });
  const accepted = await first.store.accept(acceptInput('e1', 'lobby'));
  if (accepted.outcome !== 'turn') throw new Error(accepted.outcome);
  const other = new pg.Client(database.url);
  await other.connect();
  await other.query('BEGIN');
  await other.query("SELECT lock_one('chat', $1)", [accepted.chat.key]);
  const late = first.store.accept(acceptInput('e2', 'lobby')).catch((error: unknown) => error);
  const waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  while ((await other.query(waiting)).rowCount === 0);
  await first.kill();
  await late;

  const store = await open();
  expect((await other.query(waiting)).rowCount).toBe(0);
  await other.query('COMMIT');
  await other.end();
  expect((await store.recover([{ surface, account }])).turns).toHaveLength(1);
  expect((await store.accept(acceptInput('e2', 'lobby'))).outcome).toBe('turn');
});

it('keeps what PostgreSQL refuses, made harmless where it is not JSON', async () => {
  const store = await open();
  const bad = 'a\0b\ud800';
  const input = acceptInput(`event ${bad}`, `room\0`, bad);
  const author = { externalId: ExternalId.parse(`ann${bad}`), name: bad };
  const attachments = [{ ref: `ref${bad}`, name: bad, mediaType: bad, size: 1 }];
  const accepted = await store.accept({
    ...input,
    event: { ...input.event, kind: 'message', text: bad, author, attachments },
  });
  if (accepted.outcome !== 'turn') throw new Error(accepted.outcome);
  const { chat, turn, person } = accepted;
  const good = 'a\ufffdb\ufffd';
  expect(await store.lastTurns(chat.key, 1)).toMatchObject([{ text: good, attachments: [{ name: good }] }]);
  const again = await store.accept({
    ...input,
    event: { ...input.event, kind: 'message', text: bad, author, attachments },
  });
  expect(again.outcome).toBe('duplicate');
  // Entries are JSON, which can say anything.
  const [entry] = await store.timeline.read(turn.address, { limit: 1 });
  expect(entry?.item).toMatchObject({ text: bad, files: attachments });

  const lease = await store.claimChat(chat.key);
  await store.startTurn(lease, turn.id);
  await store.appendEvents(lease, turn.id, [{ kind: 'text', seq: 1, text: bad }]);
  expect((await store.recover([{ surface, account }])).turns[0]?.events).toEqual([
    { kind: 'text', seq: 1, text: bad },
  ]);
  const id = OperationId.parse(`answer ${bad}`);
  const operation = { id, address: turn.address, chat: chat.key, message: said(bad) };
  await store.commitFinal(lease, turn.id, 'answered', [operation]);
  await store.settleOperation(id, { state: 'dead', error: bad });
  expect(await store.deadLetters(1)).toMatchObject([{ message: said(bad), error: good }]);
  const [file] = turn.attachments;
  await store.settleFile(file?.id ?? '', { state: 'failed', error: bad });
  expect((await store.renameChat(chat.key, bad)).name).toBe(good);
  const address = { ...room('x'), room: '\0'.repeat(255) };
  await store.bindChat(chat.key, address, person.id);
  expect((await store.chatsOf(person.id))[0]?.addresses).toContainEqual(address);
  const asked = { chat: chat.key, platformChatId: newPlatformChatId(), by: bad, now: 1 };
  expect(await store.switchContext(asked)).toEqual(await store.switchContext(asked));
});

it('waits for a free connection as long as it takes', async () => {
  const store = await open(1);
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, at) =>
      persist(
        () => store.accept(acceptInput(`e${at}`, `room ${at}`)),
        () => {
          throw new Error('it gave up');
        },
      ),
    ),
  );
  expect(all.every(({ outcome }) => outcome === 'turn')).toBe(true);
});
