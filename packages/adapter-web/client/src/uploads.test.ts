import { FileId } from '@surfaces/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PageFile } from '../../src/frames.ts';
import { storage } from './testing-storage.ts';
import { canRetry, type Sent, UploadSlots, Uploads } from './uploads.ts';

beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('sessionStorage', storage());
});
afterEach(() => vi.unstubAllGlobals());

interface Running {
  readonly name: string;
  readonly signal: AbortSignal;
  progress(bytes: number): void;
  end(sent?: Sent): Promise<void>;
}

let ids = 0;
function pageFile(name: string, size = 3): PageFile {
  ids++;
  return { id: FileId.parse(`file-${String(ids).padStart(16, '0')}`), name, mediaType: 'text/plain', size };
}

/** A server that answers when the test says so. */
class Server {
  readonly running: Running[] = [];
  readonly dropped: string[] = [];
  online = true;
  readonly slots = new UploadSlots(
    (file, progress, signal) =>
      new Promise((resolve) => {
        this.running.push({
          name: file.name,
          signal,
          progress,
          end: async (sent = { file: pageFile(file.name, file.size) }) => {
            resolve(sent);
            await turn();
          },
        });
      }),
    () => this.online,
    ({ name }) => this.dropped.push(name),
  );

  names(): string[] {
    return this.running.map(({ name }) => name);
  }

  at(at: number): Running {
    const found = this.running[at];
    if (found === undefined) throw new Error(`upload ${at} did not begin`);
    return found;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const file = (name: string, text = 'abc') => new File([text], name, { type: 'text/plain' });

function uploadsTo(server: Server, place = 'p.main', limits = { fileBytes: 10, files: 5 }): Uploads {
  return new Uploads(place, server.slots, () => limits);
}

const states = (uploads: Uploads) =>
  uploads.all.value.map(({ name, state, problem }) => [name, state, problem].filter(Boolean).join(' '));

test('three files go up at once, over all chats; the others follow in order', async () => {
  const server = new Server();
  const one = uploadsTo(server, 'p.main');
  const other = uploadsTo(server, 'p.other');
  one.add(['a', 'b', 'c', 'd'].map((name) => file(name)));
  other.add([file('e')]);
  await turn();
  expect(server.names()).toEqual(['a', 'b', 'c']);
  expect(states(one)).toEqual(['a sending', 'b sending', 'c sending', 'd waiting']);
  await server.at(1).end();
  expect(server.names()).toEqual(['a', 'b', 'c', 'd']);
  await server.at(0).end({ problem: 'disk_full' });
  expect(server.names()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(states(one)).toEqual(['a failed disk_full', 'b done', 'c sending', 'd sending']);
});

test('progress is never more than all; what is up is handed over once', async () => {
  const server = new Server();
  const uploads = uploadsTo(server);
  uploads.add([file('a'), file('b')]);
  await turn();
  server.at(0).progress(2);
  expect(uploads.all.value[0]?.sent.value).toBe(2);
  server.at(0).progress(200);
  expect(uploads.all.value[0]?.sent.value).toBe(3);
  expect(uploads.running.value).toBe(true);
  await server.at(1).end();
  await server.at(0).end();
  expect(uploads.running.value).toBe(false);
  expect(uploads.take().map(({ name }) => name)).toEqual(['a', 'b']);
  expect(uploads.take()).toEqual([]);
});

test('what cannot be sent is not begun, and says why', async () => {
  const server = new Server();
  const uploads = uploadsTo(server, 'p.main', { fileBytes: 10, files: 2 });
  uploads.add([file('large', 'x'.repeat(11)), file('empty', ''), { folder: 'box' }]);
  uploads.add(['a', 'b', 'c'].map((name) => file(name)));
  await turn();
  expect(server.names()).toEqual(['a', 'b']);
  expect(states(uploads)).toEqual([
    ...['large failed too_large', 'empty failed empty', 'box failed folder'],
    ...['a sending', 'b sending', 'c failed too_many'],
  ]);
  expect(uploads.all.value.filter(canRetry)).toEqual([]);
  const none = uploadsTo(server, 'p.other', { fileBytes: 0, files: 2 });
  none.add([file('a')]);
  expect(states(none)).toEqual(['a failed no_files']);
});

test('a file that was taken away is not sent on, and its place is free', async () => {
  const server = new Server();
  const uploads = uploadsTo(server);
  uploads.add(['a', 'b', 'c', 'd', 'e'].map((name) => file(name)));
  await turn();
  const key = (at: number) => uploads.all.value[at]?.key ?? '';
  uploads.remove(key(3));
  uploads.remove(key(0));
  expect(server.at(0).signal.aborted).toBe(true);
  await server.at(0).end({ problem: 'cut_off' });
  expect(server.names()).toEqual(['a', 'b', 'c', 'e']);
  expect(states(uploads)).toEqual(['b sending', 'c sending', 'e sending']);
});

test('what was taken away after it was up does not stay at the server; what was handed over does', async () => {
  const server = new Server();
  const uploads = uploadsTo(server);
  uploads.add(['up', 'nearly up', 'sent'].map((name) => file(name)));
  await turn();
  const key = (at: number) => uploads.all.value[at]?.key ?? '';
  await server.at(0).end();
  uploads.remove(key(0));
  expect(server.dropped).toEqual(['up']);
  // The server had it already.
  uploads.remove(key(0));
  await server.at(1).end();
  expect(server.dropped).toEqual(['up', 'nearly up']);
  await server.at(2).end();
  uploads.take();
  uploads.stop();
  expect(server.dropped).toEqual(['up', 'nearly up']);
});

test('a failed one is tried again by hand; a cut off one also when the connection is back', async () => {
  const server = new Server();
  const uploads = uploadsTo(server);
  uploads.add([file('a'), file('b')]);
  await turn();
  server.online = false;
  await server.at(0).end({ problem: 'cut_off' });
  await server.at(1).end({ problem: 'failed' });
  expect(uploads.all.value.map(canRetry)).toEqual([true, true]);
  uploads.resume();
  await turn();
  expect(states(uploads)).toEqual(['a waiting', 'b failed failed']);
  expect(server.names()).toEqual(['a', 'b']);
  server.online = true;
  server.slots.wake();
  await turn();
  uploads.retry(uploads.all.value[1]?.key ?? '');
  await turn();
  expect(server.names()).toEqual(['a', 'b', 'a', 'b']);
  await server.at(2).end();
  await server.at(3).end();
  expect(states(uploads)).toEqual(['a done', 'b done']);
});

test('after a reload what was up is there, what was not is named once, in its own chat only', async () => {
  const server = new Server();
  const uploads = uploadsTo(server);
  uploads.add([file('up'), file('not up'), file('sent'), file('empty', '')]);
  await turn();
  await server.at(2).end();
  uploads.take();
  await server.at(0).end();
  const reloaded = uploadsTo(new Server());
  expect(states(reloaded)).toEqual(['up done', 'not up failed reloaded']);
  expect(reloaded.all.value.map(canRetry)).toEqual([false, false]);
  expect(reloaded.take()).toMatchObject([{ name: 'up', size: 3 }]);
  expect(states(uploadsTo(new Server()))).toEqual([]);
  expect(states(uploadsTo(new Server(), 'p.other'))).toEqual([]);
});

test('what one tab sent or took away is not sent by another that found it kept', async () => {
  const server = new Server();
  const one = uploadsTo(server);
  one.add([file('sent'), file('kept')]);
  await turn();
  await server.at(0).end();
  const other = uploadsTo(new Server());
  expect(states(other)[0]).toBe('sent done');
  const gone: string[] = [];
  const remove = localStorage.removeItem.bind(localStorage);
  vi.spyOn(localStorage, 'removeItem').mockImplementation((key) => {
    gone.push(key);
    remove(key);
  });
  one.take();
  for (const key of gone) other.forgotten(key.replace('surfaces.', ''));
  expect(states(other).filter((state) => state.includes('done'))).toEqual([]);
  other.forgotten('upload.p.other.file-0000000000000001');
});

test('another tab is not told of what goes up in this one', async () => {
  const server = new Server();
  uploadsTo(server).add([file('a')]);
  vi.stubGlobal('sessionStorage', storage());
  expect(states(uploadsTo(new Server()))).toEqual([]);
});
