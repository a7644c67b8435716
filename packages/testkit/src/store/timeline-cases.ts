/** What was said at an address, in order, nothing twice. */
import { OperationId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  afterKill,
  callback,
  command,
  input,
  message,
  NOW,
  only,
  outgoing,
  room,
  type StoreCase,
  single,
  unique,
} from './harness.ts';

const newId = () => OperationId.parse(`shown-${unique()}`);

export const timelineCases: readonly StoreCase[] = [
  single('the same operation is one entry, also many at once', async ({ timeline }) => {
    const id = newId();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => timeline.append(room(), id, outgoing('hi'), NOW)),
    );
    expect(all.filter(({ fresh }) => fresh)).toHaveLength(1);
    expect(new Set(all.map(({ seq }) => seq)).size).toBe(1);
    expect(await timeline.append(room(), id, outgoing('hi'), NOW + 5)).toEqual({
      seq: all[0]?.seq,
      fresh: false,
    });
    expect(await timeline.read(room(), { limit: 10 })).toEqual([
      { seq: all[0]?.seq, at: NOW, item: { by: 'bot', operationId: id, message: outgoing('hi') } },
    ]);
  }),

  single("a person's words are entered with their acceptance, once", async (store) => {
    const event = message('hello', { name: 'Ann' });
    const accepted = only(await store.accept(input(event, { record: true })), 'turn');
    expect(accepted.seq).toBeTypeOf('number');
    const again = await store.accept(input(event, { record: true }));
    expect(again).toEqual({ outcome: 'duplicate', seq: accepted.seq });
    expect(await store.timeline.read(room(), { limit: 10 })).toEqual([
      {
        seq: accepted.seq,
        at: NOW,
        item: { by: 'person', eventId: event.eventId, name: 'Ann', text: 'hello', files: [] },
      },
    ]);
  }),

  single('commands are words too; buttons are not; nothing unasked or refused is entered', async (store) => {
    const record = { record: true };
    only(await store.accept(input(message('one'), record)), 'turn');
    only(await store.accept(input(message('unasked'))), 'turn');
    only(await store.accept(input(message('refused'), { ...record, queueLimit: 2 })), 'queue_full');
    only(await store.accept(input(message('old', { sentAt: 0 }), record)), 'expired');
    only(await store.accept(input(command('stop'), record)), 'event');
    only(await store.accept(input(command('new', 'my plan'), record)), 'event');
    expect(only(await store.accept(input(callback('ok'), record)), 'event').seq).toBeUndefined();
    const entries = await store.timeline.read(room(), { limit: 10 });
    expect(entries.map(({ item }) => item.by === 'person' && item.text)).toEqual([
      'one',
      'old',
      '/stop',
      '/new my plan',
    ]);
  }),

  single('pages go backwards and forwards, each address by itself', async ({ timeline }) => {
    const seqs: number[] = [];
    for (let at = 0; at < 10; at += 1) {
      seqs.push((await timeline.append(room(), newId(), outgoing(`${at}`), NOW + at)).seq);
      await timeline.append(room('other'), newId(), outgoing('noise'), NOW);
    }
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    const texts = async (page: Parameters<typeof timeline.read>[1]) =>
      (await timeline.read(room(), page)).map(({ item }) => item.by === 'bot' && item.message.markdown);
    const seq = (at: number) => seqs[at] ?? 0;
    expect(await texts({ limit: 3 })).toEqual(['7', '8', '9']);
    expect(await texts({ limit: 3, before: seq(7) })).toEqual(['4', '5', '6']);
    expect(await texts({ limit: 3, before: seq(1) })).toEqual(['0']);
    expect(await texts({ limit: 3, before: seq(0) })).toEqual([]);
    expect(await texts({ limit: 3, after: 0 })).toEqual(['0', '1', '2']);
    expect(await texts({ limit: 3, after: seq(2) })).toEqual(['3', '4', '5']);
    expect(await texts({ limit: 3, after: seq(7) })).toEqual(['8', '9']);
    expect(await texts({ limit: 3, after: seq(9) })).toEqual([]);
    expect(await texts({ limit: 9, after: seq(2), before: seq(5) })).toEqual(['3', '4']);
    expect(await timeline.read(room('nowhere'), { limit: 3 })).toEqual([]);
  }),

  single('a summary tells the last entry, the last of others, and what was read', async (store) => {
    const { timeline } = store;
    expect(await timeline.summaries([])).toEqual([]);
    const words = only(await store.accept(input(message('hello'), { record: true })), 'turn');
    const [mine] = await timeline.summaries([room()]);
    expect(mine).toEqual({ last: words.seq, at: NOW, lastOther: 0, read: 0 });
    const answer = await timeline.append(room(), newId(), outgoing('hi'), NOW + 1);
    const elsewhere = await timeline.append(room('other'), newId(), outgoing('noise'), NOW + 2);
    const more = only(await store.accept(input(message('more'), { record: true, now: NOW + 3 })), 'turn');
    await timeline.markRead(room(), answer.seq);
    await timeline.markRead(room(), words.seq ?? 0);
    expect(await timeline.summaries([room('other'), room(), room('nowhere')])).toEqual([
      { last: elsewhere.seq, at: NOW + 2, lastOther: elsewhere.seq, read: 0 },
      { last: more.seq, at: NOW + 3, lastOther: answer.seq, read: answer.seq },
      { last: 0, at: 0, lastOther: 0, read: 0 },
    ]);
  }),

  afterKill(
    'what was read stays read',
    async ({ timeline }) => {
      const { seq } = await timeline.append(room(), newId(), outgoing('hi'), NOW);
      await timeline.markRead(room(), seq);
      return seq;
    },
    async ({ timeline }, seq) => {
      expect(await timeline.summaries([room()])).toMatchObject([{ last: seq, read: seq }]);
    },
  ),

  afterKill(
    'entries survive and numbers go on',
    async (store) => {
      const id = newId();
      const words = only(await store.accept(input(message('hello'), { record: true })), 'turn');
      return { id, words, first: await store.timeline.append(room(), id, outgoing('hi'), NOW) };
    },
    async ({ timeline }, { id, words, first }) => {
      expect(first.seq).toBeGreaterThan(words.seq ?? 0);
      expect(await timeline.append(room(), id, outgoing('hi'), NOW)).toEqual({
        seq: first.seq,
        fresh: false,
      });
      const next = await timeline.append(room(), newId(), outgoing('more'), NOW);
      expect(next.seq).toBeGreaterThan(first.seq);
      expect(await timeline.read(room(), { limit: 10 })).toHaveLength(3);
    },
  ),
];
