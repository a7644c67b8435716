/** Files on their way to agents: they wait for a text, are taken along once, and stay with their person. */
import type { Attachment, Store } from '@surfaces/core';
import { AgentId, newPlatformChatId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  command,
  finish,
  input,
  makeChat,
  message,
  NOW,
  namesOf,
  only,
  otherAccount,
  recoverAll,
  room,
  type StoreCase,
  single,
  web,
  withFiles,
} from './harness.ts';

type Parts = Parameters<typeof withFiles>[2];

async function send(store: Store, names: readonly string[], parts: Parts = {}) {
  return only(await store.accept(input(withFiles(' \n', names, parts))), 'files');
}

async function say(store: Store, text: string, names: readonly string[] = [], parts: Parts = {}) {
  return only(await store.accept(input(withFiles(text, names, parts))), 'turn');
}

const saved = (file: Attachment) => ({ state: 'saved', path: `in/${file.name}`, size: 5 }) as const;

export const filesCases: readonly StoreCase[] = [
  single('files without text wait in order, and are no turn', async (store) => {
    const event = withFiles('', ['a.txt']);
    const told = { ...event, attachments: [{ ref: 'r', name: 'a.txt', mediaType: 'text/plain', size: 3 }] };
    const { files, chat, person, changes } = only(await store.accept(input(told)), 'files');
    const [id] = files.map((file) => file.id);
    expect(files).toEqual([
      {
        id,
        chat: chat.key,
        person: person.id,
        address: room(),
        ref: 'r',
        name: 'a.txt',
        mediaType: 'text/plain',
        size: 3,
        state: 'incoming',
      },
    ]);
    expect(changes).toEqual([]);
    only(await store.accept(input(told)), 'duplicate');
    await send(store, ['b.txt', 'b.txt']);
    expect(namesOf(await store.waitingFiles(chat.key, person.id))).toEqual(['a.txt', 'b.txt', 'b.txt']);
    expect(await store.lastTurns(chat.key, 5)).toEqual([]);
    expect(await store.counts()).toMatchObject({ queued: 0 });
  }),

  single('the next text takes the waiting files along, before its own', async (store) => {
    const { files, chat, person } = await send(store, ['a', 'b']);
    await store.settleFile(files[0]?.id ?? '', saved({ ...files[0], name: 'a' } as Attachment));
    const { turn } = await say(store, 'look', ['c']);
    expect(turn.attachments).toMatchObject([
      { id: files[0]?.id, name: 'a', state: 'saved', path: 'in/a', size: 5 },
      { id: files[1]?.id, name: 'b', state: 'incoming' },
      { name: 'c', state: 'incoming' },
    ]);
    expect((await store.lastTurns(chat.key, 1))[0]).toEqual(turn);
    expect(await store.waitingFiles(chat.key, person.id)).toEqual([]);
    expect((await say(store, 'and now')).turn.attachments).toEqual([]);
  }),

  single('of many texts at the same moment one takes them', async (store) => {
    const { files } = await send(store, ['a', 'b']);
    const all = await Promise.all(['1', '2', '3', '4'].map((text) => say(store, text)));
    const taken = all.flatMap(({ turn }) => turn.attachments);
    expect(taken).toEqual(files);
    expect(all.filter(({ turn }) => turn.attachments.length > 0)).toHaveLength(1);
  }),

  single('files stay with their person and their chat', async (store) => {
    const ann = await send(store, ['ann'], { who: 'ann' });
    const bob = await send(store, ['bob'], { who: 'bob' });
    await send(store, ['elsewhere'], { who: 'ann', address: room('elsewhere') });
    expect(await store.waitingFiles(ann.chat.key, bob.person.id)).toEqual([]);
    expect(await store.removeFiles(bob.chat.key, ann.person.id, namesOf(bob.files))).toEqual([]);
    const ids = [...ann.files, ...bob.files].map((file) => file.id);
    expect(await store.removeFiles(ann.chat.key, bob.person.id, ids)).toEqual([]);
    const { turn } = await say(store, 'x', [], { who: 'ann' });
    expect(namesOf(turn.attachments)).toEqual(['ann']);
    expect(namesOf(await store.waitingFiles(bob.chat.key, bob.person.id))).toEqual(['bob']);
  }),

  single('too many waiting files are refused, and taken when they come again', async (store) => {
    const limited = (event: ReturnType<typeof message>) =>
      store.accept(input(event, { waitingFilesLimit: 2 }));
    const { files, chat, person } = only(await limited(withFiles('', ['a', 'b'])), 'files');
    const more = withFiles('', ['c']);
    expect(only(await limited(more), 'files_full')).toEqual({ outcome: 'files_full', chat, person });
    only(await limited(withFiles('', ['x'], { address: room('other') })), 'files');
    expect(await store.waitingFiles(chat.key, person.id)).toEqual(files);
    // With a text they are no waiting files.
    expect(only(await limited(withFiles('x', ['d', 'e', 'f'])), 'turn').turn.attachments).toHaveLength(5);
    only(await limited(more), 'files');
  }),

  single(
    'a refused or expired message leaves the waiting files; an expired one keeps its own',
    async (store) => {
      const { chat, person } = await send(store, ['a']);
      only(await store.accept(input(message('x'), { queueLimit: 0 })), 'queue_full');
      const old = only(await store.accept(input(withFiles('old', ['b'], { sentAt: 0 }))), 'expired');
      expect(namesOf(old.turn.attachments)).toEqual(['b']);
      const only2 = only(await store.accept(input(withFiles('', ['c'], { sentAt: 0 }))), 'expired');
      expect(namesOf(only2.turn.attachments)).toEqual(['c']);
      expect(namesOf(await store.waitingFiles(chat.key, person.id))).toEqual(['a']);
      expect((await recoverAll(store)).files.map(({ file }) => file.name)).toEqual(['a']);
    },
  ),

  single('files pass a full queue of texts, name no chat, and make an archived one active', async (store) => {
    const { chat, person, turn } = await acceptTurn(store, 'x');
    const asked = { queueLimit: 1, title: 'no' };
    const waiting = only(await store.accept(input(withFiles('', ['a']), asked)), 'files');
    expect(waiting).toMatchObject({ changes: [], chat });
    await finish(store, turn);
    await makeChat(store, person);
    await store.archiveChat(chat.key);
    const revived = only(await store.accept(input(withFiles('', ['b']), asked)), 'files');
    expect(revived).toMatchObject({ changes: ['revived'], chat });
  }),

  single('waiting files are removed once; what a turn has stays', async (store) => {
    const { files, chat, person } = await send(store, ['a', 'b', 'c']);
    const [a, b, c] = files.map((file) => file.id);
    expect(namesOf(await store.removeFiles(chat.key, person.id, [c ?? '', a ?? '', 'x']))).toEqual([
      'a',
      'c',
    ]);
    expect(await store.removeFiles(chat.key, person.id, [a ?? ''])).toEqual([]);
    const { turn } = await say(store, 'x');
    expect(await store.removeFiles(chat.key, person.id, [b ?? ''])).toEqual([]);
    expect((await store.lastTurns(chat.key, 1))[0]?.attachments).toEqual(turn.attachments);
    await store.settleFile(a ?? '', { state: 'failed', error: 'cut_off' });
  }),

  single('what became of a file is said once', async (store) => {
    const { turn, chat } = await say(store, 'x', ['a', 'b']);
    const [a, b] = turn.attachments.map(({ id }) => id);
    await store.settleFile(a ?? '', { state: 'saved', path: 'in/a', size: 9 });
    await store.settleFile(a ?? '', { state: 'failed', error: 'late news' });
    await store.settleFile(b ?? '', { state: 'failed', error: 'too_large' });
    await store.settleFile(b ?? '', { state: 'saved', path: 'in/b', size: 1 });
    const [now] = await store.lastTurns(chat.key, 1);
    expect(now?.attachments).toEqual([
      { ...turn.attachments[0], state: 'saved', path: 'in/a', size: 9 },
      { ...turn.attachments[1], state: 'failed', error: 'too_large' },
    ]);
    expect((await recoverAll(store)).turns[0]?.turn).toEqual(now);
  }),

  single('a retry has the files of the old turn, and tries what could not be had again', async (store) => {
    const { turn, chat } = await say(store, 'x', ['a', 'b']);
    const [a, b] = turn.attachments;
    await store.settleFile(a?.id ?? '', { state: 'saved', path: 'in/a', size: 9 });
    await store.settleFile(b?.id ?? '', { state: 'failed', error: 'cut_off' });
    await finish(store, turn, 'failed');
    const [old] = await store.lastTurns(chat.key, 1);
    const again = { chat: chat.key, again: 'key', address: room(), now: NOW, queueLimit: 5 };
    const retried = await store.retryTurn(again);
    if (typeof retried === 'string') throw new Error(retried);
    const ids = retried.attachments.map(({ id }) => id);
    expect(retried.attachments).toEqual([
      { ...a, id: ids[0], state: 'saved', path: 'in/a', size: 9 },
      { ...b, id: ids[1], state: 'incoming' },
    ]);
    expect(new Set([...ids, a?.id, b?.id]).size).toBe(4);
    expect(await store.retryTurn(again)).toEqual(retried);
    await store.settleFile(ids[1] ?? '', { state: 'saved', path: 'in/b', size: 1 });
    expect((await store.lastTurns(chat.key, 2))[1]).toEqual(old);
  }),

  single('a context counts the files that it was given', async (store) => {
    const given = async (text: string, names: readonly string[], now: number) => {
      const { turn } = only(await store.accept(input(withFiles(text, names), { now })), 'turn');
      for (const file of turn.attachments) await store.settleFile(file.id, saved(file));
      await finish(store, turn, 'failed');
      return turn;
    };
    const { chat } = await given('x', ['a', 'b'], NOW);
    await send(store, ['waits']);
    await store.retryTurn({ chat, again: 'key', address: room(), now: NOW, queueLimit: 5 });
    expect(await store.countFiles(chat)).toBe(2);
    const [retried] = await store.lastTurns(chat, 1);
    if (retried === undefined) throw new Error('no turn');
    await finish(store, retried);
    await store.switchContext({ chat, platformChatId: newPlatformChatId(), by: 'k', now: NOW + 5 });
    expect(await store.countFiles(chat)).toBe(0);
    await store.removeFiles(
      chat,
      retried.person,
      (await store.waitingFiles(chat, retried.person)).map(({ id }) => id),
    );
    await given('y', ['c'], NOW + 9);
    expect(await store.countFiles(chat)).toBe(1);
  }),

  single('what was saved for one agent is not there for another', async (store) => {
    const { files, chat, person } = await send(store, ['a', 'b']);
    await store.settleFile(files[0]?.id ?? '', { state: 'saved', path: 'in/a', size: 5 });
    const assignment = { choices: [AgentId.parse('other')] as const, byDefault: false };
    const moved = only(await store.accept(input(command('status'), { assignment })), 'event');
    expect(moved.changes).toEqual(['moved']);
    const [a, b] = await store.waitingFiles(chat.key, person.id);
    expect(a).toEqual({ ...files[0], size: 5 });
    expect(b).toEqual(files[1]);
  }),

  afterKill(
    'waiting files survive, and those not yet saved are named',
    async (store) => {
      const first = await send(store, ['a', 'b']);
      await store.settleFile(first.files[0]?.id ?? '', { state: 'saved', path: 'in/a', size: 5 });
      const second = await send(store, ['c'], { who: 'bob' });
      await say(store, 'x', ['of a turn'], { who: 'eve' });
      await send(store, ['elsewhere'], { address: room('lobby', otherAccount) });
      return { first, second };
    },
    async (store, { first, second }) => {
      const { files } = await store.recover([{ surface: web, account: room().account }]);
      expect(files).toEqual([
        { file: first.files[1], chat: first.chat, person: first.person },
        { file: second.files[0], chat: second.chat, person: second.person },
      ]);
      expect((await recoverAll(store)).files).toHaveLength(3);
      expect(namesOf((await say(store, 'now')).turn.attachments)).toEqual(['a', 'b']);
      expect((await recoverAll(store)).turns.flatMap(({ turn }) => namesOf(turn.attachments))).toEqual([
        'of a turn',
        'a',
        'b',
      ]);
    },
  ),

  single('the timeline shows the files that were sent, and no control that was used', async (store) => {
    const record = { record: true };
    only(await store.accept(input(withFiles('', ['a']), record)), 'files');
    only(await store.accept(input(withFiles('look', ['b']), record)), 'turn');
    const quiet = { ...command('settings', 'language ru'), quiet: true };
    expect(only(await store.accept(input(quiet, record)), 'event').seq).toBeUndefined();
    const entries = await store.timeline.read(room(), { limit: 10 });
    expect(entries.map(({ item }) => item.by === 'person' && [item.text, item.files])).toEqual([
      ['', [{ ref: 'ref of a', name: 'a' }]],
      ['look', [{ ref: 'ref of b', name: 'b' }]],
    ]);
  }),
];
