import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Link } from './link.ts';

/** A server that is not there until the test says so. */
class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  readonly sent: string[] = [];
  onopen: (() => void) | undefined;
  onclose: ((event: { code: number }) => void) | undefined;

  constructor() {
    Socket.all.push(this);
  }

  open(): void {
    this.readyState = Socket.OPEN;
    this.onopen?.();
  }

  fail(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006 });
  }

  send(frame: string): void {
    this.sent.push(frame);
  }

  close(): void {
    this.readyState = 3;
  }
}

let page: EventTarget & { visibilityState: DocumentVisibilityState };
let browser: EventTarget;
let isUp: boolean;
let asked: number;

beforeEach(() => {
  vi.useFakeTimers();
  Socket.all = [];
  isUp = false;
  asked = 0;
  browser = new EventTarget();
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' as const });
  vi.stubGlobal('window', browser);
  vi.stubGlobal('document', page);
  vi.stubGlobal('location', { href: 'http://page.test/' });
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('fetch', async () => {
    asked++;
    if (!isUp) throw new TypeError('refused');
    return { status: 200 };
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A page whose server has just gone. */
function lost(): Link {
  const link = new Link({
    hello: () => ({ type: 'hello', chat: null, after: null }),
    frame: () => undefined,
    closed: () => undefined,
  });
  link.connect();
  Socket.all[0]?.fail();
  expect(link.state.value).toBe('offline');
  return link;
}

const MINUTE = 60_000;

test('while somebody looks a server that comes back is found within three seconds, however long it was away', async () => {
  lost();
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  isUp = true;
  expect(Socket.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(3000);
  expect(Socket.all).toHaveLength(2);
});

test('while nobody looks it is asked for less often', async () => {
  page.visibilityState = 'hidden';
  lost();
  await vi.advanceTimersByTimeAsync(MINUTE);
  const before = asked;
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(asked - before).toBeLessThanOrEqual(80);
});

test.each([
  ['the page is shown', () => page.dispatchEvent(new Event('visibilitychange'))],
  ['its window is chosen', () => browser.dispatchEvent(new Event('focus'))],
  ['the network is back', () => browser.dispatchEvent(new Event('online'))],
])('it is tried at once when %s, and only once', async (_, happens) => {
  page.visibilityState = 'hidden';
  lost();
  await vi.advanceTimersByTimeAsync(MINUTE);
  page.visibilityState = 'visible';
  isUp = true;
  happens();
  happens();
  expect(Socket.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(5000);
  expect(Socket.all).toHaveLength(2);
  Socket.all[1]?.open();
  expect(Socket.all[1]?.sent).toEqual(['{"type":"hello","chat":null,"after":null}']);
});

test('a question that was refused late does not end the connection that came meanwhile', async () => {
  let refuse = (): void => undefined;
  vi.stubGlobal('fetch', () => new Promise((_, reject) => (refuse = () => reject(new TypeError('refused')))));
  const link = lost();
  await vi.advanceTimersByTimeAsync(1000);
  browser.dispatchEvent(new Event('focus'));
  Socket.all[1]?.open();
  refuse();
  await vi.advanceTimersByTimeAsync(5000);
  expect(Socket.all).toHaveLength(2);
  expect(link.post({ type: 'ping' })).toBe(true);
});
