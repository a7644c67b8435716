import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PageFile } from '../../src/frames.ts';
import { dropFile, sendFile } from './send-file.ts';

/** As much of the browser's request as is used. */
class FakeRequest {
  static last: FakeRequest;
  readonly upload: { onprogress?: (event: { loaded: number }) => void } = {};
  readonly headers: string[][] = [];
  method = '';
  url = '';
  body: unknown;
  status = 0;
  responseText = '';
  onload = () => undefined;
  onerror = () => undefined;
  onabort = () => undefined;

  constructor() {
    FakeRequest.last = this;
  }

  open(method: string, url: URL): void {
    this.method = method;
    this.url = url.href;
  }

  setRequestHeader(...header: string[]): void {
    this.headers.push(header);
  }

  send(body: unknown): void {
    this.body = body;
  }

  abort(): void {
    this.onabort();
  }
}

beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', FakeRequest);
  vi.stubGlobal('location', new URL('https://example.org/team/chat/#main'));
});
afterEach(() => vi.unstubAllGlobals());

const KEPT = { id: 'file-0000000000000001', name: 'a', mediaType: 'text/plain', size: 1 };

function begin(name = 'a.txt', signal = new AbortController().signal) {
  const progress: number[] = [];
  const file = new File(['x'], name, { type: 'text/plain' });
  const sent = sendFile(file, (bytes) => progress.push(bytes), signal);
  return { sent, progress, file, request: FakeRequest.last };
}

test('the bytes go below the page, whatever the file is called, and say how far they are', async () => {
  const { sent, progress, file, request } = begin('../a b?&#\n\ud800.txt');
  expect([request.method, request.body, request.headers]).toEqual([
    ...['POST', file, [['Content-Type', 'text/plain']]],
  ]);
  const url = new URL(request.url);
  expect(url.pathname).toBe('/team/chat/upload');
  expect(url.searchParams.get('name')).toBe('../a b?&#\n\ufffd.txt');
  request.upload.onprogress?.({ loaded: 7 });
  expect(progress).toEqual([7]);
  Object.assign(request, { status: 201, responseText: JSON.stringify(KEPT) }).onload();
  expect(await sent).toEqual({ file: KEPT });
});

test.each([
  ['what the server says', 507, JSON.stringify({ error: 'disk_full', text: 'x' }), 'disk_full'],
  ['another answer of the server', 201, '{"id":1}', 'failed'],
  ['a page of a proxy', 413, '<h1>Too large</h1>', 'too_large'],
  ['a proxy whose server is away', 502, '', 'stopping'],
  ['a session that ended', 401, 'no', 'signed_out'],
  ['a reason that is not known here', 400, JSON.stringify({ error: 'new', text: 'x' }), 'failed'],
])('%s becomes a reason', async (_, status, responseText, problem) => {
  const { sent, request } = begin();
  Object.assign(request, { status, responseText }).onload();
  expect(await sent).toEqual({ problem });
});

test('a connection that breaks and an upload that is stopped are cut off', async () => {
  const broken = begin();
  broken.request.onerror();
  expect(await broken.sent).toEqual({ problem: 'cut_off' });
  const stop = new AbortController();
  const stopped = begin('b', stop.signal);
  stop.abort();
  expect(await stopped.sent).toEqual({ problem: 'cut_off' });
});

test('a file is taken back below the page; where that fails, nobody is told', async () => {
  const asked: unknown[] = [];
  vi.stubGlobal('fetch', async (url: URL, { method }: RequestInit) => {
    asked.push([method, url.href]);
    throw new TypeError('no network');
  });
  dropFile(PageFile.parse(KEPT));
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toEqual([['DELETE', `https://example.org/team/chat/files/${KEPT.id}`]]);
});
