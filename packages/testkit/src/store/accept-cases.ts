/** What comes in: once, in order, with a limit, in the right chat. */
import { expect } from 'vitest';
import {
  acceptTurn,
  account,
  callback,
  command,
  echo,
  fails,
  input,
  message,
  NOW,
  only,
  operation,
  otherAccount,
  room,
  running,
  STALE,
  type StoreCase,
  single,
} from './harness.ts';

export const acceptCases: readonly StoreCase[] = [
  single('the same event is accepted once', async (store) => {
    const event = message('hello');
    const first = only(await store.accept(input(event)), 'turn');
    expect(await store.accept(input(event))).toEqual({ outcome: 'duplicate' });
    expect(await store.lastTurns(first.chat.key, 10)).toHaveLength(1);
  }),

  single('the same event many times at once is accepted once', async (store) => {
    const event = message('hello');
    const all = await Promise.all(Array.from({ length: 50 }, () => store.accept(input(event))));
    expect(all.filter(({ outcome }) => outcome === 'turn')).toHaveLength(1);
    expect(all.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(49);
  }),

  single('an event id is of its account: another account may have the same', async (store) => {
    const eventId = 'same';
    only(await store.accept(input(message('a', { eventId }))), 'turn');
    only(await store.accept(input(message('b', { eventId, address: room('lobby', otherAccount) }))), 'turn');
    only(await store.accept(input(command('help', '', { eventId }))), 'duplicate');
  }),

  single('a turn carries all of its message', async (store) => {
    const attachments = [{ ref: 'upload-1', name: 'plan.pdf', mediaType: 'application/pdf', size: 12 }];
    const address = { kind: 'thread' as const, surface: room().surface, account, room: 'r', thread: 't/ü' };
    const event = { ...message('hello\n“世界” 🎈', { address, sentAt: NOW - 5 }), attachments };
    const { turn, chat, person } = only(await store.accept(input(event)), 'turn');
    expect(turn).toEqual({
      id: turn.id,
      requestId: turn.requestId,
      chat: chat.key,
      person: person.id,
      address,
      text: event.text,
      attachments: [
        {
          ...attachments[0],
          id: turn.attachments[0]?.id,
          chat: chat.key,
          person: person.id,
          address,
          state: 'incoming',
        },
      ],
      sentAt: NOW - 5,
      acceptedAt: NOW,
      state: 'queued',
    });
    expect(await store.lastTurns(chat.key, 1)).toEqual([turn]);
    const next = await acceptTurn(store, 'again');
    expect(next.turn.requestId).not.toBe(turn.requestId);
  }),

  single('turns of one chat are in the order of their acceptance', async (store) => {
    const texts = Array.from({ length: 30 }, (_, at) => `message ${at}`);
    const accepted = await Promise.all(texts.map((text) => acceptTurn(store, text)));
    const key = accepted[0]?.chat.key;
    if (key === undefined) throw new Error('nothing was accepted');
    expect((await store.lastTurns(key, 100)).map((turn) => turn.text)).toEqual(texts.toReversed());
    expect((await store.lastTurns(key, 2)).map((turn) => turn.text)).toEqual(['message 29', 'message 28']);
  }),

  single('a full queue refuses, stores nothing, and takes the event when it comes again', async (store) => {
    const limited = (event: ReturnType<typeof message>) => store.accept(input(event, { queueLimit: 2 }));
    const { turn, chat, lease } = await running(store, 'one');
    only(await limited(message('two')), 'turn');
    const third = message('three');
    const refused = only(await limited(third), 'queue_full');
    expect(refused.chat.key).toBe(chat.key);
    expect(refused.person.name).toBe('ann');
    expect(await store.lastTurns(chat.key, 10)).toHaveLength(2);
    only(await limited(message('elsewhere', { address: room('other') })), 'turn');
    await store.commitFinal(lease, turn.id, 'answered', []);
    only(await limited(third), 'turn');
  }),

  single('commands and callbacks pass a full queue', async (store) => {
    await acceptTurn(store, 'one');
    only(await store.accept(input(command('stop'), { queueLimit: 1 })), 'event');
    only(await store.accept(input(callback('ok'), { queueLimit: 1 })), 'event');
  }),

  single('a message is expired by its age at acceptance, and does not count as waiting', async (store) => {
    const accept = (sentAt: number) => store.accept(input(message('x', { sentAt }), { queueLimit: 1 }));
    only(await accept(NOW - STALE), 'turn');
    const expired = only(await accept(NOW - STALE - 1), 'expired');
    expect(expired.turn).toMatchObject({ state: 'finished', outcome: 'expired' });
    expect((await store.lastTurns(expired.chat.key, 1))[0]).toEqual(expired.turn);
    expect(await store.counts()).toMatchObject({ queued: 1 });
    const lease = await store.claimChat(expired.chat.key);
    await fails(store.startTurn(lease, expired.turn.id), 'conflict');
  }),

  single('an expired event is deduplicated too', async (store) => {
    const event = message('old', { sentAt: 0 });
    only(await store.accept(input(event)), 'expired');
    only(await store.accept(input(event)), 'duplicate');
  }),

  single('the same room is one chat per person, and each address another', async (store) => {
    const ann = await acceptTurn(store, 'a', { who: 'ann' });
    const bob = await acceptTurn(store, 'b', { who: 'bob' });
    const annAgain = await acceptTurn(store, 'c', { who: 'ann' });
    const thread = await acceptTurn(store, 'd', {
      who: 'ann',
      address: { kind: 'thread', surface: room().surface, account, room: 'lobby', thread: '1' },
    });
    expect(bob.person.id).not.toBe(ann.person.id);
    expect(bob.chat.key).not.toBe(ann.chat.key);
    expect(annAgain.chat).toEqual(ann.chat);
    expect(thread.chat.key).not.toBe(ann.chat.key);
    expect(thread.person).toEqual(ann.person);
  }),

  single('chats are numbered per owner, without gaps, however they come', async (store) => {
    const chats = await Promise.all(
      Array.from({ length: 8 }, (_, at) => acceptTurn(store, 'x', { address: room(`room ${at}`) })),
    );
    expect(chats.map(({ chat }) => chat.chatId)).toEqual(['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8']);
    expect((await acceptTurn(store, 'x', { who: 'bob' })).chat.chatId).toBe('C1');
  }),

  single('a new chat is made as asked; a known one stays as it is', async (store) => {
    const asked = input(message('x'));
    const { chat, person } = only(await store.accept(asked), 'turn');
    expect(chat).toEqual({
      ...asked.newChat,
      key: chat.key,
      chatId: 'C1',
      named: false,
      owner: person.id,
      agentId: echo,
      state: 'active',
      byDefault: false,
      contextSince: NOW,
      tokens: 0,
    });
    expect(only(await store.accept(input(message('y'))), 'turn').chat).toEqual(chat);
  }),

  single('a person keeps their id; name and language follow the messenger', async (store) => {
    const first = await acceptTurn(store, 'x', { name: 'Ann' });
    expect(first.person).toEqual({
      id: first.person.id,
      name: 'Ann',
      locale: 'en',
      localeChosen: false,
      streaming: true,
    });
    const renamed = await acceptTurn(store, 'y', { name: 'Anna', locale: 'ko' });
    expect(renamed.person).toEqual({ ...first.person, name: 'Anna', locale: 'ko' });
    const silent = await acceptTurn(store, 'z', { name: '' });
    expect(silent.person).toEqual(renamed.person);
    const russian = only(
      await store.accept(input(message('x', { who: 'bob' }), { defaultLocale: 'ru' })),
      'turn',
    );
    expect(russian.person.locale).toBe('ru');
  }),

  single('a command is pending until it is completed, with its replies, once', async (store) => {
    const event = command('status', 'all');
    const { pending, chat } = only(await store.accept(input(event)), 'event');
    expect(pending).toEqual({ id: pending.id, event, acceptedAt: NOW });
    const replies = [operation(chat, 'one'), operation(chat, 'two')];
    const done = await store.completeEvent(pending.id, replies);
    expect(done).toMatchObject(replies.map((reply) => ({ ...reply, state: 'pending', attempts: 0 })));
    expect(await store.completeEvent(pending.id, [operation(chat)])).toEqual([]);
    expect(await store.lastOperations(chat.key, 10)).toEqual(done.toReversed());
    only(await store.accept(input(event)), 'duplicate');
  }),

  single('one of many that complete the same event at once does it', async (store) => {
    const { pending, chat } = only(await store.accept(input(callback('go'))), 'event');
    const all = await Promise.all(
      Array.from({ length: 20 }, () => store.completeEvent(pending.id, [operation(chat)])),
    );
    expect(all.filter((operations) => operations.length > 0)).toHaveLength(1);
    expect(await store.lastOperations(chat.key, 100)).toHaveLength(1);
  }),
];
