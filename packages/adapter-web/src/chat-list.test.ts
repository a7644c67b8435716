/** The list of a person's chats in all of their browsers. */
import type { Chat } from '@surfaces/core';
import { addressKey, EventId, ExternalId, OperationId, PersonId } from '@surfaces/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerFrame } from './frames.ts';
import { addressOf, eventIdOf, LOCAL_PERSON } from './person.ts';
import { answerOf, closeAll, operation, startWeb, TestPage, type TestWeb } from './testing-web.ts';

const me = LOCAL_PERSON.id;
const signal = new AbortController().signal;
const is =
  <T extends ServerFrame['type']>(type: T) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
    frame.type === type;
const say = (web: TestWeb, chat: string, text: string, turnId?: string) =>
  web.adapter.send(addressOf(me, chat), answerOf(text, turnId), operation(), signal);

afterEach(closeAll);

async function withChats(...threads: string[]): Promise<TestWeb> {
  const web = await startWeb();
  for (const thread of threads) web.people.bind('local', thread);
  return web;
}

describe('what is unread', () => {
  it('shows in all browsers, until it is read in one', async () => {
    const web = await withChats('two');
    const pages = [
      await TestPage.open(web.url, null, {}, 'main'),
      await TestPage.open(web.url, null, {}, 'two'),
    ];
    const { messageId } = await say(web, 'two', 'news');
    const seq = Number(messageId);
    for (const page of pages) await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(true));
    expect(pages[0]?.listed('two')?.last).toBe(seq);
    pages[1]?.post({ type: 'read', chat: 'two', seq });
    for (const page of pages) await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(false));
    expect(web.timeline.reads.get(addressKey(addressOf(me, 'two')))).toBe(seq);
    expect((await TestPage.open(web.url)).listed('two')?.unread).toBe(false);
  });

  it('is not what one says oneself', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    page.post({ type: 'message', id: 'message-1', chat: 'two', text: 'x' });
    await vi.waitFor(() => expect(page.listed('two')?.last).toBe(1));
    expect(page.listed('two')?.unread).toBe(false);
  });

  it('never comes back, and nobody reads what is not there yet', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    await say(web, 'two', 'a');
    const { messageId } = await say(web, 'two', 'b');
    const last = Number(messageId);
    await vi.waitFor(() => expect(page.listed('two')?.last).toBe(last));
    const key = addressKey(addressOf(me, 'two'));
    page.post({ type: 'read', chat: 'two', seq: 9_000_000 });
    await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(false));
    expect(web.timeline.reads.get(key)).toBe(last);
    page.post({ type: 'read', chat: 'two', seq: 1 });
    page.post({ type: 'ping' });
    await page.until(is('pong'));
    expect(web.timeline.reads.get(key)).toBe(last);
    await say(web, 'two', 'c');
    await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(true));
  });

  it('can be read by who saw it earlier than the list', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    const key = addressKey(addressOf(me, 'two'));
    const item = { by: 'bot', operationId: operation(), message: answerOf('a') } as const;
    const { seq } = web.timeline.add(key, 'stored', item);
    page.post({ type: 'read', chat: 'two', seq });
    await vi.waitFor(() => expect(web.timeline.reads.get(key)).toBe(seq));
  });

  it('stays unread when that could not be stored', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url, null, {}, 'main');
    await say(web, 'two', 'a');
    await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(true));
    const markRead = vi.spyOn(web.timeline, 'markRead').mockRejectedValueOnce(new Error('disk full'));
    page.post({ type: 'read', chat: 'two', seq: 1 });
    await vi.waitFor(() => expect(markRead).toHaveBeenCalled());
    page.post({ type: 'read', chat: 'two', seq: 1 });
    await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(false));
    expect(markRead).toHaveBeenCalledTimes(2);
  });
});

describe('the list', () => {
  const create = (web: TestWeb, by: string, op = 'op-of-new') => {
    const { chats } = web.adapter;
    if (chats === undefined) throw new Error('no chats');
    const person = { id: PersonId.parse('person-of-local'), externalId: me };
    // An adapter looks at nothing of it.
    const chat = {} as Chat;
    const event = eventIdOf(me, by);
    return chats.create({ from: addressOf(me), event, person, chat }, OperationId.parse(op), signal);
  };

  it('has a new chat when it can be spoken in, and who asked for it is told', async () => {
    const web = await startWeb();
    const [asking, other] = [await TestPage.open(web.url), await TestPage.open(web.url)];
    asking.post({ type: 'command', id: 'message-1', chat: 'main', name: 'new', args: 'Plans' });
    await asking.until(is('accepted'));
    const address = await create(web, 'message-1');
    expect(await create(web, 'message-1')).toEqual(address);
    expect(await create(web, 'message-2', 'another-op')).not.toEqual(address);
    if (address.kind !== 'thread') throw new Error('not a thread');
    const chat = address.thread;
    await vi.waitFor(() => expect(web.people.asked).toBeGreaterThan(2));
    expect(asking.frames.filter(is('created'))).toEqual([]);
    web.people.bind('local', chat, { name: 'Plans' });
    await say(web, chat, 'Welcome');
    expect(await asking.until(is('created'))).toMatchObject({ by: 'message-1', chat });
    const types = asking.frames.map(({ type }) => type);
    expect(types.lastIndexOf('chats', types.indexOf('created'))).toBeGreaterThan(1);
    for (const page of [asking, other]) {
      await vi.waitFor(() => expect(page.listed(chat)).toMatchObject({ name: 'Plans', unread: true }));
    }
    asking.post({ type: 'open', chat, after: null });
    await vi.waitFor(() => expect(asking.entries(chat)).toHaveLength(1));
    expect(other.frames.filter(is('created'))).toEqual([]);
    // As after a crash, when the core asks again for what is there already.
    asking.post({ type: 'command', id: 'message-3', chat: 'main', name: 'new', args: 'Plans' });
    await create(web, 'message-3');
    await vi.waitFor(() => expect(asking.frames.filter(is('created'))).toHaveLength(2));
  });

  it('makes nothing at the place of somebody else', async () => {
    const web = await startWeb();
    const person = { id: PersonId.parse('person-of-eve'), externalId: ExternalId.parse('eve') };
    const event = EventId.parse('eve/message-1');
    const made = web.adapter.chats?.create(
      { from: addressOf(me), event, person, chat: {} as Chat },
      OperationId.parse('op'),
      signal,
    );
    await expect(made).rejects.toMatchObject({ code: 'refused' });
  });

  it('follows names and the archive, and what wakes a chat up', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    const address = web.people.bind('local', 'two', { name: 'Renamed' });
    await web.adapter.chats?.rename(address, 'Renamed', operation(), signal);
    await vi.waitFor(() => expect(page.listed('two')?.name).toBe('Renamed'));
    web.people.bind('local', 'two', { state: 'archived' });
    await web.adapter.chats?.archive(address, true, operation(), signal);
    await vi.waitFor(() => expect(page.listed('two')?.state).toBe('archived'));
    web.people.bind('local', 'two', { state: 'active' });
    page.post({ type: 'message', id: 'message-1', chat: 'two', text: 'x' });
    await vi.waitFor(() => expect(page.listed('two')?.state).toBe('active'));
  });

  it('is not told again when nothing in it is different', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    const asked = web.people.asked;
    await web.adapter.chats?.rename(addressOf(me, 'two'), 'two', operation(), signal);
    await vi.waitFor(() => expect(web.people.asked).toBe(asked + 1));
    await say(web, 'two', 'now it is');
    await vi.waitFor(() => expect(page.listed('two')?.unread).toBe(true));
    expect(page.frames.filter(is('chats'))).toHaveLength(2);
  });

  it('asks the store again when it could not be read', async () => {
    const web = await startWeb({ limits: { rereadMs: 20 } });
    const page = await TestPage.open(web.url);
    const address = web.people.bind('local', 'two');
    web.people.fault = new Error('busy');
    await web.adapter.chats?.rename(address, 'two', operation(), signal);
    await new Promise((resolve) => setTimeout(resolve, 60));
    web.people.fault = undefined;
    await vi.waitFor(() => expect(page.listed('two')).toBeDefined());
  });

  it('with 200 chats and a busy one stays cheap', async () => {
    const web = await startWeb();
    for (let i = 0; i < 200; i += 1) web.people.bind('local', `chat-${i}`);
    const page = await TestPage.open(web.url, null, {}, 'main');
    const [asked, summarised] = [web.people.asked, web.timeline.summarised];
    const begin = performance.now();
    for (let i = 0; i < 400; i += 1) {
      const { messageId } = await say(web, 'chat-7', `${i}`);
      await web.adapter.typing?.set(addressOf(me, 'chat-7'), i % 2 === 0, signal);
      if (i === 399) await vi.waitFor(() => expect(page.listed('chat-7')?.last).toBe(Number(messageId)));
    }
    const seconds = (performance.now() - begin) / 1000;
    expect([web.people.asked, web.timeline.summarised]).toEqual([asked, summarised]);
    // Four a second, the one at the beginning and the one at the end.
    expect(page.frames.filter(is('chats')).length).toBeLessThanOrEqual(3 + seconds * 4);
    expect((page.frames.findLast(is('chats')) as { chats: unknown[] }).chats).toHaveLength(201);
  });

  it('forgets the chats of a person who was deleted', async () => {
    const web = await withChats('two');
    const page = await TestPage.open(web.url);
    web.people.placed.splice(0);
    web.people.persons.clear();
    await web.adapter.chats?.rename(addressOf(me), 'x', operation(), signal);
    await vi.waitFor(() => expect(page.listed('two')).toBeUndefined());
    page.post({ type: 'message', id: 'message-1', chat: 'two', text: 'x' });
    expect(await page.until(is('refused'))).toMatchObject({ reason: 'no_chat' });
  });
});
