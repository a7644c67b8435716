/** The outbox: in order, and no state of delivery forgotten. */
import { MessageId, OperationId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  fails,
  operation,
  recoverAll,
  running,
  type StoreCase,
  single,
  unique,
} from './harness.ts';

const m1 = MessageId.parse('m1');

export const operationCases: readonly StoreCase[] = [
  afterKill(
    'operations are found again in the order of their commits',
    async (store) => {
      const { chat, lease, turn } = await running(store);
      const texts = Array.from({ length: 20 }, (_, at) => `operation ${at}`);
      await Promise.all(texts.map((text) => store.enqueue([operation(chat, text)])));
      await store.commitFinal(lease, turn.id, 'answered', [operation(chat, 'last')]);
      return [...texts, 'last'];
    },
    async (store, texts) => {
      const { operations } = await recoverAll(store);
      expect(operations.map(({ message }) => message.markdown)).toEqual(texts);
      const seqs = operations.map(({ seq }) => seq);
      expect(new Set(seqs).size).toBe(seqs.length);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    },
  ),

  single('enqueue leaves out ids that are there already', async (store) => {
    const { chat } = await acceptTurn(store, 'x');
    const [a, b, c] = [operation(chat, 'a'), operation(chat, 'b'), operation(chat, 'c')];
    await store.enqueue([a]);
    const again = await store.enqueue([b, { ...a, message: b.message }, c, c]);
    expect(again.map(({ id }) => id)).toEqual([b.id, c.id]);
    const all = await store.lastOperations(chat.key, 10);
    expect(all.map(({ message }) => message.markdown)).toEqual(['c', 'b', 'a']);
    expect(await store.enqueue([])).toEqual([]);
  }),

  single('a sent operation has its message id and stays sent', async (store) => {
    const { chat } = await acceptTurn(store, 'x');
    const asked = operation(chat, 'x', { editOf: MessageId.parse('m0') });
    const [made] = await store.enqueue([asked]);
    await store.settleOperation(asked.id, { state: 'sent', messageId: m1 });
    const sent = { ...made, state: 'sent', messageId: m1, attempts: 1 };
    expect(await store.lastOperations(chat.key, 1)).toEqual([sent]);
    await store.settleOperation(asked.id, { state: 'dead', error: 'late news' });
    await store.beginOperation(asked.id);
    expect(await store.lastOperations(chat.key, 1)).toEqual([sent]);
    expect((await recoverAll(store)).operations).toEqual([]);
  }),

  single('an attempt that failed is counted and told; the operation keeps its place', async (store) => {
    const { chat } = await acceptTurn(store, 'x');
    const [first, second] = [operation(chat, '1'), operation(chat, '2')];
    await store.enqueue([first]);
    await store.enqueue([second]);
    await store.settleOperation(first.id, { state: 'pending', error: 'slow down' });
    await store.settleOperation(first.id, { state: 'pending', error: 'slow down more' });
    const { operations } = await recoverAll(store);
    expect(operations.map(({ id }) => id)).toEqual([first.id, second.id]);
    expect(operations[0]).toMatchObject({ state: 'pending', attempts: 2, error: 'slow down more' });
    await store.settleOperation(first.id, { state: 'sent', messageId: m1 });
    const sent = (await store.lastOperations(chat.key, 2))[1];
    expect(sent).toMatchObject({ state: 'sent', attempts: 3 });
    expect(sent).not.toHaveProperty('error');
  }),

  afterKill(
    'an attempt whose outcome is unknown is found as sending',
    async (store) => {
      const { chat } = await acceptTurn(store, 'x');
      const asked = operation(chat);
      await store.enqueue([asked]);
      await store.beginOperation(asked.id);
      return asked;
    },
    async (store, asked) => {
      const { operations } = await recoverAll(store);
      expect(operations).toMatchObject([{ id: asked.id, state: 'sending' }]);
      await store.settleOperation(asked.id, { state: 'pending', error: 'interrupted' });
      expect((await recoverAll(store)).operations).toMatchObject([{ state: 'pending', attempts: 1 }]);
    },
  ),

  single('dead letters are listed, newest first, and can be tried again', async (store) => {
    const { chat } = await acceptTurn(store, 'x');
    const all = ['1', '2', '3'].map((text) => operation(chat, text));
    await store.enqueue(all);
    for (const { id } of all) await store.settleOperation(id, { state: 'dead', error: `lost ${id}` });
    expect((await store.deadLetters(2)).map(({ message }) => message.markdown)).toEqual(['3', '2']);
    expect((await store.counts()).deadLetters).toBe(3);
    expect((await recoverAll(store)).operations).toEqual([]);
    const [first] = all;
    if (first === undefined) throw new Error('nothing was enqueued');
    await store.settleOperation(first.id, { state: 'pending', error: 'replayed' });
    expect((await store.deadLetters(10)).map(({ message }) => message.markdown)).toEqual(['3', '2']);
    expect((await recoverAll(store)).operations).toMatchObject([{ id: first.id, attempts: 2 }]);
  }),

  single('an operation that does not exist cannot be settled', async (store) => {
    const id = OperationId.parse(`none-${unique()}`);
    await fails(store.settleOperation(id, { state: 'sent', messageId: m1 }), 'conflict');
    await fails(store.beginOperation(id), 'conflict');
  }),

  single('a write can be proved', async (store) => {
    await store.probe();
    await store.probe();
  }),
];
