/** A turn's life: started, journalled, finished once, tried again. */
import type { AgentEvent } from '@surfaces/protocol';
import { MessageId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  fails,
  input,
  message,
  NOW,
  only,
  operation,
  recoverAll,
  room,
  running,
  type StoreCase,
  single,
  unique,
} from './harness.ts';

const text = (seq: number, words = `${seq}`): AgentEvent => ({ kind: 'text', seq, text: words });

export const turnCases: readonly StoreCase[] = [
  afterKill(
    'a journal keeps each event once, in order of seq',
    async (store) => {
      const started = await running(store);
      await store.appendEvents(started.lease, started.turn.id, [text(1), text(3)]);
      await store.appendEvents(started.lease, started.turn.id, [text(2), text(3, 'other'), text(4)]);
      await store.appendEvents(started.lease, started.turn.id, []);
      return started;
    },
    async (store) => {
      const [left] = (await recoverAll(store)).turns;
      expect(left?.events).toEqual([text(1), text(2), text(3), text(4)]);
    },
  ),

  afterKill(
    'a restarted journal is empty and takes the same numbers again',
    async (store) => {
      const { lease, turn } = await running(store);
      await store.appendEvents(lease, turn.id, [text(1), text(2)]);
      await store.restartJournal(lease, turn.id);
      await store.appendEvents(lease, turn.id, [{ kind: 'restarted', seq: 1 }]);
    },
    async (store) => {
      expect((await recoverAll(store)).turns[0]?.events).toEqual([{ kind: 'restarted', seq: 1 }]);
    },
  ),

  single('a turn that was not started takes no events; a finished one forgets them', async (store) => {
    const { turn, chat } = await acceptTurn(store, 'x');
    const lease = await store.claimChat(chat.key);
    await fails(store.appendEvents(lease, turn.id, [text(1)]), 'conflict');
    await store.startTurn(lease, turn.id);
    await store.startTurn(lease, turn.id);
    await store.commitFinal(lease, turn.id, 'answered', []);
    await store.appendEvents(lease, turn.id, [text(1)]);
    expect((await recoverAll(store)).turns).toEqual([]);
    await fails(store.startTurn(lease, turn.id), 'conflict');
  }),

  single('a preview is remembered with its turn', async (store) => {
    const { lease, turn, chat } = await running(store);
    await store.rememberPreview(lease, turn.id, MessageId.parse('m1'));
    expect((await store.lastTurns(chat.key, 1))[0]).toEqual({
      ...turn,
      state: 'running',
      previewMessageId: 'm1',
    });
  }),

  single('the final commit happens once and returns its operations in order', async (store) => {
    const { lease, turn, chat } = await running(store);
    const parts = [operation(chat, 'part 1', { turn: turn.id }), operation(chat, 'part 2')];
    const edit = operation(chat, 'part 3', { editOf: MessageId.parse('m1') });
    const done = await store.commitFinal(lease, turn.id, 'answered', [...parts, edit]);
    expect(done.map(({ message: { markdown } }) => markdown)).toEqual(['part 1', 'part 2', 'part 3']);
    expect(done).toMatchObject([...parts, edit].map((one) => ({ ...one, state: 'pending', attempts: 0 })));
    const seqs = done.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(await store.commitFinal(lease, turn.id, 'failed', [operation(chat)])).toEqual([]);
    expect((await store.lastTurns(chat.key, 1))[0]).toMatchObject({ state: 'finished', outcome: 'answered' });
    expect(await store.lastOperations(chat.key, 10)).toEqual(done.toReversed());
  }),

  single('of many final commits at once one counts', async (store) => {
    const { lease, turn, chat } = await running(store);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => store.commitFinal(lease, turn.id, 'answered', [operation(chat)])),
    );
    expect(all.filter((operations) => operations.length === 1)).toHaveLength(1);
    expect(await store.lastOperations(chat.key, 100)).toHaveLength(1);
  }),

  single('a queued turn can be finished without being run', async (store) => {
    const { turn, chat } = await acceptTurn(store, 'x');
    const lease = await store.claimChat(chat.key);
    await store.commitFinal(lease, turn.id, 'cancelled', []);
    expect((await store.lastTurns(chat.key, 1))[0]?.outcome).toBe('cancelled');
    expect(await store.counts()).toEqual({ queued: 0, running: 0, deadLetters: 0 });
  }),

  single('a final commit that cannot be made whole is not made at all', async (store) => {
    const { lease, turn, chat } = await running(store);
    const taken = operation(chat);
    await store.enqueue([taken]);
    await fails(store.commitFinal(lease, turn.id, 'answered', [operation(chat), taken]), 'conflict');
    expect((await store.lastTurns(chat.key, 1))[0]?.state).toBe('running');
    expect(await store.lastOperations(chat.key, 10)).toHaveLength(1);
  }),

  single('one call that fails takes no other with it', async (store) => {
    const { lease, turn, chat } = await running(store);
    const bad = operation(chat);
    await store.enqueue([bad]);
    const event = message('meanwhile');
    const [before, failed, after] = await Promise.allSettled([
      store.accept(input(event)),
      store.commitFinal(lease, turn.id, 'answered', [bad]),
      store.accept(input(event)),
    ]);
    expect(before).toMatchObject({ status: 'fulfilled', value: { outcome: 'turn' } });
    expect(failed.status).toBe('rejected');
    expect(after).toMatchObject({ status: 'fulfilled', value: { outcome: 'duplicate' } });
    expect(await store.lastTurns(chat.key, 10)).toHaveLength(2);
  }),

  single('counts say how many turns wait and run', async (store) => {
    await running(store, 'a');
    await acceptTurn(store, 'b');
    await acceptTurn(store, 'c');
    expect(await store.counts()).toEqual({ queued: 2, running: 1, deadLetters: 0 });
  }),

  single('a retry is a new turn at the end, with the words of the old', async (store) => {
    const { lease, turn, chat } = await running(store, 'the question');
    const waiting = await acceptTurn(store, 'another');
    await store.commitFinal(lease, turn.id, 'failed', []);
    const address = room('from here');
    const asked = { chat: chat.key, turn: turn.id, again: 'a', address, now: NOW + 9, queueLimit: 5 };
    const retried = await store.retryTurn(asked);
    if (typeof retried === 'string') throw new Error(retried);
    expect(retried).toEqual({
      id: retried.id,
      requestId: retried.requestId,
      chat: chat.key,
      person: turn.person,
      address,
      text: 'the question',
      attachments: [],
      sentAt: NOW + 9,
      acceptedAt: NOW + 9,
      state: 'queued',
    });
    expect(retried.id).not.toBe(turn.id);
    expect(retried.requestId).not.toBe(turn.requestId);
    expect((await store.lastTurns(chat.key, 3)).map(({ id }) => id)).toEqual([
      retried.id,
      waiting.turn.id,
      turn.id,
    ]);
  }),

  single('a retry asked for by the same key is one turn', async (store) => {
    const { lease, turn, chat } = await running(store);
    await store.commitFinal(lease, turn.id, 'failed', []);
    const asked = { chat: chat.key, address: room(), now: NOW, queueLimit: 5 };
    const all = await Promise.all(
      Array.from({ length: 10 }, () => store.retryTurn({ ...asked, again: 'same' })),
    );
    expect(new Set(all.map((one) => (typeof one === 'string' ? one : one.id))).size).toBe(1);
    expect(await store.lastTurns(chat.key, 10)).toHaveLength(2);
    expect(await store.retryTurn({ ...asked, again: 'other' })).toMatchObject({ state: 'queued' });
  }),

  single('a retry without a turn takes the newest finished one of this chat', async (store) => {
    const asked = { address: room(), now: NOW, queueLimit: 5 };
    const { lease, turn, chat } = await running(store, 'first');
    expect(await store.retryTurn({ ...asked, chat: chat.key, again: `${unique()}` })).toBe('not_found');
    await store.commitFinal(lease, turn.id, 'answered', []);
    const second = await acceptTurn(store, 'second');
    await store.commitFinal(lease, second.turn.id, 'failed', []);
    await acceptTurn(store, 'third');
    const elsewhere = await acceptTurn(store, 'elsewhere', { address: room('other') });
    const newest = await store.retryTurn({ ...asked, chat: chat.key, again: 'x' });
    expect(newest).toMatchObject({ text: 'second' });
    const foreign = { ...asked, chat: elsewhere.chat.key, turn: turn.id, again: 'y' };
    expect(await store.retryTurn(foreign)).toBe('not_found');
    expect(await store.retryTurn({ ...asked, chat: chat.key, again: 'z', queueLimit: 2 })).toBe('queue_full');
  }),

  single('expired turns are named in one note, once', async (store) => {
    const old = { sentAt: 0 };
    const one = only(await store.accept(input(message('old 1', old))), 'expired');
    const { turn: late, lease, chat } = await running(store, 'cut off');
    await store.commitFinal(lease, late.id, 'expired', []);
    await acceptTurn(store, 'fresh');
    let named: readonly string[] = [];
    const note = operation(chat, 'these were too old');
    const made = await store.noteExpired(chat.key, (turns) => {
      named = turns.map((turn) => turn.text);
      return note;
    });
    expect(made).toMatchObject({ ...note, state: 'pending' });
    expect(named).toEqual([one.turn.text, 'cut off']);
    const never = () => {
      throw new Error('there was nothing to name');
    };
    expect(await store.noteExpired(chat.key, never)).toBeUndefined();
    only(await store.accept(input(message('old 2', old))), 'expired');
    expect(await store.noteExpired(chat.key, () => operation(chat))).toBeDefined();
  }),

  single('of two that name the expired turns at once one does', async (store) => {
    const { chat } = only(await store.accept(input(message('old', { sentAt: 0 }))), 'expired');
    const both = await Promise.all(
      Array.from({ length: 4 }, () => store.noteExpired(chat.key, () => operation(chat))),
    );
    expect(both.filter((made) => made !== undefined)).toHaveLength(1);
    expect(await store.lastOperations(chat.key, 10)).toHaveLength(1);
  }),
];
