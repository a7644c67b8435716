/** The data directory: its rights, its versions, its limits. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isStoreError, type StoreError } from '@surfaces/core';
import type { Address } from '@surfaces/protocol';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptInput, account, surface } from './fixtures/event.ts';
import { openSqlite, openSqliteStore } from './open.ts';

let parent: string;
let dataDir: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'surfaces-files-'));
  dataDir = join(parent, 'made', 'here');
});

afterEach(async () => {
  await rm(parent, { recursive: true });
});

async function refusal(call: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await call.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!isStoreError(error)) throw error;
  return error;
}

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

it.each(['/proc/nothing/can/be/made/here', '/etc/hosts'])(
  'says at once that %s is no place for data',
  async (dataDir) => {
    const error = await refusal(openSqliteStore({ dataDir }));
    expect(error.code).toBe('not_writable');
    expect(error.message).toContain(dataDir);
  },
);

it('opens where the note of its process cannot be written', async () => {
  mkdirSync(join(dataDir, 'surfaces.db.pid'), { recursive: true });
  const store = await openSqliteStore({ dataDir });
  const error = await refusal(openSqliteStore({ dataDir }));
  expect(error).toMatchObject({ code: 'in_use', message: expect.stringContaining('pid unknown') });
  await store.close();
});

it('makes the directory and its files for their owner only', async () => {
  const store = await openSqliteStore({ dataDir });
  await store.accept(acceptInput('1'));
  expect(await mode(dataDir)).toBe('700');
  const files = await readdir(dataDir);
  expect(files).toContain('surfaces.db');
  expect(files).toContain('surfaces.db-wal');
  for (const file of files) expect(`${file} ${await mode(join(dataDir, file))}`).toBe(`${file} 600`);
  await store.close();
  const left = (await readdir(dataDir)).filter((file) => file.includes('wal'));
  expect(left).toEqual([]);
});

it('says which directory cannot be written and what to do', async () => {
  await writeFile(join(parent, 'made'), 'a file where a directory should be');
  const error = await refusal(openSqliteStore({ dataDir }));
  expect(error.code).toBe('not_writable');
  expect(error.message).toContain(dataDir);
  expect(error.message).toContain('choose another data directory');
});

it('says which file is not a database', async () => {
  const store = await openSqliteStore({ dataDir });
  await store.close();
  await writeFile(
    join(dataDir, 'surfaces.db'),
    'this is some text, not a database, and long enough to be seen',
  );
  const error = await refusal(openSqliteStore({ dataDir }));
  expect(error.code).toBe('failed');
  expect(error.message).toContain(dataDir);
});

it('refuses data of a newer version and changes nothing', async () => {
  const store = await openSqliteStore({ dataDir });
  await store.accept(acceptInput('1'));
  await store.close();
  const path = join(dataDir, 'surfaces.db');
  const newer = new Sqlite(path);
  newer.exec("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('from the future', 9999999999999)");
  newer.close();
  const before = await readFile(path);
  const error = await refusal(openSqliteStore({ dataDir }));
  expect(error.code).toBe('newer');
  expect(error.message).toContain('newer version');
  expect(error.message).toContain(path);
  expect((await readFile(path)).equals(before)).toBe(true);
});

const NEW_YEAR_2026 = 1_767_225_600_000;
const lobby: Address = { kind: 'room', surface, account, room: 'lobby' };

/** What that version could write too: a chat without a turn, and a timeline. */
const furtherRows = `
  INSERT INTO chats SELECT 'second', owner, 2, name, agent_id, '1', state, NULL, 0 FROM chats;
  INSERT INTO bindings SELECT 'web/bot/empty', owner, 'second' FROM chats WHERE number = 2;
  UPDATE persons SET chats = 2;
  INSERT INTO timeline VALUES (1, 'web/bot/lobby', 5, 'eweb/bot/known',
    '{"by":"person","eventId":"known","name":"Ann","text":"hi"}');
  INSERT INTO timeline SELECT 2, 'web/bot/lobby', 6, 'o' || id,
    json_object('by', 'bot', 'operationId', id, 'message', json(message)) FROM operations;
`;

describe('data of a released version is brought up to date', async () => {
  const folder = fileURLToPath(new URL('./fixtures/released', import.meta.url));
  const dumps = (await readdir(folder)).filter((name) => name.endsWith('.sql'));

  it('has a dump per released version', () => expect(dumps).not.toEqual([]));

  it.each(dumps)('%s', async (dump) => {
    await (await openSqliteStore({ dataDir })).close();
    const path = join(dataDir, 'surfaces.db');
    await rm(path);
    const old = new Sqlite(path);
    // A dump has its tables in the order of their names.
    old.pragma('foreign_keys = OFF');
    old.exec(await readFile(join(folder, dump), 'utf8'));
    if (dump === '0.1.0.sql') old.exec(furtherRows);
    old.close();

    const store = await openSqliteStore({ dataDir });
    const { turns, operations } = await store.recover([{ surface, account }]);
    expect(turns.map(({ turn, events }) => [turn.text, turn.state, events.length])).toEqual([
      ['the one that runs', 'running', 2],
      ['the one that waits', 'queued', 0],
    ]);
    expect(operations.map(({ message }) => message.markdown)).toEqual(['an answer not yet sent']);
    expect(await store.accept(acceptInput('known'))).toEqual({ outcome: 'duplicate', seq: 1 });
    const [running] = turns;
    if (running === undefined) throw new Error('nothing runs');
    expect(running.person).toMatchObject({ name: 'Ann', localeChosen: false, streaming: true });
    const placed = await store.chatsOf(running.person.id);
    const old1 = { name: 'Chat', byDefault: true, tokens: 0, contextSince: 0 };
    expect(placed).toMatchObject([
      { chat: { chatId: 'C1', ...old1 }, addresses: [lobby] },
      { chat: { chatId: 'C2' } },
    ]);
    expect(placed[1]?.chat.contextSince).toBeGreaterThan(NEW_YEAR_2026);
    const said = await store.timeline.read(lobby, { limit: 10 });
    expect(said.map(({ item }) => (item.by === 'person' ? item.files : item.message.markdown))).toEqual([
      [],
      'an answer not yet sent',
    ]);
    // What was there before was seen.
    const [summary] = await store.timeline.summaries([lobby]);
    expect(summary?.read).toBe(summary?.last);
    expect(summary?.last).toBeGreaterThan(0);
    // A chat that has turns keeps its name, one without is named by its first.
    const titled = { title: 'A title', queueLimit: 100 };
    const next = await store.accept({ ...acceptInput('next'), ...titled });
    expect(next).toMatchObject({ outcome: 'turn', changes: [], chat: { chatId: 'C1', name: 'Chat' } });
    const first = await store.accept({ ...acceptInput('first', 'empty'), ...titled });
    expect(first).toMatchObject({
      changes: ['titled'],
      chat: { chatId: 'C2', name: 'A title', byDefault: false },
    });
    const lease = await store.claimChat(running.chat.key);
    await store.commitFinal(lease, running.turn.id, 'answered', []);
    expect(await store.deletePerson(running.person.id)).toHaveLength(2);
    expect(await store.timeline.read(lobby, { limit: 10 })).toEqual([]);
    await store.close();
  });
});

it('fails as full while there is no room, and goes on when there is', async () => {
  const { store } = await openSqlite({ dataDir, maxPages: 100 });
  const long = 'x'.repeat(20_000);
  const first = await store.accept(acceptInput('0', 'lobby', long));
  if (first.outcome !== 'turn') throw new Error(first.outcome);
  const lease = await store.claimChat(first.chat.key);
  await store.startTurn(lease, first.turn.id);
  let stored = 1;
  let error: StoreError | undefined;
  while (error === undefined) {
    const result = await store
      .accept(acceptInput(`${stored}`, 'lobby', long))
      .catch((reason: unknown) => reason);
    if (isStoreError(result)) error = result;
    else stored += 1;
  }
  expect(error.code).toBe('disk_full');
  expect(error.message).toContain(dataDir);
  // A call that needs no room is done though its neighbours fail.
  const [big, small] = await Promise.allSettled([
    store.accept(acceptInput('big', 'lobby', long)),
    store.startTurn(lease, first.turn.id),
  ]);
  expect([big.status, small.status]).toEqual(['rejected', 'fulfilled']);
  expect(await store.counts()).toMatchObject({ queued: stored - 1, running: 1 });
  await store.close();
  const roomy = await openSqliteStore({ dataDir });
  expect((await roomy.accept(acceptInput('big', 'lobby', long))).outcome).toBe('turn');
  expect(await roomy.counts()).toMatchObject({ queued: stored, running: 1 });
  await roomy.close();
});

it('on a disk that is really full the call fails, later ones succeed when there is room', async (context) => {
  const disk = tryMount();
  if (disk === undefined) return context.skip('a tmpfs cannot be mounted here');
  try {
    const store = await openSqliteStore({ dataDir: join(disk, 'data') });
    await store.accept(acceptInput('before'));
    await fill(join(disk, 'ballast'));
    const long = 'y'.repeat(50_000);
    let error: unknown;
    let stored = 0;
    while (error === undefined) {
      error = await store.accept(acceptInput(`while full ${stored}`, 'lobby', long)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) stored += 1;
    }
    expect(error).toMatchObject({ code: 'disk_full' });
    const again = await refusal(store.accept(acceptInput('again', 'lobby', long)));
    expect(again.code).toBe('disk_full');
    await rm(join(disk, 'ballast'));
    await store.probe();
    expect((await store.accept(acceptInput('again'))).outcome).toBe('turn');
    expect(await store.accept(acceptInput('before'))).toEqual({ outcome: 'duplicate' });
    expect(await store.counts()).toMatchObject({ queued: stored + 2 });
    await store.close();
    const next = await openSqliteStore({ dataDir: join(disk, 'data') });
    expect(await next.counts()).toMatchObject({ queued: stored + 2 });
    await next.close();
  } finally {
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true });
  }
});

function tryMount(): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), 'surfaces-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'ignore' });
    return disk;
  } catch {
    rmSync(disk, { recursive: true });
    return undefined;
  }
}

/** Writes until the disk takes no more. */
async function fill(path: string): Promise<void> {
  for (const size of [65_536, 4096]) {
    for (;;) {
      try {
        await writeFile(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
