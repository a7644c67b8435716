/** What a page can make a connection hold in memory. */
import { EventEmitter, once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { ChatLists } from './chat-lists.ts';
import { Connection } from './connection.ts';
import { LOCAL_PERSON } from './person.ts';
import { Rooms } from './rooms.ts';
import {
  closeAll,
  MemoryTimeline,
  memoryParts,
  realClock,
  silent,
  startWeb,
  TestPage,
} from './testing-web.ts';
import { Uploaded } from './uploaded.ts';

afterEach(closeAll);

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  isPaused = false;
  bufferedAmount = 0;
  readonly pong = vi.fn();
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  send(_text: string, done: () => void): void {
    done();
  }
  close(): void {
    this.emit('close');
  }
}

function connected(): FakeSocket {
  const socket = new FakeSocket();
  const { people, agents, files } = memoryParts();
  const common = { timeline: new MemoryTimeline(), agents, clock: realClock, logger: silent };
  const limits = { helloMs: 10_000, flushMs: 1000, rereadMs: 1000 };
  new Connection({
    ...common,
    // As much of one as a connection uses.
    socket: socket as unknown as WebSocket,
    person: LOCAL_PERSON,
    canLogOut: false,
    defaultLocale: 'en',
    rooms: new Rooms(realClock, 1000),
    lists: new ChatLists({ ...common, people, defaultLocale: 'en', rereadMs: 1000, isBusy: () => false }),
    uploaded: new Uploaded(files),
    maxFileBytes: files.maxBytes,
    commands: [],
    accept: () => undefined,
    limits,
  });
  return socket;
}

it('large frames are not read faster than they are handled', async () => {
  const socket = connected();
  const large = Buffer.from(JSON.stringify({ type: 'ping', more: 'x'.repeat(5_000_000) }));
  socket.emit('message', Buffer.from('{"type":"hello","chat":null,"after":null}'), false);
  socket.emit('message', large, false);
  expect(socket.isPaused).toBe(false);
  socket.emit('message', large, false);
  expect(socket.isPaused).toBe(true);
  await vi.waitFor(() => expect(socket.isPaused).toBe(false));
  socket.close();
});

it('pings are answered, but not those of a page that does not read the answers', async () => {
  const socket = connected();
  socket.bufferedAmount = 1_000_000;
  socket.emit('ping', Buffer.from('x'));
  expect(socket.pong).not.toHaveBeenCalled();
  socket.close();

  const web = await startWeb();
  const page = await TestPage.open(web.url);
  const pong = once(page.socket, 'pong');
  page.socket.ping('x');
  expect(String((await pong)[0])).toBe('x');
});
