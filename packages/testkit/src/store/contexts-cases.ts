/** Contexts: what a chat's agent knows, left, saved and gone on with. */

import type { Person, SavedContext, Store, Turn } from '@surfaces/core';
import { AgentId, newPlatformChatId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  echo,
  finish,
  input,
  meet,
  NOW,
  namesOf,
  only,
  operation,
  recoverAll,
  room,
  running,
  type StoreCase,
  single,
  unique,
  withFiles,
} from './harness.ts';

const other = AgentId.parse('other');

function copy(owner: Person, parts: Partial<SavedContext> = {}): SavedContext {
  return {
    id: `context-${unique()}`,
    owner: owner.id,
    agentId: echo,
    name: 'plan',
    savedAt: NOW,
    source: { kind: 'copy', platformChatId: newPlatformChatId() },
    ...parts,
  };
}

async function ask(
  store: Store,
  of: Turn,
  parts: { readonly by?: string; readonly queueLimit?: number } = {},
) {
  const { chat, person } = of;
  const base = { chat, person, text: 'write it down', address: room(), now: NOW + 1 };
  return await store.queueTurn({ ...base, by: `key-${unique()}`, queueLimit: 100, ...parts });
}

async function asked(store: Store, of: Turn, parts: { readonly by?: string } = {}): Promise<Turn> {
  const turn = await ask(store, of, parts);
  if (turn === 'queue_full') throw new Error(turn);
  return turn;
}

export const contextsCases: readonly StoreCase[] = [
  single('an idle chat gets another context, where nothing is known', async (store) => {
    const { chat, turn } = await acceptTurn(store, 'x');
    const platformChatId = newPlatformChatId();
    const change = { chat: chat.key, platformChatId, by: 'key', now: NOW + 5 };
    expect(await store.switchContext(change)).toBe('busy');
    await finish(store, turn, 'answered', 30);
    const elsewhere = await acceptTurn(store, 'x', { address: room('elsewhere') });
    const switched = {
      chat: { ...chat, platformChatId, contextSince: NOW + 5 },
      previous: chat.platformChatId,
    };
    expect(await store.switchContext(change)).toEqual(switched);
    expect(await store.chat(chat.key)).toEqual(switched.chat);
    expect(await store.chat(elsewhere.chat.key)).toEqual(elsewhere.chat);
  }),

  afterKill(
    'the same key switches once, whatever came between',
    async (store) => {
      const { chat, turn } = await acceptTurn(store, 'x');
      await finish(store, turn);
      const change = (by: string) =>
        store.switchContext({ chat: chat.key, platformChatId: newPlatformChatId(), by, now: NOW });
      const both = await Promise.all([change('one'), change('one')]);
      expect(both[0]).toEqual(both[1]);
      await change('two');
      return { chat, now: await store.chat(chat.key) };
    },
    async (store, { chat, now }) => {
      await acceptTurn(store, 'busy');
      const again = { chat: chat.key, platformChatId: newPlatformChatId(), now: NOW };
      expect(await store.switchContext({ ...again, by: 'one' })).toEqual({
        chat: now,
        previous: chat.platformChatId,
      });
      expect(await store.chat(chat.key)).toEqual(now);
      expect(await store.switchContext({ ...again, by: 'three' })).toBe('busy');
    },
  ),

  single('tokens add up, each turn once', async (store) => {
    const { chat, turn, lease } = await running(store);
    await store.commitFinal(lease, turn.id, 'answered', [operation(chat)], { tokens: 12 });
    await store.commitFinal(lease, turn.id, 'answered', [], { tokens: 12 });
    const next = await acceptTurn(store, 'y');
    expect(next.chat.tokens).toBe(12);
    await finish(store, next.turn, 'failed', 5);
    expect((await store.chat(chat.key))?.tokens).toBe(17);
  }),

  single('a saved context has a free name, per owner and agent, and is saved once', async (store) => {
    const [ann, bob] = [await meet(store, 'ann'), await meet(store, 'bob')];
    const first = copy(ann);
    expect(await store.saveContext(first)).toEqual(first);
    expect(await store.saveContext(first)).toEqual(first);
    const second = await store.saveContext(copy(ann));
    expect(second.name).toBe('plan (2)');
    expect((await store.saveContext(copy(ann))).name).toBe('plan (3)');
    expect((await store.saveContext(copy(ann, { agentId: other }))).name).toBe('plan');
    expect((await store.saveContext(copy(bob))).name).toBe('plan');
    expect(namesOf(await store.savedContexts(ann.id, echo))).toEqual(['plan', 'plan (2)', 'plan (3)']);
    expect((await store.savedContexts(ann.id, echo))[1]).toEqual(second);
    expect(namesOf(await store.savedContexts(ann.id, other))).toEqual(['plan']);
    expect(await store.savedContexts(bob.id, echo)).toMatchObject([{ owner: bob.id }]);
    expect(await store.savedContexts(bob.id, other)).toEqual([]);
  }),

  single('notes are there once their turn is answered, or the one that tries it again', async (store) => {
    const { turn, person } = await acceptTurn(store, 'x');
    const source = async () =>
      ({ kind: 'notes', path: 'contexts/x.md', turn: (await asked(store, turn)).id }) as const;
    const good = await store.saveContext(copy(person, { name: 'good', source: await source() }));
    const bad = copy(person, { name: 'bad', source: await source() });
    await store.saveContext(bad);
    const names = async () => namesOf(await store.savedContexts(person.id, echo));
    expect(await names()).toEqual([]);
    const turns = (await store.lastTurns(turn.chat, 3)).toReversed();
    expect(turns.map(({ text }) => text)).toEqual(['x', 'write it down', 'write it down']);
    for (const [at, one] of turns.entries()) await finish(store, one, at === 2 ? 'failed' : 'answered');
    expect(await store.savedContexts(person.id, echo)).toEqual([good]);
    if (bad.source.kind !== 'notes') throw new Error(bad.source.kind);
    const again = { again: 'again', address: room(), now: NOW, queueLimit: 5 };
    const retried = await store.retryTurn({ chat: turn.chat, turn: bad.source.turn, ...again });
    if (typeof retried === 'string') throw new Error(retried);
    expect(await names()).toEqual(['good']);
    await finish(store, retried);
    expect(await names()).toEqual(['good', 'bad']);
  }),

  single('notes outlive their turn; those that were never written go with it', async (store) => {
    const { turn, person } = await acceptTurn(store, 'x');
    for (const outcome of ['answered', 'failed'] as const) {
      const one = await asked(store, turn);
      const source = { kind: 'notes', path: 'contexts/x.md', turn: one.id } as const;
      await store.saveContext(copy(person, { name: outcome, source }));
      await finish(store, one, outcome);
    }
    expect(await store.prune({ finished: NOW + 1000 }, 100)).toMatchObject({ turns: 2 });
    expect(namesOf(await store.savedContexts(person.id, echo))).toEqual(['answered']);
  }),

  single('words of ours are queued behind the others, once per key', async (store) => {
    const { turn, chat, person } = await acceptTurn(store, 'x');
    const all = await Promise.all(Array.from({ length: 5 }, () => asked(store, turn, { by: 'same' })));
    const [made] = all;
    expect(made).toEqual({
      id: made?.id,
      requestId: made?.requestId,
      chat: chat.key,
      person: person.id,
      address: room(),
      text: 'write it down',
      attachments: [],
      sentAt: NOW + 1,
      acceptedAt: NOW + 1,
      state: 'queued',
    });
    expect(all.map(({ id }) => id)).toEqual(all.map(() => made?.id));
    expect(await ask(store, turn, { by: 'more', queueLimit: 2 })).toBe('queue_full');
    expect(await ask(store, turn, { by: 'same', queueLimit: 2 })).toEqual(made);
    expect((await store.lastTurns(chat.key, 10)).map(({ id }) => id)).toEqual([made?.id, turn.id]);
  }),

  single('a retry and words of ours do not mistake their keys, and leave waiting files', async (store) => {
    const { turn, chat, person } = await acceptTurn(store, 'x');
    await finish(store, turn);
    only(await store.accept(input(withFiles('', ['a.txt']))), 'files');
    const made = await asked(store, turn, { by: 'key' });
    const again = { chat: chat.key, again: 'key', address: room(), now: NOW, queueLimit: 5 };
    expect(await store.retryTurn({ ...again, turn: turn.id })).toMatchObject({ text: 'x' });
    expect(made.attachments).toEqual([]);
    expect(namesOf(await store.waitingFiles(chat.key, person.id))).toEqual(['a.txt']);
  }),

  afterKill(
    'words of ours, saved contexts and their keys survive',
    async (store) => {
      const { turn, person } = await acceptTurn(store, 'x');
      await finish(store, turn);
      const saved = await store.saveContext(copy(person));
      return { turn, person, saved, made: await asked(store, turn, { by: 'key' }) };
    },
    async (store, { turn, person, saved, made }) => {
      expect((await recoverAll(store)).turns.map((one) => one.turn)).toEqual([made]);
      expect(await asked(store, turn, { by: 'key' })).toEqual(made);
      expect(await store.savedContexts(person.id, echo)).toEqual([saved]);
      expect(await store.saveContext(saved)).toEqual(saved);
    },
  ),
];
