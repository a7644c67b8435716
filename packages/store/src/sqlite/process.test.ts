/** With real processes and SIGKILL: the lock dies with its holder, what was promised does not. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStoreError } from '@surfaces/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Writer } from '../fixtures/child.ts';
import { acceptInput, account, surface } from './fixtures/event.ts';
import { openSqliteStore } from './index.ts';

let dataDir: string;
const writers: Writer[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'surfaces-process-'));
});

afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.kill()));
  await rm(dataDir, { recursive: true });
});

function startWriter(parallel = 4): Writer {
  const script = new URL('./fixtures/writer.ts', import.meta.url);
  const writer = new Writer(script, dataDir, String(parallel));
  writers.push(writer);
  return writer;
}

it('refuses a second process, naming the first, and opens at once after its SIGKILL', async () => {
  const first = startWriter();
  await first.told(1);
  const error: unknown = await openSqliteStore({ dataDir }).catch((reason: unknown) => reason);
  if (!isStoreError(error)) throw error;
  expect(error.code).toBe('in_use');
  expect(error.message).toContain(dataDir);
  expect(error.message).toContain(String(first.pid));

  const second = startWriter();
  await second.told(1);
  expect(second.lines).toMatchObject([{ failed: 'in_use' }]);
  await second.ended();

  await first.kill();
  const store = await openSqliteStore({ dataDir });
  const third = startWriter();
  await third.told(1);
  expect(third.lines).toMatchObject([{ failed: 'in_use' }]);
  expect(third.lines[0]?.message).toContain(String(process.pid));
  await store.close();
  const fourth = startWriter();
  await fourth.told(2);
  expect(fourth.lines[0]).toMatchObject({ open: fourth.pid });
});

it('refuses a second opening in the same process', async () => {
  const store = await openSqliteStore({ dataDir });
  await expect(openSqliteStore({ dataDir })).rejects.toMatchObject({ code: 'in_use' });
  // The refused one has let go of nothing that the first holds.
  const other = startWriter();
  await other.told(1);
  expect(other.lines).toMatchObject([{ failed: 'in_use' }]);
  await store.close();
});

it('keeps everything that had resolved when the process was killed', async () => {
  const promised = { accepted: new Set<string>(), started: new Set<string>(), finished: new Set<string>() };
  for (const lines of [3, 40, 200, 77]) {
    const writer = startWriter(8);
    await writer.told(lines);
    await writer.kill();
    for (const { accepted, started, finished } of writer.lines) {
      if (accepted) promised.accepted.add(accepted);
      if (started) promised.started.add(started);
      if (finished) promised.finished.add(finished);
    }
  }
  expect(promised.finished.size).toBeGreaterThan(50);

  const store = await openSqliteStore({ dataDir });
  const { turns } = await store.recover([{ surface, account }]);
  const open = new Map(turns.map(({ turn }) => [turn.id as string, turn.state]));
  const known = new Set<string>(open.keys());
  for (let lane = 0; lane < 8; lane += 1) {
    const next = await store.accept(acceptInput(`after ${lane}`, `lane ${lane}`));
    if (next.outcome !== 'turn') throw new Error(next.outcome);
    for (const turn of await store.lastTurns(next.chat.key, 1_000_000)) known.add(turn.id);
  }
  for (const id of promised.accepted) expect(known).toContain(id);
  for (const id of promised.started) expect(open.get(id)).not.toBe('queued');
  for (const id of promised.finished) expect(open.has(id)).toBe(false);
  await store.close();
});
