/** Two people with keys: nothing of the one is reached by the other, by any route of this surface. */
import { addressKey, ExternalId, OutgoingMessage, PersonId, TurnId } from '@surfaces/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ServerFrame } from './frames.ts';
import { addressOf } from './person.ts';
import { answerOf, ask, closeAll, operation, startWeb, TestPage, type TestWeb } from './testing-web.ts';

const SECRET = 'what only alice may know';
const alice = ExternalId.parse('alice');
const signal = new AbortController().signal;
const asBob = { Authorization: 'Bearer the-long-key-of-bob' };
const asAlice = { Authorization: 'Bearer the-long-key-of-alice' };
const is =
  <T extends ServerFrame['type']>(type: T) =>
  (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
    frame.type === type;

let web: TestWeb;
let bob: TestPage;
let fileId: string;

beforeEach(async () => {
  const accessKeys = ['alice', 'bob'].map((name) => ({ name, key: `the-long-key-of-${name}` }));
  web = await startWeb({ host: '0.0.0.0', accessKeys });
  web.people.bind('alice', 'plans', { name: SECRET });
  const path = `/upload?name=${encodeURIComponent(`${SECRET}.txt`)}`;
  const answer = await ask(web.url, path, { method: 'POST', headers: asAlice, body: SECRET });
  fileId = JSON.parse(answer.text).id;
  bob = await TestPage.open(web.url, null, asBob);
});
afterEach(closeAll);

/** Everything that bob was sent, once all that he asked is answered. */
async function heard(): Promise<string> {
  bob.post({ type: 'ping' });
  await bob.until(is('pong'));
  return JSON.stringify(bob.frames);
}

it('what is said, shown and listed for one does not reach the other', async () => {
  const page = await TestPage.open(web.url, null, asAlice, 'plans');
  for (const chat of ['main', 'plans']) {
    const address = addressOf(alice, chat);
    await web.adapter.typing?.set(address, true, signal);
    await web.adapter.drafts?.show(address, { turnId: TurnId.parse('t'), text: SECRET }, signal);
    await web.adapter.send(address, answerOf(SECRET), operation(), signal);
  }
  const person = web.people.persons.get('alice');
  if (person !== undefined) web.adapter.people?.changed(alice, { ...person, name: SECRET });
  page.post({ type: 'message', id: 'message-1', chat: 'plans', text: SECRET });
  await page.until(is('accepted'));
  await vi.waitFor(() => expect(page.listed('plans')).toMatchObject({ unread: true, busy: true }));
  expect(await heard()).not.toContain(SECRET);
  expect(bob.frames.map(({ type }) => type)).toEqual(['welcome', 'chats', 'opened', 'caught_up', 'pong']);
});

it('a chat of one is none of the other, whatever is done to it', async () => {
  await web.adapter.send(addressOf(alice, 'plans'), answerOf(SECRET), operation(), signal);
  const chat = 'plans';
  bob.post({ type: 'open', chat, after: 0 });
  bob.post({ type: 'older', chat, before: 1_000_000 });
  bob.post({ type: 'read', chat, seq: 1_000_000 });
  bob.post({ type: 'message', id: 'message-1', chat, text: 'x' });
  bob.post({ type: 'command', id: 'message-2', chat, name: 'archive', args: '' });
  bob.post({ type: 'action', id: 'message-3', chat, action: 'confirm:1' });
  expect(await heard()).not.toContain(SECRET);
  expect(bob.frames.filter(is('error')).map(({ code }) => code)).toEqual(['no_chat', 'no_chat', 'no_chat']);
  expect(bob.frames.filter(is('refused')).map(({ reason }) => reason)).toEqual(Array(3).fill('no_chat'));
  expect(web.events).toEqual([]);
  expect(web.timeline.reads.size).toBe(0);
  const hello = await TestPage.open(web.url, 0, asBob, chat);
  expect(await hello.until(is('opened'))).toMatchObject({ chat: 'main' });
  expect(JSON.stringify(hello.frames)).not.toContain(SECRET);
});

it('a chat of the same name is another one', async () => {
  web.people.bind('bob', 'plans');
  await web.adapter.send(addressOf(alice, 'plans'), answerOf(SECRET), operation(), signal);
  const page = await TestPage.open(web.url, null, asBob, 'plans');
  page.post({ type: 'message', id: 'message-1', chat: 'plans', text: 'mine' });
  await page.until(is('accepted'));
  page.post({ type: 'read', chat: 'plans', seq: 1_000_000 });
  await vi.waitFor(() => expect(web.timeline.reads.size).toBe(1));
  expect([...web.timeline.reads.keys()]).toEqual([addressKey(addressOf(ExternalId.parse('bob'), 'plans'))]);
  expect(web.events).toMatchObject([{ address: { room: 'bob', thread: 'plans' } }]);
  expect(JSON.stringify(page.frames)).not.toContain(SECRET);
});

it('a file of one is not there for the other, by any method or message', async () => {
  const unknown = await ask(web.url, '/files/AAAAAAAAAAAAAAAAAAAAAAAA', { headers: asBob });
  for (const [method, more] of [
    ['GET', {}],
    ['GET', { Range: 'bytes=0-3' }],
    ['GET', { 'If-None-Match': `"${fileId}"` }],
    ['HEAD', {}],
    ['DELETE', {}],
  ] as const) {
    for (const query of ['', '?inline']) {
      const headers = { ...asBob, ...more };
      const answer = await ask(web.url, `/files/${fileId}${query}`, { method, headers });
      expect(answer.status).toBe(404);
      expect(answer.text).toBe(method === 'HEAD' ? '' : unknown.text);
      const compared = ({ date: _, 'content-length': __, ...rest }: typeof answer.headers) => rest;
      if (method === 'GET') expect(compared(answer.headers)).toEqual(compared(unknown.headers));
    }
  }
  bob.post({ type: 'message', id: 'message-1', chat: 'main', text: 'x', files: [fileId] });
  expect(await bob.until(is('refused'))).toMatchObject({ reason: 'no_file' });
  const fetched = web.adapter.files?.fetch(
    addressOf(ExternalId.parse('bob')),
    PersonId.parse('person-of-bob'),
    fileId,
    signal,
  );
  await expect(fetched).rejects.toMatchObject({ code: 'refused' });
  expect(web.events).toEqual([]);
  const still = await ask(web.url, `/files/${fileId}`, { headers: asAlice });
  expect([still.status, still.text]).toEqual([200, SECRET]);
});

it('a file that is shown to one by mistake cannot be opened by the other', async () => {
  const file = { owner: PersonId.parse('person-of-alice'), id: fileId, name: 'a', mediaType: 'a/b', size: 1 };
  const message = OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown: '', file });
  await web.adapter.send(addressOf(ExternalId.parse('bob')), message, operation(), signal);
  await bob.until(is('entries'));
  expect((await ask(web.url, `/files/${fileId}`, { headers: asBob })).status).toBe(404);
});

it('whoever has no key gets nothing at all', async () => {
  for (const [method, path] of [
    ['GET', `/files/${fileId}`],
    ['HEAD', `/files/${fileId}`],
    ['DELETE', `/files/${fileId}`],
    ['POST', '/upload?name=a'],
  ] as const) {
    for (const headers of [
      {},
      { Authorization: 'Bearer guess' },
      { Cookie: 'surfaces_session=YWxpY2U.x.y' },
    ]) {
      const answer = await ask(web.url, path, { method, headers });
      expect(answer.status, `${method} ${path}`).toBe(401);
      expect(answer.text).not.toContain(SECRET);
    }
  }
});
