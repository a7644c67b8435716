/** One process works on a chat; who lost it cannot write. */
import { MessageId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  account,
  fails,
  input,
  message,
  NOW,
  operation,
  question,
  recoverAll,
  running,
  type StoreCase,
  type StoreHarness,
  single,
  web,
} from './harness.ts';

/** A turn runs in a process that the others take for dead, and another has claimed its chat. */
async function fenced(harness: StoreHarness) {
  const old = await harness.open();
  const started = await running(old.store);
  await old.lapse();
  const heir = await harness.open();
  const lease = await heir.store.claimChat(started.chat.key);
  return { old: old.store, heir: heir.store, heirLease: lease, ...started };
}

type Fenced = Awaited<ReturnType<typeof fenced>>;

const writes: Readonly<Record<string, (state: Fenced) => Promise<unknown>>> = {
  startTurn: ({ old, lease, turn }) => old.startTurn(lease, turn.id),
  appendEvents: ({ old, lease, turn }) =>
    old.appendEvents(lease, turn.id, [{ kind: 'text', seq: 1, text: 'late' }]),
  restartJournal: ({ old, lease, turn }) => old.restartJournal(lease, turn.id),
  rememberPreview: ({ old, lease, turn }) => old.rememberPreview(lease, turn.id, MessageId.parse('late')),
  commitFinal: ({ old, lease, turn, chat }) =>
    old.commitFinal(lease, turn.id, 'answered', [operation(chat, 'late')]),
  openConfirmation: (state) => state.old.openConfirmation(state.lease, question(state)),
};

export const leaseCases: readonly StoreCase[] = [
  ...Object.entries(writes).map(
    ([name, write]): StoreCase => ({
      name: `who lost the chat cannot write: ${name}`,
      async run(harness) {
        const state = await fenced(harness);
        const event = { kind: 'text' as const, seq: 1, text: 'mine' };
        await state.heir.appendEvents(state.heirLease, state.turn.id, [event]);
        await fails(write(state), 'lease_lost');
        const [left] = (await recoverAll(state.heir)).turns;
        expect(left?.turn).toEqual({ ...state.turn, state: 'running' });
        expect(left?.events).toEqual([event]);
        expect(await state.heir.lastOperations(state.chat.key, 10)).toEqual([]);
        await state.heir.commitFinal(state.heirLease, state.turn.id, 'answered', [operation(state.chat)]);
        expect(await state.heir.lastOperations(state.chat.key, 10)).toHaveLength(1);
      },
    }),
  ),

  {
    name: 'a lost lease fails even when the turn is finished',
    async run(harness) {
      const { old, heir, lease, heirLease, turn } = await fenced(harness);
      await heir.commitFinal(heirLease, turn.id, 'answered', []);
      await fails(old.commitFinal(lease, turn.id, 'answered', []), 'lease_lost');
    },
  },

  {
    name: 'who lost the chat gets it back only by a new claim',
    async run(harness) {
      const { old, heir, lease, heirLease, turn, chat } = await fenced(harness);
      expect(heirLease.generation).toBeGreaterThan(lease.generation);
      await fails(old.startTurn({ ...lease, generation: heirLease.generation + 1 }, turn.id), 'lease_lost');
      await heir.close();
      const again = await (await harness.open()).store.claimChat(chat.key);
      expect(again.generation).toBeGreaterThan(heirLease.generation);
    },
  },

  single('the same process claiming again keeps its lease', async (store) => {
    const { lease, turn, chat } = await running(store);
    expect(await store.claimChat(chat.key)).toEqual(lease);
    await store.commitFinal(lease, turn.id, 'answered', []);
  }),

  single('a lease is of one chat, and of one that exists', async (store) => {
    const { lease, turn } = await running(store, 'x', { who: 'ann' });
    const other = await running(store, 'y', { who: 'bob' });
    await fails(store.commitFinal(other.lease, turn.id, 'answered', []), 'conflict');
    await fails(store.claimChat(`${lease.chat}?` as typeof lease.chat), 'conflict');
    await fails(store.startTurn(lease, `${turn.id}?` as typeof turn.id), 'conflict');
  }),

  {
    name: 'what a killed process held is free at once',
    async run(harness) {
      const first = await harness.open();
      await first.store.claimAccount(web, account);
      const { lease, turn, chat } = await running(first.store);
      await first.kill();
      const { store } = await harness.open();
      await store.claimAccount(web, account);
      const heir = await store.claimChat(chat.key);
      expect(heir.generation).toBeGreaterThan(lease.generation);
      await store.commitFinal(heir, turn.id, 'answered', []);
    },
  },

  {
    name: 'what a closed process held is free, and its calls fail as closed',
    async run(harness) {
      const first = await harness.open();
      await first.store.claimAccount(web, account);
      const { chat, turn, lease } = await running(first.store);
      const asked = first.store.accept(input(message('asked before')));
      await first.store.close();
      await first.store.close();
      expect((await asked).outcome).toBe('turn');
      const { store } = first;
      const late = [
        () => store.accept(input(message('late'))),
        () => store.commitFinal(lease, turn.id, 'answered', []),
        () => store.timeline.read(turn.address, { limit: 1 }),
        () => store.claimAccount(web, account),
        () => store.counts(),
        () => store.probe(),
      ];
      for (const call of late) await fails(call(), 'closed');
      const next = (await harness.open()).store;
      await next.claimAccount(web, account);
      await next.claimChat(chat.key);
      expect((await recoverAll(next)).turns).toHaveLength(2);
    },
  },

  {
    name: 'a live process keeps its chats and accounts from another',
    needs: 'two_live',
    async run(harness) {
      const [a, b] = [(await harness.open()).store, (await harness.open()).store];
      const { chat } = await running(a);
      await a.claimAccount(web, account);
      await a.claimAccount(web, account);
      await fails(b.claimChat(chat.key), 'lease_lost');
      await fails(b.claimAccount(web, account), 'lease_lost');
      await a.close();
      await b.claimChat(chat.key);
      await b.claimAccount(web, account);
    },
  },

  {
    name: 'of two live processes that claim a chat at once one gets it',
    needs: 'two_live',
    async run(harness) {
      const [a, b] = [(await harness.open()).store, (await harness.open()).store];
      const first = await a.accept(input(message('x'), { now: NOW }));
      if (first.outcome !== 'turn') throw new Error(first.outcome);
      const both = await Promise.allSettled([a.claimChat(first.chat.key), b.claimChat(first.chat.key)]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    },
  },
];
