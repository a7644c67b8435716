/** What a killed process left is all found, and nothing else. */
import { expect } from 'vitest';
import {
  acceptTurn,
  account,
  afterKill,
  callback,
  command,
  input,
  message,
  only,
  operation,
  otherAccount,
  recoverAll,
  room,
  running,
  type StoreCase,
  single,
  web,
} from './harness.ts';

export const recoveryCases: readonly StoreCase[] = [
  single('there is nothing to recover in an empty store', async (store) => {
    expect(await recoverAll(store)).toEqual({
      turns: [],
      operations: [],
      events: [],
      unnoted: [],
      files: [],
    });
    expect(await store.recover([])).toEqual({
      turns: [],
      operations: [],
      events: [],
      unnoted: [],
      files: [],
    });
    expect(await store.counts()).toEqual({ queued: 0, running: 0, deadLetters: 0 });
  }),

  afterKill(
    'all that was left to do is found, in order',
    async (store) => {
      const first = await running(store, 'running');
      await store.appendEvents(first.lease, first.turn.id, [{ kind: 'text', seq: 1, text: 'so far' }]);
      const second = await acceptTurn(store, 'queued');
      const third = await acceptTurn(store, 'queued elsewhere', { who: 'bob' });
      const done = await acceptTurn(store, 'done', { address: room('done') });
      const lease = await store.claimChat(done.chat.key);
      const operations = await store.commitFinal(lease, done.turn.id, 'answered', [operation(done.chat)]);
      const events = [
        only(await store.accept(input(command('status'))), 'event'),
        only(await store.accept(input(callback('retry', { who: 'bob' }))), 'event'),
        only(await store.accept(input(command('help'))), 'event'),
      ];
      await store.completeEvent(events[2]?.pending.id ?? '', []);
      const old = only(
        await store.accept(input(message('old', { sentAt: 0, address: room('old') }))),
        'expired',
      );
      return { first, second, third, operations, events: events.slice(0, 2), old };
    },
    async (store, left) => {
      const found = await recoverAll(store);
      const { first, second, third, old } = left;
      expect(found.turns).toEqual([
        {
          turn: { ...first.turn, state: 'running' },
          chat: first.chat,
          person: first.person,
          events: [{ kind: 'text', seq: 1, text: 'so far' }],
        },
        { turn: second.turn, chat: second.chat, person: second.person, events: [] },
        { turn: third.turn, chat: third.chat, person: third.person, events: [] },
      ]);
      expect(found.operations).toEqual(left.operations);
      expect(found.events).toEqual(
        left.events.map(({ pending, chat, person }) => ({ pending, chat, person })),
      );
      expect(found.unnoted).toEqual([{ chat: old.chat, person: old.person }]);
      await store.noteExpired(old.chat.key, () => operation(old.chat));
      expect((await recoverAll(store)).unnoted).toEqual([]);
    },
  ),

  afterKill(
    'only the named accounts are recovered',
    async (store) => {
      const at = (name: typeof account) => room('x', name);
      for (const one of [account, otherAccount]) {
        const { chat } = await acceptTurn(store, `turn of ${one}`, { address: at(one) });
        await store.enqueue([operation(chat, `operation of ${one}`, { address: at(one) })]);
        await store.accept(input(command(`of-${one}`, '', { address: at(one) })));
        await store.accept(input(message('old', { address: at(one), sentAt: 0 })));
      }
    },
    async (store) => {
      const found = await store.recover([{ surface: web, account: otherAccount }]);
      expect(found.turns.map(({ turn }) => turn.text)).toEqual([`turn of ${otherAccount}`]);
      expect(found.operations.map(({ message: { markdown } }) => markdown)).toEqual([
        `operation of ${otherAccount}`,
      ]);
      expect(found.events).toMatchObject([{ pending: { event: { name: `of-${otherAccount}` } } }]);
      expect(found.unnoted).toHaveLength(1);
      expect((await recoverAll(store)).turns).toHaveLength(2);
    },
  ),

  afterKill(
    'what was accepted is a duplicate for the next process, and chats and persons stay',
    async (store) => {
      const event = message('once');
      return { event, accepted: only(await store.accept(input(event)), 'turn') };
    },
    async (store, { event, accepted }) => {
      only(await store.accept(input(event)), 'duplicate');
      const next = await acceptTurn(store, 'next');
      expect(next.chat).toEqual(accepted.chat);
      expect(next.person).toEqual(accepted.person);
      const another = await acceptTurn(store, 'next', { address: room('another') });
      expect(another.chat.chatId).toBe('C2');
    },
  ),
];
