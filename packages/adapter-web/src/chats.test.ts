/** Several chats of one person over one connection. */
import { once } from 'node:events';
import { addressKey, ExternalId, TurnId } from '@surfaces/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClientFrameInput, ServerFrame } from './frames.ts';
import { addressOf, eventIdOf, LOCAL_PERSON } from './person.ts';
import { Rooms } from './rooms.ts';
import { answerOf, COMMANDS, closeAll, operation, startWeb, TestPage, type TestWeb } from './testing-web.ts';

const me = LOCAL_PERSON.id;
const signal = new AbortController().signal;
const is =
  <T extends ServerFrame['type']>(type: T) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
    frame.type === type;
const say = (web: TestWeb, chat: string, text: string, turnId?: string) =>
  web.adapter.send(addressOf(me, chat), answerOf(text, turnId), operation(), signal);
const seqsOf = (web: TestWeb, chat: string) =>
  web.timeline.rows
    .filter(({ room }) => room === addressKey(addressOf(me, chat)))
    .map((row) => row.entry.seq);

afterEach(closeAll);

async function withChats(...threads: string[]): Promise<TestWeb> {
  const web = await startWeb();
  for (const thread of threads) web.people.bind('local', thread);
  return web;
}

describe('a connection', () => {
  it('begins with who it is, what can be done, the list, and then one chat', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    expect(page.frames.map(({ type }) => type)).toEqual(['welcome', 'chats', 'opened', 'caught_up']);
    expect(await page.until(is('welcome'))).toMatchObject({
      person: { id: 'local' },
      settings: { locale: 'en', localeChosen: false, streaming: true },
      limits: { fileBytes: web.files.maxBytes },
      commands: COMMANDS,
    });
    expect((await page.until(is('chats'))).chats).toEqual([
      expect.objectContaining({ id: 'main', number: '', agent: 'Analyst', state: 'active', last: 0 }),
      expect.objectContaining({ id: 'two', number: 'C1', name: 'two', unread: false, busy: false }),
    ]);
  });

  it('opens the chat that was spoken in last, but no archived one', async () => {
    const web = await withChats('two', 'three');
    await say(web, 'main', 'a');
    await new Promise((resolve) => setTimeout(resolve, 2));
    await say(web, 'two', 'b');
    await new Promise((resolve) => setTimeout(resolve, 2));
    await say(web, 'three', 'c');
    web.people.bind('local', 'three', { state: 'archived' });
    expect(await (await TestPage.open(web.url)).until(is('opened'))).toMatchObject({ chat: 'two' });
    const page = await TestPage.open(web.url, null, {}, 'three');
    expect(await page.until(is('opened'))).toMatchObject({ chat: 'three' });
    expect((await page.until(is('chats'))).chats.map(({ id }) => id)).toEqual(['three', 'two', 'main']);
  });

  it('shows one chat at a time: entries, drafts and what is busy of that one only', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url, null, {}, 'main');
    await say(web, 'two', 'elsewhere');
    await web.adapter.drafts?.show(addressOf(me, 'two'), { turnId: TurnId.parse('t'), text: 'x' }, signal);
    await web.adapter.typing?.set(addressOf(me, 'two'), true, signal);
    await vi.waitFor(() => expect(page.listed('two')).toMatchObject({ busy: true, unread: true }));
    expect(page.frames.filter((frame) => ['entries', 'draft', 'busy'].includes(frame.type))).toEqual([]);
    page.post({ type: 'open', chat: 'two', after: null });
    expect(await page.until(is('draft'))).toMatchObject({ chat: 'two', text: 'x' });
    expect(page.entries('two')).toMatchObject([{ message: { markdown: 'elsewhere' } }]);
    expect(page.frames.filter(is('caught_up')).at(-1)).toMatchObject({ busy: true, drafts: ['t'] });
    const before = page.frames.length;
    await say(web, 'main', 'not shown any more');
    await say(web, 'two', 'shown');
    await vi.waitFor(() => expect(page.entries('two')).toHaveLength(2));
    expect(page.frames.slice(before).filter(is('entries'))).toMatchObject([{ chat: 'two' }]);
  });

  it('however one goes from chat to chat: nothing missing, nothing twice, nothing elsewhere', async () => {
    const chats = ['main', 'two', 'three'] as const;
    const step = fc.record({
      what: fc.constantFrom('answer', 'message', 'open', 'open', 'rest'),
      chat: fc.constantFrom(...chats),
      restMs: fc.nat(4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 50 }), async (steps) => {
        const web = await withChats('two', 'three');
        const page = new TestPage(web.url);
        const seen: Record<string, number[]> = { main: [], two: [], three: [] };
        let opened = '';
        page.socket.on('message', (data) => {
          const frame = JSON.parse(String(data)) as ServerFrame;
          if (frame.type === 'opened') opened = frame.chat;
          if (frame.type !== 'entries') return;
          expect(frame.chat).toBe(opened);
          seen[frame.chat]?.push(...frame.entries.map((entry) => entry.seq));
        });
        await once(page.socket, 'open');
        page.post({ type: 'hello', chat: 'main', after: 0 });
        await page.until(is('caught_up'));
        let asked = 1;
        const open = async (chat: string) => {
          if (chat === opened) return;
          page.post({ type: 'open', chat, after: seen[chat]?.at(-1) ?? 0 });
          asked += 1;
          // A page goes on from what it has: it must know it.
          await page.until(() => page.frames.filter(is('opened')).length === asked);
        };
        let count = 0;
        for (const { what, chat, restMs } of steps) {
          count += 1;
          if (what === 'answer') void say(web, chat, `answer ${count}`).catch(() => undefined);
          if (what === 'message') page.post({ type: 'message', id: `message-${count}`, chat, text: 'x' });
          if (what === 'open') await open(chat);
          await new Promise((resolve) => setTimeout(resolve, restMs));
        }
        page.post({ type: 'ping' });
        await page.until(is('pong'));
        for (const chat of chats) {
          await open(chat);
          await vi.waitFor(() => expect(seen[chat]).toEqual(seqsOf(web, chat)), { interval: 5 });
        }
        await closeAll();
      }),
      { numRuns: 20 },
    );
  });

  it('sends nothing more of a chat that was left while it was being read', async () => {
    const web = await withChats('two');
    const leave = vi.spyOn(Rooms.prototype, 'leave');
    const page = await TestPage.open(web.url, null, {}, 'main');
    const gate = Promise.withResolvers<void>();
    web.timeline.gates.set(addressKey(addressOf(me)), gate.promise);
    await say(web, 'main', 'left');
    page.post({ type: 'open', chat: 'two', after: null });
    await page.until((frame) => frame.type === 'caught_up' && frame.chat === 'two');
    gate.resolve();
    await say(web, 'two', 'shown');
    await vi.waitFor(() => expect(page.entries('two')).toHaveLength(1));
    expect(page.entries('main')).toEqual([]);
    // Nobody watches over what is not shown.
    expect(leave).toHaveBeenCalledTimes(1);
    await page.close();
    await vi.waitFor(() => expect(leave).toHaveBeenCalledTimes(2));
    leave.mockRestore();
  });

  it('takes what is said in any of the chats, whichever is shown', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url, null, {}, 'main');
    page.post({ type: 'message', id: 'message-1', chat: 'two', text: 'there' });
    page.post({ type: 'action', id: 'message-2', chat: 'two', action: 'confirm:1' });
    page.post({ type: 'command', id: 'message-3', chat: 'two', name: 'rename', args: ' My chat ' });
    await vi.waitFor(() => expect(page.frames.filter(is('accepted'))).toHaveLength(3));
    const address = addressOf(me, 'two');
    expect(web.events).toMatchObject([
      { kind: 'message', text: 'there', address },
      { kind: 'callback', action: 'confirm:1', address },
      { kind: 'command', name: 'rename', args: 'My chat', quiet: true, address },
    ]);
    expect(page.entries()).toEqual([]);
    expect(page.frames.filter(is('accepted')).at(-1)).not.toHaveProperty('seq');
  });

  it('answers a thousand openings in a second, in their order, while others are served', async () => {
    const web = await withChats('two');
    await say(web, 'two', 'hello');
    const page = await TestPage.open(web.url);
    const other = await TestPage.open(web.url, null, {}, 'main');
    for (let i = 0; i < 1000; i += 1) page.post({ type: 'open', chat: i % 2 ? 'main' : 'two', after: null });
    await say(web, 'main', 'served');
    await vi.waitFor(() => expect(other.entries('main')).toHaveLength(1));
    const opened = () => page.frames.filter(is('opened')).slice(1);
    await vi.waitFor(() => expect(opened()).toHaveLength(1000), { timeout: 20_000 });
    expect(opened().every(({ chat }, i) => chat === (i % 2 ? 'main' : 'two'))).toBe(true);
  });

  it('shares what it reads of the store with those that come at the same time', async () => {
    const web = await withChats('two');
    const gate = Promise.withResolvers<void>();
    web.people.gate = gate.promise;
    const pages = Array.from({ length: 100 }, () => TestPage.open(web.url));
    await vi.waitFor(() => expect(web.people.identified).toBe(100));
    gate.resolve();
    await Promise.all(pages);
    expect(web.people.asked).toBe(2);
  });

  it('waits for a store that cannot tell who it is', async () => {
    const web = await startWeb({ limits: { rereadMs: 20 } });
    web.people.fault = new Error('busy');
    const opening = TestPage.open(web.url);
    await new Promise((resolve) => setTimeout(resolve, 60));
    web.people.fault = undefined;
    expect((await opening).frames.map(({ type }) => type)).toContain('opened');
  });
});

describe('a chat that is not theirs', () => {
  const strange = ['nowhere', 'two_', 'C1', 'constructor', '__proto__'];

  it.each(strange)('%s is refused in every frame, and nothing of it reaches the core', async (chat) => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    const frames: ClientFrameInput[] = [
      { type: 'message', id: 'message-1', chat, text: 'x' },
      { type: 'command', id: 'message-2', chat, name: 'archive', args: '' },
      { type: 'action', id: 'message-3', chat, action: 'confirm:1' },
    ];
    for (const frame of frames) page.post(frame);
    page.post({ type: 'open', chat, after: null });
    page.post({ type: 'older', chat, before: 10 });
    page.post({ type: 'read', chat, seq: 10 });
    await vi.waitFor(() => expect(page.frames.filter(is('error'))).toHaveLength(3));
    expect(page.frames.filter(is('refused'))).toMatchObject(
      frames.map(() => ({ reason: 'no_chat', retry: false })),
    );
    expect(page.frames.filter(is('error')).map(({ code }) => code)).toEqual(Array(3).fill('no_chat'));
    expect(page.frames.filter(is('opened'))).toHaveLength(1);
    expect(web.events).toEqual([]);
    expect(web.timeline.reads.size).toBe(0);
  });

  it('in a hello is answered with the first one', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url, 17, {}, 'gone');
    expect(await page.until(is('error'))).toMatchObject({ code: 'no_chat' });
    expect(await page.until(is('opened'))).toMatchObject({ chat: 'main', reset: true });
  });

  it('out of form is a bad frame', async () => {
    const web = await startWeb();
    const page = await TestPage.open(web.url);
    for (const chat of ['', 'a/b', '../x', 'x'.repeat(65), 'é', null, 7]) {
      page.post({ type: 'open', chat, after: null });
    }
    await vi.waitFor(() => expect(page.frames.filter(is('error'))).toHaveLength(7));
    expect(page.frames.filter(is('error')).every(({ code }) => code === 'bad_frame')).toBe(true);
  });
});

it('settings reach the browsers of the person whose they are', async () => {
  const accessKeys = ['alice', 'bob'].map((name) => ({ name, key: `key-of-${name}` }));
  const web = await startWeb({ accessKeys });
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((name) => TestPage.open(web.url, null, { Authorization: `Bearer key-of-${name}` })),
  );
  const person = web.people.persons.get('alice');
  if (person === undefined) throw new Error('nobody');
  const settings = { locale: 'ko', localeChosen: true, streaming: false } as const;
  web.adapter.people?.changed(ExternalId.parse('alice'), { ...person, ...settings });
  expect(await alice?.until(is('settings'))).toMatchObject({ settings });
  bob?.post({ type: 'ping' });
  await bob?.until(is('pong'));
  expect(bob?.frames.filter(is('settings'))).toEqual([]);
});

it('reads what was stored before messages had files', async () => {
  const web = await startWeb();
  const old = { by: 'person', eventId: eventIdOf(me, 'message-1'), name: 'local', text: 'old' };
  // As the version before wrote it.
  web.timeline.add(addressKey(addressOf(me)), 'old', old as never);
  const page = await TestPage.open(web.url);
  expect(page.entries()).toMatchObject([{ text: 'old', files: [] }]);
});

it('nobody becomes known to the store by a health probe', async () => {
  const web = await startWeb();
  expect(await web.adapter.health?.probe(signal)).toMatchObject({ ok: true });
  expect(web.people.persons.size).toBe(0);
});
