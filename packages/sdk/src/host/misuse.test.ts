import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformChatId } from '@surfaces/protocol';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { fileTurnLog } from './file-turn-log.ts';
import type { ServeAgentOptions } from './options.ts';
import { serveAgent } from './serve-agent.ts';

interface Frame {
  readonly type: string;
  readonly [field: string]: unknown;
}

const cleanups: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A host, and one caller of it that says hello and sees each frame. */
async function call(options: ServeAgentOptions) {
  const server = await serveAgent(options);
  cleanups.push(() => server.close({ drainMs: 0 }));
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/v1/agent_ws/7/`);
  const frames: Frame[] = [];
  const more = new EventTarget();
  ws.on('message', (data) => {
    frames.push(JSON.parse(data.toString()));
    more.dispatchEvent(new Event('frame'));
  });
  await once(ws, 'open');
  const send = (frame: Frame) => ws.send(JSON.stringify(frame));
  const next = async (wanted: (frame: Frame) => boolean): Promise<Frame> => {
    const signal = AbortSignal.timeout(3000);
    for (;;) {
      const at = frames.findIndex(wanted);
      const [found] = at < 0 ? [] : frames.splice(0, at + 1).slice(-1);
      if (found !== undefined) return found;
      await once(more, 'frame', { signal });
    }
  };
  const status = await next(({ type }) => type === 'STATUS');
  send({ type: 'HELLO', features: status.features });
  const ask = (request_id: string) => send({ type: 'USER_MESSAGE', text: request_id, request_id });
  const end = (id: string) => next((frame) => frame.type === 'AGENT_EVENT_END' && frame.request_id === id);
  return { server, send, next, ask, end };
}

const echo: ServeAgentOptions = { onTurn: (turn) => turn.write(turn.text) };

test('a caller that has all of a finished turn, and asks for what follows, hears the next turn', async () => {
  const { send, next, ask, end } = await call(echo);
  ask('a');
  await end('a');
  send({ type: 'RESUME', request_id: 'a', after_seq: 2 });
  expect(await next(({ type }) => type === 'RESUMED')).toMatchObject({ state: 'done' });
  ask('b');
  await end('b');
});

test('a caller that has more of a turn than there is had another run of it', async () => {
  const go = Promise.withResolvers<void>();
  const { send, next, ask, end } = await call({ onTurn: () => go.promise });
  ask('a');
  for (const finished of [false, true]) {
    send({ type: 'RESUME', request_id: 'a', after_seq: 9 });
    expect(await next(({ type }) => type === 'RESUMED')).toMatchObject({ state: 'unknown' });
    if (finished) break;
    go.resolve();
    await end('a');
  }
  ask('b');
  await end('b');
});

test('the same request twice, at a host without idempotent, hangs nobody', async () => {
  const go = Promise.withResolvers<void>();
  const { ask, end } = await call({ onTurn: () => go.promise, features: ['resume'] });
  ask('a');
  ask('a');
  go.resolve();
  await end('a');
  ask('b');
  await end('b');
});

test('a flood of messages is refused, and what was taken is answered', async () => {
  const go = Promise.withResolvers<void>();
  const { ask, end, next } = await call({ onTurn: () => go.promise });
  for (let i = 0; i < 2000; i++) ask(`m${i}`);
  expect(await next(({ type }) => type === 'ERROR')).toMatchObject({ code: 'busy' });
  go.resolve();
  await end('m0');
  await end('m500');
});

test('close waits for the turns that are being logged', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'turn-log-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  const log = await fileTurnLog(directory);
  const context = PlatformChatId.parse('7');
  void log.finish(context, 'a', [{ type: 'AGENT_EVENT_END' }]);
  await log.close();
  expect(await readdir(join(directory, '7'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
});

test('a person with a directory that can be none is refused, and the next message is answered', async () => {
  const { send, next, ask, end } = await call(echo);
  const person = { id: 'p', name: 'P', locale: 'en' };
  for (const directory of ['', 'x'.repeat(256), 7]) {
    send({ type: 'USER_MESSAGE', text: 'x', request_id: 'bad', person: { ...person, directory } });
    expect(await next(({ type }) => type === 'ERROR')).toMatchObject({
      code: 'bad_request',
      request_id: 'bad',
    });
  }
  ask('a');
  await end('a');
});
