import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformChatId } from '@surfaces/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { fileTurnLog } from './file-turn-log.ts';
import type { HostEvent } from './host-event.ts';
import { memoryTurnLog } from './turn-log.ts';

const context = PlatformChatId.parse('1');
const other = PlatformChatId.parse('2');
const events: readonly HostEvent[] = [
  { type: 'AGENT_EVENT_TEXT_CHUNK', text: 'x'.repeat(1000) },
  { type: 'AGENT_EVENT_END', cost: 1 },
];
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('memory turn log', () => {
  test('keeps turns for their time, and forgets a context', async () => {
    const log = memoryTurnLog({ retainMs: 50 });
    cleanups.push(() => log.close());
    await log.finish(context, 'a', events);
    await log.finish(other, 'a', events);
    expect(await log.find(context, 'a')).toEqual(events);
    await log.forget(context);
    expect(await log.find(context, 'a')).toBeUndefined();
    expect(await log.find(other, 'a')).toEqual(events);
    await expect.poll(() => log.find(other, 'a'), { timeout: 2000 }).toBeUndefined();
  });

  test('drops the oldest when it is full', async () => {
    const log = memoryTurnLog({ maxSize: 3000 });
    cleanups.push(() => log.close());
    for (const id of ['a', 'b', 'c']) await log.finish(context, id, events);
    expect(await log.find(context, 'a')).toBeUndefined();
    expect(await log.find(context, 'c')).toEqual(events);
  });
});

describe('file turn log', () => {
  async function directory(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'turn-log-'));
    cleanups.push(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  test('keeps turns for their time, over restarts; sweeps at the start', async () => {
    const path = await directory();
    const log = await fileTurnLog(path, { retainMs: 60_000 });
    await log.finish(context, 'a', events);
    await log.close();
    const again = await fileTurnLog(path, { retainMs: 60_000 });
    expect(await again.find(context, 'a')).toEqual(events);
    expect(await again.find(other, 'a')).toBeUndefined();
    await again.close();
    const [file] = await readdir(join(path, context));
    const old = new Date(Date.now() - 61_000);
    await utimes(join(path, context, String(file)), old, old);
    const later = await fileTurnLog(path, { retainMs: 60_000 });
    expect(await later.find(context, 'a')).toBeUndefined();
    expect(await readdir(path)).toEqual([]);
    await later.close();
  });

  test('a file that was not finished is no turn; a damaged one is an error, not an answer', async () => {
    const path = await directory();
    const log = await fileTurnLog(path);
    cleanups.push(() => log.close());
    await log.finish(context, 'a', events);
    const [file] = await readdir(join(path, context));
    await writeFile(join(path, context, `${file}.123.tmp`), '[{"type"');
    expect(await log.find(context, 'a')).toEqual(events);
    await writeFile(join(path, context, String(file)), '[{"type":"AGENT_EVENT_TEXT_CHUNK"}]');
    await expect(log.find(context, 'a')).rejects.toThrow();
    await log.forget(context);
    expect(await log.find(context, 'a')).toBeUndefined();
  });
});
