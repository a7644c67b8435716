/** A confirmation is answered once, by who may, while it is open. */
import type { NewConfirmation, Store } from '@surfaces/core';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  fails,
  NOW,
  question,
  running,
  type Started,
  type StoreCase,
  single,
  unique,
} from './harness.ts';

type Decide = Parameters<Store['decide']>[0];

function answer({ chat, person }: Started, parts: Partial<Decide> = {}): Decide {
  const by = `event-${unique()}`;
  return { chat: chat.key, choose: { kind: 'allow_once' }, person: person.id, by, now: NOW, ...parts };
}

async function asked(store: Store, parts: Partial<NewConfirmation> = {}) {
  const started = await running(store);
  const confirmation = await store.openConfirmation(started.lease, question(started, parts));
  return { ...started, confirmation };
}

export const confirmationCases: readonly StoreCase[] = [
  single('a confirmation is opened once per name within its turn', async (store) => {
    const started = await running(store);
    const first = question(started);
    expect(await store.openConfirmation(started.lease, first)).toEqual(first);
    const again = question(started, { id: first.id, text: 'asked again' });
    expect(await store.openConfirmation(started.lease, again)).toEqual(first);
    await store.decide(answer(started, { token: first.token, by: 'e1' }));
    const decided = await store.openConfirmation(started.lease, again);
    expect(decided).toEqual({ ...first, decision: 'ok', decidedBy: 'e1' });
  }),

  single('it is decided by option or by kind', async (store) => {
    const one = await asked(store);
    const byOption = answer(one, { token: one.confirmation.token, choose: { option: 'always' }, by: 'e1' });
    expect(await store.decide(byOption)).toEqual({
      outcome: 'decided',
      confirmation: { ...one.confirmation, decision: 'always', decidedBy: 'e1' },
    });
    const next = await store.openConfirmation(one.lease, question(one));
    const byKind = await store.decide(answer(one, { choose: { kind: 'reject' }, by: 'e2' }));
    const confirmation = { ...next, decision: 'no', decidedBy: 'e2' };
    expect(byKind).toEqual({ outcome: 'decided', confirmation });
  }),

  single('of many deciders one decides and the others hear what', async (store) => {
    const one = await asked(store);
    const { token } = one.confirmation;
    const all = await Promise.all(
      ['ok', 'no', 'always', 'ok', 'no'].map((option) =>
        store.decide(answer(one, { token, choose: { option } })),
      ),
    );
    expect(all.filter(({ outcome }) => outcome === 'decided')).toHaveLength(1);
    const told = all.map((decision) =>
      'confirmation' in decision ? decision.confirmation.decision : decision.outcome,
    );
    expect(new Set(told).size).toBe(1);
    const late = await store.decide(answer(one, { token, now: one.confirmation.expiresAt + 1 }));
    expect(late.outcome).toBe('already_decided');
  }),

  single('only the person it was asked of may answer, and others learn nothing', async (store) => {
    const one = await asked(store);
    const bob = await acceptTurn(store, 'x', { who: 'bob' });
    const { token } = one.confirmation;
    const foreign = answer(one, { token, person: bob.person.id });
    expect(await store.decide(foreign)).toEqual({ outcome: 'not_allowed' });
    expect(await store.decide({ ...answer(one), person: bob.person.id })).toEqual({ outcome: 'not_allowed' });
    expect((await store.decide(answer(one, { token }))).outcome).toBe('decided');
    expect(await store.decide(foreign)).toEqual({ outcome: 'not_allowed' });
  }),

  single('it expires at its time', async (store) => {
    const one = await asked(store);
    const { token, expiresAt } = one.confirmation;
    expect(await store.decide(answer(one, { token, now: expiresAt }))).toEqual({ outcome: 'expired' });
    expect(await store.decide(answer(one, { now: expiresAt + 1 }))).toEqual({ outcome: 'expired' });
    expect((await store.decide(answer(one, { token, now: expiresAt - 1 }))).outcome).toBe('decided');
  }),

  single('without a token the newest pending one of the chat is meant', async (store) => {
    const one = await asked(store, { text: 'older' });
    const newer = await store.openConfirmation(one.lease, question(one, { text: 'newer' }));
    const first = await store.decide(answer(one));
    const second = await store.decide(answer(one));
    expect([first, second]).toMatchObject([
      { outcome: 'decided', confirmation: { id: newer.id } },
      { outcome: 'decided', confirmation: { id: one.confirmation.id } },
    ]);
    expect(await store.decide(answer(one))).toEqual({ outcome: 'not_found' });
  }),

  single('without a token one that is still open is preferred to a newer expired one', async (store) => {
    const one = await asked(store);
    await store.openConfirmation(one.lease, question(one, { expiresAt: NOW - 1 }));
    expect(await store.decide(answer(one))).toMatchObject({
      outcome: 'decided',
      confirmation: { id: one.confirmation.id },
    });
  }),

  single('the same word again is told its own decision and decides no other question', async (store) => {
    const one = await asked(store);
    const newer = await store.openConfirmation(one.lease, question(one));
    const word = answer(one);
    expect(await store.decide(word)).toMatchObject({ outcome: 'decided', confirmation: { id: newer.id } });
    for (const again of [word, { ...word, token: one.confirmation.token }]) {
      expect(await store.decide(again)).toMatchObject({
        outcome: 'already_decided',
        confirmation: { id: newer.id, decidedBy: word.by },
      });
    }
    const bob = await acceptTurn(store, 'x', { who: 'bob' });
    expect(await store.decide({ ...word, person: bob.person.id })).toEqual({ outcome: 'not_allowed' });
    expect(await store.decide(answer(one))).toMatchObject({
      outcome: 'decided',
      confirmation: { id: one.confirmation.id },
    });
  }),

  single('without a token one that was asked after the word is not meant', async (store) => {
    const one = await asked(store, { askedAt: NOW + 1 });
    expect(await store.decide(answer(one))).toEqual({ outcome: 'not_found' });
    expect(await store.decide(answer(one, { now: NOW + 1 }))).toMatchObject({ outcome: 'decided' });
  }),

  single('expiry decides what is open, once', async (store) => {
    const one = await asked(store);
    const { token, expiresAt } = one.confirmation;
    const expiry = answer(one, { token, choose: { kind: 'reject' }, now: expiresAt, onExpiry: true });
    expect(await store.decide(expiry)).toMatchObject({
      outcome: 'decided',
      confirmation: { decision: 'no', decidedBy: expiry.by },
    });
    // Said in time, stored too late.
    const late = answer(one, { token, now: expiresAt - 1 });
    expect(await store.decide(late)).toMatchObject({
      outcome: 'already_decided',
      confirmation: { decision: 'no' },
    });
    const other = await store.openConfirmation(one.lease, question(one));
    await store.decide(answer(one, { token: other.token }));
    const tooLate = await store.decide(answer(one, { ...expiry, by: 'e3', token: other.token }));
    expect(tooLate).toMatchObject({ outcome: 'already_decided', confirmation: { decision: 'ok' } });
    const over = await store.openConfirmation(one.lease, question(one));
    await store.commitFinal(one.lease, one.turn.id, 'cancelled', []);
    const ended = await store.decide(answer(one, { ...expiry, by: 'e4', token: over.token }));
    expect(ended).toEqual({ outcome: 'expired' });
  }),

  single('unknown tokens, options and chats are not found', async (store) => {
    const one = await asked(store);
    const { token } = one.confirmation;
    const other = await acceptTurn(store, 'x', { who: 'bob' });
    expect(await store.decide(answer(one, { token: 'nonsense' }))).toEqual({ outcome: 'not_found' });
    expect(await store.decide(answer(one, { token, choose: { option: 'maybe' } }))).toEqual({
      outcome: 'not_found',
    });
    expect(await store.decide(answer(other, { token }))).toEqual({ outcome: 'not_found' });
    expect(await store.decide(answer(other))).toEqual({ outcome: 'not_found' });
    expect((await store.decide(answer(one, { token }))).outcome).toBe('decided');
  }),

  single('finishing a turn ends what it still asked', async (store) => {
    const one = await asked(store);
    const { token } = one.confirmation;
    const decided = await store.openConfirmation(one.lease, question(one));
    await store.decide(answer(one, { token: decided.token }));
    await store.commitFinal(one.lease, one.turn.id, 'cancelled', []);
    expect(await store.decide(answer(one, { token }))).toEqual({ outcome: 'expired' });
    expect(await store.decide(answer(one))).toEqual({ outcome: 'not_found' });
    const replay = await store.decide(answer(one, { token: decided.token }));
    expect(replay).toMatchObject({ outcome: 'already_decided', confirmation: { decision: 'ok' } });
    await fails(store.openConfirmation(one.lease, question(one)), 'conflict');
  }),

  single('a turn that begins anew forgets what was not decided, and nothing else', async (store) => {
    const one = await asked(store);
    const decided = await store.openConfirmation(one.lease, question(one));
    await store.decide(answer(one, { token: decided.token, by: 'e1' }));
    const elsewhere = await asked(store);
    await store.restartJournal(one.lease, one.turn.id);
    const { token } = one.confirmation;
    expect(await store.decide(answer(one, { token }))).toEqual({ outcome: 'not_found' });
    const other = await store.decide(answer(elsewhere, { token: elsewhere.confirmation.token }));
    expect(other).toMatchObject({ outcome: 'decided' });
    expect(await store.decide(answer(one))).toEqual({ outcome: 'not_found' });
    const kept = await store.openConfirmation(one.lease, question(one, { id: decided.id }));
    expect(kept).toEqual({ ...decided, decision: 'ok', decidedBy: 'e1' });
    // Under its id and token something can be asked again.
    const again = question(one, { id: one.confirmation.id, token, text: 'something else' });
    expect(await store.openConfirmation(one.lease, again)).toEqual(again);
    expect(await store.decide(answer(one))).toMatchObject({ outcome: 'decided', confirmation: again });
  }),

  afterKill(
    'open and decided confirmations survive',
    async (store) => {
      const one = await asked(store);
      const decided = await store.openConfirmation(one.lease, question(one));
      await store.decide(answer(one, { token: decided.token, choose: { kind: 'reject' }, by: 'e1' }));
      return { ...one, decided };
    },
    async (store, one) => {
      const lease = await store.claimChat(one.chat.key);
      const again = await store.openConfirmation(lease, question(one, { id: one.decided.id }));
      expect(again).toEqual({ ...one.decided, decision: 'no', decidedBy: 'e1' });
      // The word that decided the other one is heard again: it decides nothing more.
      expect(await store.decide(answer(one, { choose: { kind: 'reject' }, by: 'e1' }))).toEqual({
        outcome: 'already_decided',
        confirmation: again,
      });
      expect(await store.decide(answer(one, { by: 'e2' }))).toEqual({
        outcome: 'decided',
        confirmation: { ...one.confirmation, decision: 'ok', decidedBy: 'e2' },
      });
    },
  ),
];
