/** Connections are lost, the server is killed: nothing half-written, nothing twice, nobody left untold. */
import type { PostgresDatabase } from '@surfaces/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { acceptInput, account, converse, room, surface } from './fixtures/conversation.ts';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgres } from './open.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const server = postgresForTests();
const LANES = 6;
let database: PostgresDatabase;
const opened: Awaited<ReturnType<typeof openPostgres>>[] = [];

beforeEach(async () => {
  database = await (await server()).createDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ store }) => store.close()));
  await database?.drop();
});

async function open() {
  const process = await openPostgres({ url: database.url });
  opened.push(process);
  return process.store;
}

const sql = async (text: string) => await (await server()).sql(text, database.url);
const terminateAll = () =>
  sql(
    'SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );

/** Converses in all lanes until `until` is done; how many turns there were in each. */
async function converseUntil(until: (turns: () => number, losses: () => number) => Promise<void>) {
  const store = await open();
  const counts: number[] = [];
  let losses = 0;
  let over = false;
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    counts[lane] = 0;
    while (!over) {
      await converse(
        store,
        `${lane} ${counts[lane]}`,
        `lane ${lane}`,
        () => undefined,
        () => {
          losses += 1;
        },
      );
      counts[lane] = (counts[lane] ?? 0) + 1;
    }
  });
  const working = Promise.all(lanes);
  try {
    await Promise.race([
      until(
        () => counts.reduce((sum, count) => sum + count, 0),
        () => losses,
      ),
      working,
    ]);
  } finally {
    over = true;
  }
  await working;
  return { store, counts, losses };
}

async function reach(count: () => number, aim: number): Promise<void> {
  while (count() < aim) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What the database holds is exactly what was said, in order, and everything is delivered. */
async function checkAll(store: Awaited<ReturnType<typeof open>>, counts: readonly number[]) {
  expect(await store.counts()).toEqual({ queued: 0, running: 0, deadLetters: 0 });
  const left = await store.recover([{ surface, account }]);
  expect(left).toEqual({ turns: [], operations: [], events: [], unnoted: [], files: [] });
  for (const [lane, count] of counts.entries()) {
    const entries = await store.timeline.read(room(`lane ${lane}`), { after: 0, limit: 100_000 });
    const expected = Array.from({ length: count }, (_, at) => [`${lane} ${at}`, 'bot']).flat();
    expect(entries.map(({ item }) => (item.by === 'person' ? item.eventId : item.by))).toEqual(expected);
  }
  const sum = counts.reduce((all, count) => all + count, 0);
  expect(await sql('SELECT count(*) FROM turns')).toBe(String(sum));
  expect(await sql('SELECT count(*) FROM operations')).toBe(String(sum));
  expect(await sql('SELECT count(*) FROM journal')).toBe('0');
}

it('goes on when its connections are terminated, again and again', async () => {
  const { store, counts } = await converseUntil(async (turns) => {
    for (let round = 1; round <= 15; round += 1) {
      await reach(turns, round * 10);
      await terminateAll();
    }
  });
  await checkAll(store, counts);
});

describe('when the server is killed', () => {
  beforeEach((context) => {
    if (process.env.TEST_POSTGRES_URL) context.skip('a server that TEST_POSTGRES_URL names is not killed');
  });

  it('goes on when it is back', async () => {
    const { store, counts, losses } = await converseUntil(async (turns, losses) => {
      for (let round = 1; round <= 3; round += 1) {
        await reach(turns, round * 40);
        await (await server()).kill();
        // Until somebody was told so.
        const before = losses();
        await reach(losses, before + 1);
        await (await server()).start();
      }
    });
    expect(losses).toBeGreaterThan(0);
    await checkAll(store, counts);
  });

  it('says so meanwhile, without the password, and proves its writes again afterwards', async () => {
    const store = await open();
    const accepted = await store.accept(acceptInput('e1', 'lobby'));
    if (accepted.outcome !== 'turn') throw new Error(accepted.outcome);
    const lease = await store.claimChat(accepted.chat.key);
    await (await server()).kill();
    const { password } = new URL(database.url);
    for (const call of [
      () => store.probe(),
      () => store.accept(acceptInput('e2', 'lobby')),
      () => store.startTurn(lease, accepted.turn.id),
      () => store.chatsOf(accepted.person.id),
      () => store.exportPerson(accepted.person.id)[Symbol.asyncIterator]().next(),
    ]) {
      const error = await call().then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error).toMatchObject({ code: 'unreachable' });
      expect(`${error?.message} ${error?.stack}`).not.toContain(password);
    }
    await (await server()).start();
    await store.probe();
    await store.startTurn(lease, accepted.turn.id);
  });
});

it('keeps its chats when only the session is lost for a moment', async () => {
  const [store, other] = [await open(), await open()];
  await store.claimAccount(surface, account);
  const accepted = await store.accept(acceptInput('e1', 'lobby'));
  if (accepted.outcome !== 'turn') throw new Error(accepted.outcome);
  const { chat, turn } = accepted;
  const lease = await store.claimChat(chat.key);
  await expect(other.claimChat(chat.key)).rejects.toMatchObject({ code: 'lease_lost' });
  const held = () => sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted");
  expect(await held()).toBe('2');
  await terminateAll();
  while ((await held()) !== '2');
  await expect(other.claimChat(chat.key)).rejects.toMatchObject({ code: 'lease_lost' });
  await expect(other.claimAccount(surface, account)).rejects.toMatchObject({ code: 'lease_lost' });
  expect(await store.claimChat(chat.key)).toEqual(lease);
  await store.startTurn(lease, turn.id);
});
