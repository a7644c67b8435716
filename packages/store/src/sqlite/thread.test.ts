/** The thread: batches, its end, and what its questions to SQLite cost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acceptInput } from './fixtures/event.ts';
import { openSqlite, openSqliteStore } from './open.ts';
import { recoveryQueries } from './recovering.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'surfaces-thread-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

it('commits what was asked in one turn of the event loop together', async () => {
  const commits: number[] = [];
  const store = await openSqliteStore({ dataDir, onCommit: (seconds) => commits.push(seconds) });
  await Promise.all(Array.from({ length: 100 }, (_, at) => store.accept(acceptInput(`${at}`))));
  expect(commits).toHaveLength(1);
  expect(commits[0]).toBeGreaterThan(0);
  await store.close();
});

it('finishes on close what was asked before', async () => {
  const store = await openSqliteStore({ dataDir });
  const asked = Promise.all(Array.from({ length: 20 }, (_, at) => store.accept(acceptInput(`${at}`))));
  const closed = store.close();
  await expect(store.accept(acceptInput('late'))).rejects.toMatchObject({ code: 'closed' });
  expect(new Set((await asked).map(({ outcome }) => outcome))).toEqual(new Set(['turn']));
  await closed;
});

it('rejects what waits, and all that follows, when its thread dies', async () => {
  const { store, terminate } = await openSqlite({ dataDir });
  const asked = store.accept(acceptInput('1'));
  const died = expect(asked).rejects.toMatchObject({ code: 'failed' });
  await terminate();
  await died;
  await expect(store.probe()).rejects.toMatchObject({ code: 'failed' });
  await store.close();
  await expect(store.probe()).rejects.toMatchObject({ code: 'closed' });
});

it('tells ids apart that are no well-formed text', async () => {
  const store = await openSqliteStore({ dataDir });
  const ids = ['a\ud800', 'a\ud801', 'a\ufffd', 'a"', 'a\\ud800', 'a/b', 'a%2Fb', 'a\u0000'];
  for (const outcome of ['turn', 'duplicate']) {
    const answers = await Promise.all(ids.map((id) => store.accept(acceptInput(id))));
    expect(answers.map((answer) => answer.outcome)).toEqual(ids.map(() => outcome));
  }
  await store.close();
});

it('reads at a start only what is unfinished, by its index', async () => {
  await (await openSqliteStore({ dataDir })).close();
  const sqlite = new Sqlite(join(dataDir, 'surfaces.db'));
  const plans = Object.values(recoveryQueries(drizzle(sqlite), ['web/bot', 'web/other'])).map((query) => {
    const { sql, params } = query.toSQL();
    const steps = sqlite.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...params);
    return steps.map(({ detail }) => detail).filter((detail) => /^SCAN/.test(detail));
  });
  sqlite.close();
  expect(plans).toEqual([
    ['SCAN turns USING INDEX turns_unfinished'],
    ['SCAN operations USING INDEX operations_open'],
    // Its rows live only while they are pending.
    ['SCAN pending_events'],
    ['SCAN turns USING INDEX turns_unnoted'],
    ['SCAN attachments USING INDEX attachments_incoming'],
  ]);
});
