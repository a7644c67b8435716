/** The way of messages, answers and drafts between the core and browsers, over real sockets. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { addressKey, MAX_INCOMING_TEXT, SurfaceId, TurnId } from '@surfaces/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerFrame } from './frames.ts';
import { addressOf, LOCAL_PERSON } from './person.ts';
import { answerOf, closeAll, operation, startWeb, TestPage, type TestWeb } from './testing-web.ts';

const here = addressOf(LOCAL_PERSON.id);
const signal = new AbortController().signal;
const say = (web: TestWeb, text: string, turnId?: string) =>
  web.adapter.send(here, answerOf(text, turnId), operation(), signal);
const is =
  <T extends ServerFrame['type']>(type: T, id?: string) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
    frame.type === type && (id === undefined || ('id' in frame && frame.id === id));
const id = (n: number) => `message-${n}`;

afterEach(closeAll);

describe('what a person sends', () => {
  it('is accepted, durable before it is confirmed, and seen in every browser of that person', async () => {
    const web = await startWeb();
    const [one, two] = [await TestPage.open(web.url), await TestPage.open(web.url)];
    one.post({ type: 'message', id: id(1), chat: 'main', text: 'hello' });
    const { seq } = await one.until(is('accepted', id(1)));
    expect(web.timeline.rows.map((row) => row.entry.seq)).toEqual([seq]);
    for (const page of [one, two]) {
      await page.until(is('entries'));
      expect(page.entries()).toMatchObject([{ by: 'person', seq, id: id(1), text: 'hello' }]);
    }
    expect(web.events).toMatchObject([{ kind: 'message', text: 'hello', author: { locale: 'en' } }]);
  });

  it('is one message when it comes twice', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'hello' });
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'hello' });
    await vi.waitFor(() => expect(page.frames.filter(is('accepted', id(1)))).toHaveLength(2));
    expect(web.events).toHaveLength(1);
    expect(page.entries()).toHaveLength(1);
  });

  it('does not collide with what another person calls the same', async () => {
    const accessKeys = ['alice', 'bob'].map((name) => ({ name, key: `key-of-${name}` }));
    const web = await startWeb({ accessKeys });
    for (const name of ['alice', 'bob']) {
      const page = await TestPage.open(web.url, null, { Authorization: `Bearer key-of-${name}` });
      page.post({ type: 'message', id: id(1), chat: 'main', text: name });
      await page.until(is('entries'));
      expect(page.entries()).toMatchObject([{ text: name, name }]);
    }
    expect(web.events).toHaveLength(2);
  });

  it.each([
    ['/stop', { kind: 'command', name: 'stop', args: '' }],
    ['!HELP me please', { kind: 'command', name: 'help', args: 'me please' }],
    ['  /помощь', { kind: 'command', name: 'помощь' }],
    ['/usr/bin is a directory', { kind: 'message' }],
    ['! not one', { kind: 'message' }],
    ['/', { kind: 'message' }],
    ['!!!', { kind: 'message' }],
    ['a /stop', { kind: 'message' }],
  ])('%j is understood', async (text, expected) => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    page.post({ type: 'message', id: id(1), chat: 'main', text });
    await page.until(is('accepted', id(1)));
    expect(web.events).toMatchObject([expected]);
  });

  it('is cleaned of what has no form: lone surrogates, control characters, line ends', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'a\ud83d\u0000\u0007b\r\nc\tд' });
    await page.until(is('entries'));
    expect(web.events).toMatchObject([{ text: 'a\ufffdb\nc\tд' }]);
  });

  it('of 1 MB is refused as too long, and the connection goes on', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'x'.repeat(1024 * 1024) });
    expect(await page.until(is('refused', id(1)))).toMatchObject({ reason: 'too_long', retry: false });
    page.post({ type: 'message', id: id(2), chat: 'main', text: 'x'.repeat(MAX_INCOMING_TEXT) });
    await page.until(is('accepted', id(2)));
    expect(web.events).toHaveLength(1);
  });

  it('that the core refuses is answered with its reason', async () => {
    const web = await startWeb();
    web.answer = async () => ({ outcome: 'refused', reason: 'rate', notice: 'Slowly.', retry: true });
    const page = await TestPage.open(web.url);
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'x' });
    expect(await page.until(is('refused', id(1)))).toMatchObject({
      reason: 'rate',
      notice: 'Slowly.',
      retry: true,
    });
  });

  it('is to be sent again when it could not be stored, or while the server stops', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    web.answer = () => Promise.reject(new Error('disk full'));
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'x' });
    expect(await page.until(is('refused', id(1)))).toMatchObject({ reason: 'unavailable', retry: true });
    web.answer = undefined;
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'x' });
    await page.until(is('accepted', id(1)));
    await web.adapter.pause();
    page.post({ type: 'message', id: id(2), chat: 'main', text: 'x' });
    expect(await page.until(is('refused', id(2)))).toMatchObject({ reason: 'stopping', retry: true });
    await say(web, 'an answer still arrives');
    await vi.waitFor(() => expect(page.entries()).toHaveLength(2));
  });

  it('out of form gets an answer, and costs nobody the connection', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const errors = () => page.frames.filter(is('error'));
    const bad = [
      '{',
      '[]',
      '"text"',
      '{"type":"unknown"}',
      '{"type":"message","id":"../../x","text":"x"}',
      '{"type":"message","id":"message-1"}',
    ];
    for (const text of bad) page.socket.send(text);
    page.socket.send(Buffer.from([1, 2, 3]));
    await vi.waitFor(() => expect(errors()).toHaveLength(bad.length + 1));
    for (const error of errors()) expect(error.detail).not.toBe('');
    page.post({ type: 'ping' });
    await page.until(is('pong'));
  });

  it('before a hello ends the connection', async () => {
    const web = await startWeb();
    const page = new TestPage(web.url);
    await once(page.socket, 'open');
    page.post({ type: 'message', id: id(1), chat: 'main', text: 'x' });
    await once(page.socket, 'close');
    expect(page.closed?.code).toBe(4002);
    expect(web.events).toEqual([]);
  });
});

describe('an answer', () => {
  it('is one message, however often the same operation is sent', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const same = operation();
    const first = await web.adapter.send(here, answerOf('a'), same, signal);
    const again = await web.adapter.send(here, answerOf('a'), same, signal);
    expect(again).toEqual(first);
    await say(web, 'b');
    await vi.waitFor(() => expect(page.entries()).toHaveLength(2));
    expect(page.entries()).toMatchObject([{ message: { markdown: 'a' } }, { message: { markdown: 'b' } }]);
  });

  it('grows by what is new, starts whole in a second browser, and is replaced by the final', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const turnId = TurnId.parse('t1');
    const show = (text: string, progress?: string) =>
      web.adapter.drafts?.show(here, { turnId, text, ...(progress ? { progress } : {}) }, signal);
    await show('Hello');
    await page.until(is('draft'));
    await show('Hello wor', 'searching');
    await vi.waitFor(() => expect(page.frames.filter(is('draft'))).toHaveLength(2));
    expect(page.frames.filter(is('draft'))).toMatchObject([
      { from: 0, text: 'Hello' },
      { from: 5, text: ' wor', progress: 'searching' },
    ]);
    const second = await TestPage.open(web.url);
    expect(await second.until(is('draft'))).toMatchObject({ from: 0, text: 'Hello wor' });
    await say(web, 'Hello world', 't1');
    await vi.waitFor(() => expect(second.entries()).toHaveLength(1));
    const third = await TestPage.open(web.url);
    expect(third.frames.filter(is('draft'))).toEqual([]);
    expect(await third.until(is('caught_up'))).toMatchObject({ drafts: [] });
  });

  it('that ends without a final has its preview taken away', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    const turnId = TurnId.parse('t1');
    await web.adapter.drafts?.show(here, { turnId, text: 'x' }, signal);
    await page.until(is('draft'));
    await web.adapter.drafts?.clear(here, turnId, signal);
    expect(await page.until(is('draft_clear'))).toMatchObject({ turnId });
  });

  it('shows that the agent works, and forgets it when nobody says so any more', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    await web.adapter.typing?.set(here, true, signal);
    expect(await page.until(is('busy'))).toMatchObject({ on: true });
    expect(await (await TestPage.open(web.url)).until(is('caught_up'))).toMatchObject({ busy: true });
    await web.adapter.typing?.set(here, false, signal);
    await page.until((frame) => frame.type === 'busy' && !frame.on);
  });

  it('is not delivered to an address of another surface, nor when the store fails', async () => {
    const web = await startWeb();
    const elsewhere = { ...here, surface: SurfaceId.parse('matrix') };
    await expect(web.adapter.send(elsewhere, answerOf('x'), operation(), signal)).rejects.toMatchObject({
      code: 'refused',
    });
    web.timeline.fault = new Error('disk full');
    await expect(say(web, 'x')).rejects.toMatchObject({ code: 'unreachable', outcomeUnknown: true });
  });
});

describe('coming back', () => {
  it('shows what was missed: nothing missing, nothing twice, in order', async () => {
    const step = fc.record({
      what: fc.constantFrom('answer', 'message', 'drop', 'come', 'come'),
      page: fc.nat(2),
      // Long enough for a connection to stand, or to be caught in the middle of anything.
      restMs: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 50 }), async (steps) => {
        const web = await startWeb();
        const seen: number[][] = [[], [], []];
        const pages: (TestPage | undefined)[] = [undefined, undefined, undefined];
        const drop = async (n: number) => {
          const page = pages[n];
          pages[n] = undefined;
          if (page === undefined) return;
          page.socket.terminate();
          seen[n]?.push(...page.entries().map((entry) => entry.seq));
        };
        const come = (n: number) => {
          // Not awaited until caught up: what happens meanwhile is the point.
          const page = new TestPage(web.url);
          const after = seen[n]?.at(-1) ?? 0;
          page.socket.on('open', () => page.post({ type: 'hello', chat: null, after }));
          pages[n] = page;
        };
        let count = 0;
        for (const { what, page: n, restMs } of steps) {
          count += 1;
          if (what === 'answer') void say(web, `answer ${count}`);
          else if (what === 'drop') await drop(n);
          else if (what === 'come') pages[n] ?? come(n);
          else
            pages[n]?.socket.readyState === 1 &&
              pages[n]?.post({ type: 'message', id: id(count), chat: 'main', text: 'x' });
          await new Promise((resolve) => setTimeout(resolve, restMs));
        }
        for (const n of [0, 1, 2]) {
          await drop(n);
          come(n);
        }
        await Promise.all(pages.map((page) => page?.until(is('caught_up'))));
        const all = () => web.timeline.rows.map((row) => row.entry.seq);
        await vi.waitFor(() => {
          for (const [n, page] of pages.entries()) {
            expect([...(seen[n] ?? []), ...(page?.entries() ?? []).map((entry) => entry.seq)]).toEqual(all());
          }
        });
        await closeAll();
      }),
      { numRuns: 25 },
    );
  });

  it('after very much was missed gets the newest, and the rest by pages', async () => {
    const web = await startWeb();
    for (let i = 0; i < 620; i += 1) await say(web, `${i}`);
    const page = await TestPage.open(web.url, 1);
    expect(await page.until(is('opened'))).toMatchObject({ reset: true, older: true });
    const seqs = page.entries().map((entry) => entry.seq);
    for (let more = true; more; ) {
      const before = seqs[0] ?? 0;
      page.post({ type: 'older', chat: 'main', before });
      const older = await page.until(
        (f): f is Extract<ServerFrame, { type: 'older' }> => f.type === 'older' && f.before === before,
      );
      seqs.unshift(...older.entries.map((entry) => entry.seq));
      more = older.more;
    }
    expect(seqs).toEqual(web.timeline.rows.map((row) => row.entry.seq));
  });

  it('with entries that this server never had begins anew', async () => {
    const web = await startWeb();
    await say(web, 'only one');
    const page = await TestPage.open(web.url, 999);
    expect(await page.until(is('opened'))).toMatchObject({ reset: true });
    expect(page.entries()).toHaveLength(1);
  });

  it('waits for a timeline that cannot be read', async () => {
    const web = await startWeb({ limits: { rereadMs: 20 } });
    await say(web, 'a');
    web.timeline.fault = new Error('busy');
    const opening = TestPage.open(web.url);
    await new Promise((resolve) => setTimeout(resolve, 60));
    web.timeline.fault = undefined;
    expect((await opening).entries()).toHaveLength(1);
  });
});

it('a browser that does not read is disconnected, the others are served', async () => {
  const web = await startWeb({ limits: { flushMs: 300 } });
  const other = await TestPage.open(web.url);
  const { port } = new URL(web.url);
  const slow = connect(Number(port), '127.0.0.1');
  slow.write(
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  await once(slow, 'data');
  // A masked text frame; the mask is zero.
  const hello = Buffer.from('{"type":"hello","chat":null,"after":null}');
  slow.write(Buffer.concat([Buffer.from([0x81, 0x80 | hello.length, 0, 0, 0, 0]), hello]));
  await once(slow, 'data');
  slow.pause();
  const gone = once(slow, 'close');
  const text = 'x'.repeat(190_000);
  for (let i = 0; i < 100; i += 1) await say(web, text);
  await vi.waitFor(() => expect(other.entries()).toHaveLength(100), { timeout: 10_000 });
  slow.on('error', () => undefined);
  setTimeout(() => slow.resume(), 1000);
  await gone;
});

it('proves its health by being served like a browser', async () => {
  const web = await startWeb({ host: '0.0.0.0', accessKeys: [{ key: 'a key' }] });
  expect(await web.adapter.health?.probe(signal)).toMatchObject({ ok: true });
  web.timeline.fault = new Error('disk gone');
  expect(await web.adapter.health?.probe(signal)).toMatchObject({ ok: false });
  web.timeline.fault = undefined;
  await web.adapter.stop();
  expect(await web.adapter.health?.probe(signal)).toMatchObject({ ok: false });
});

it('says goodbye to its browsers when it stops', async () => {
  const web = await startWeb();
  const page = await TestPage.open(web.url);
  await Promise.all([once(page.socket, 'close'), web.adapter.stop()]);
  expect(page.closed?.code).toBe(1001);
  await expect(say(web, 'x')).rejects.toMatchObject({ code: 'unreachable' });
  expect(web.timeline.rows.filter((row) => row.room === addressKey(here))).toEqual([]);
});
