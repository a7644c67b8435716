import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, NeededFiles, Pruned, Retention } from '@surfaces/core';
import { PersonId } from '@surfaces/protocol';
import { expect, test, vi } from 'vitest';
import { createFiles } from './files/kept-files.ts';
import { createMetrics } from './metrics.ts';
import { keepRetention, pruneOnce } from './retention.ts';

const DAY = 86_400_000;
const NONE: Pruned = { inbox: 0, turns: 0, operations: 0, deadLetters: 0, timeline: 0 };
const ann = PersonId.parse('person-ann');

/** Time that goes on when it is told to. */
class TestClock implements Clock {
  time = 1_000 * DAY;
  readonly #timers = new Set<{ at: number; callback: () => void }>();
  now = () => this.time;
  after = (ms: number, callback: () => void) => {
    const timer = { at: this.time + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** To the next timer; how long that was. */
  async next(): Promise<number> {
    const timer = await vi.waitFor(() => {
      const [first] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (first === undefined) throw new Error('nothing waits');
      return first;
    });
    const waited = timer.at - this.time;
    this.time = timer.at;
    this.#timers.delete(timer);
    timer.callback();
    return waited;
  }
}

function world(answers: (Pruned | Error)[], needed: NeededFiles = { ids: [] }) {
  const clock = new TestClock();
  const asked: Retention[] = [];
  const logger = {
    debug: vi.fn(),
    info: vi.fn(),
    warn: vi.fn(),
    error: vi.fn(),
    child: vi.fn(),
    isDebug: () => false,
  };
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-retention-'));
  const files = createFiles({ directory, maxBytes: 100, now: clock.now });
  const metrics = createMetrics();
  const store = {
    prune: async (before: Retention) => {
      asked.push(before);
      const answer = answers.shift() ?? NONE;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    neededFiles: async () => needed,
  };
  const options = { store, files, clock, logger, metrics };
  return {
    ...options,
    asked,
    keep: (name: string) => files.keep(ann, { name }, bytes(), new AbortController().signal),
  };
}

async function* bytes() {
  yield new Uint8Array(3);
}

const signal = new AbortController().signal;

test('begins after some minutes, goes on in small pieces, then hourly, also after a failure', async () => {
  const { asked, clock, logger, metrics, ...parts } = world([
    { ...NONE, inbox: 500 },
    { ...NONE, inbox: 7, timeline: 2 },
    new Error('the database is away'),
  ]);
  const stop = new AbortController();
  const retention = { inbox: 30 * DAY, timeline: DAY };
  const done = keepRetention({ ...parts, clock, logger, metrics, retention }, stop.signal);
  expect(await clock.next()).toBe(180_000);
  expect(await clock.next()).toBe(50);
  expect(await clock.next()).toBe(3_600_000);
  expect(asked[0]).toEqual({ inbox: asked[0]?.inbox, timeline: asked[0]?.timeline });
  expect((asked[0]?.timeline ?? 0) - (asked[0]?.inbox ?? 0)).toBe(29 * DAY);
  expect(logger.info).toHaveBeenCalledExactlyOnceWith({ inbox: 507, timeline: 2 }, expect.any(String));
  expect(await clock.next()).toBe(3_600_000);
  expect(logger.error).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(asked).toHaveLength(4));
  stop.abort(new Error('enough'));
  await done;
  expect(await metrics.render()).toContain('surfaces_pruned_total{kind="inbox"} 507');
});

test('where everything is kept for ever nothing is asked for', async () => {
  const { asked, ...parts } = world([]);
  await keepRetention({ ...parts, retention: {} }, signal);
  expect(asked).toEqual([]);
});

test('files that unfinished work needs stay, however short the limit is', async () => {
  const needed: { ids: string[]; since?: number } = { ids: [] };
  const { clock, files, keep, ...parts } = world([], needed);
  const retention = { files: 0.01 * DAY };
  const prune = () => pruneOnce({ ...parts, clock, files, retention }, signal);
  const left = async () => {
    const names: string[] = [];
    for await (const { name } of files.list(ann)) names.push(name);
    return names.sort();
  };
  const upload = await keep('upload');
  const old = await keep('old');
  needed.since = clock.time += DAY;
  needed.ids = [upload.id];
  await keep('answer');
  clock.time += DAY;
  const asked = await keep('asked');
  clock.time += DAY;
  await keep('new');
  await prune();
  expect(await left()).toEqual(['answer', 'asked', 'new', 'upload']);
  expect(await files.find(ann, old.id)).toBeUndefined();

  // The turn is over; a message is about to use a file that it just asked for.
  delete needed.since;
  needed.ids = [];
  expect(await files.find(ann, asked.id)).toBeDefined();
  await prune();
  expect(await left()).toEqual(['asked', 'new']);
  clock.time += DAY;
  await prune();
  expect(await left()).toEqual([]);
});
