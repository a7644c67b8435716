/** With real processes and SIGKILL: what was promised stays, and what the dead held is free at once. */
import type { PostgresDatabase } from '@surfaces/testkit';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Writer } from '../fixtures/child.ts';
import { acceptInput, account, room, surface } from './fixtures/conversation.ts';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgresStore } from './index.ts';

// Each process is a whole start of Node, on a machine that is shared.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const server = postgresForTests();
let database: PostgresDatabase;
const writers: Writer[] = [];

beforeEach(async () => {
  database = await (await server()).createDatabase();
});

afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.kill()));
  await database?.drop();
});

function startWriter(...args: string[]): Writer {
  const writer = new Writer(new URL('./fixtures/writer.ts', import.meta.url), database.url, ...args);
  writers.push(writer);
  return writer;
}

it('lets processes start at once on an empty database and work side by side', async () => {
  const both = ['one', 'two', 'three'].map((name) => startWriter('3', name, '8'));
  await Promise.all(both.map((writer) => writer.ended()));
  for (const { lines } of both) {
    expect(lines.filter(({ failed }) => failed !== undefined)).toEqual([]);
    expect(lines.at(-1)).toHaveProperty('done');
  }
  const store = await openPostgresStore({ url: database.url });
  expect(await store.counts()).toEqual({ queued: 0, running: 0, deadLetters: 0 });
  const entries = await store.timeline.read(room('two 1'), { limit: 100 });
  expect(entries.map(({ item }) => item.by)).toEqual(
    Array.from({ length: 8 }, () => ['person', 'bot']).flat(),
  );
  await store.close();
});

it('keeps everything that had resolved when the process was killed, and hands on what it held', async () => {
  const promised = { accepted: new Set<string>(), started: new Set<string>(), finished: new Set<string>() };
  const sent = new Set<string>();
  const rounds = [3, 60, 250, 111];
  for (const [round, lines] of rounds.entries()) {
    const writer = startWriter('8', `round ${round}`);
    await writer.told(lines);
    await writer.kill();
    for (const line of writer.lines) {
      expect(line.failed).toBeUndefined();
      if (line.accepted) promised.accepted.add(line.accepted);
      if (line.started) promised.started.add(line.started);
      if (line.finished) promised.finished.add(line.finished);
      if (line.sent) sent.add(line.sent);
    }
  }
  expect(promised.finished.size).toBeGreaterThan(50);

  const store = await openPostgresStore({ url: database.url });
  await store.claimAccount(surface, account);
  const { turns, operations } = await store.recover([{ surface, account }]);
  const open = new Map(turns.map(({ turn }) => [turn.id as string, turn.state]));
  const known = new Set<string>(open.keys());
  for (const round of rounds.keys()) {
    for (let lane = 0; lane < 8; lane += 1) {
      const next = await store.accept(acceptInput(`after ${round} ${lane}`, `round ${round} ${lane}`));
      if (next.outcome !== 'turn') throw new Error(next.outcome);
      for (const turn of await store.lastTurns(next.chat.key, 1_000)) known.add(turn.id);
      // Whoever was killed had it.
      await store.claimChat(next.chat.key);
    }
  }
  for (const id of promised.accepted) expect(known).toContain(id);
  for (const id of promised.started) expect(open.get(id)).not.toBe('queued');
  for (const id of promised.finished) expect(open.has(id)).toBe(false);
  for (const { id } of operations) expect(sent).not.toContain(id);
  await store.close();
});

it('is held by its process against the others until that is gone', async () => {
  const first = startWriter('1', 'first');
  await first.told(2);
  const store = await openPostgresStore({ url: database.url });
  const [left] = (await store.recover([{ surface, account }])).turns;
  const accepted = await store.accept(acceptInput('mine', 'first 0'));
  if (accepted.outcome !== 'turn') throw new Error(accepted.outcome);
  expect(left === undefined || left.chat.key === accepted.chat.key).toBe(true);
  await expect(store.claimChat(accepted.chat.key)).rejects.toMatchObject({
    code: 'lease_lost',
    message: expect.stringContaining(String(first.pid)),
  });
  await first.kill();
  const lease = await store.claimChat(accepted.chat.key);
  await store.startTurn(lease, accepted.turn.id);
  await store.close();
});
