import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Entry } from '../../src/frames.ts';
import { Chat } from './chat.ts';
import { itemsOf } from './parts/items.ts';
import { storage } from './testing-storage.ts';
import { bot } from './testing-world.ts';

beforeEach(() => vi.stubGlobal('localStorage', storage()));
afterEach(() => vi.unstubAllGlobals());

function chatAlone(): Chat {
  const nothing = () => undefined;
  return new Chat('main', { post: nothing, arrived: nothing, person: () => 'p', live: () => true });
}

const entries = (...entries: Entry[]) => ({ type: 'entries', chat: 'main', entries }) as const;

test('an answer in several parts is shown once, by its preview or by its parts', () => {
  const chat = chatAlone();
  const shown = () =>
    itemsOf(chat.entries.value, chat.own.pending.value, chat.drafts.value).map(
      ({ kind, key }) => `${kind} ${key}`,
    );
  chat.receive({ type: 'draft', chat: 'main', turnId: 't', from: 0, text: 'a', since: 0 });
  expect(shown()).toEqual(['draft t:t']);
  chat.receive(entries(bot(1, 't', 0, false)));
  expect(shown()).toEqual(['draft t:t']);
  chat.receive(entries(bot(2, 't', 1)));
  expect(shown()).toEqual(['entry t:t', 'entry s:2']);
});

test.each(['before', 'after'])(
  'a message that was taken long ago does not stay: %s what is shown',
  (when) => {
    const chat = chatAlone();
    chat.own.send('long ago');
    const id = chat.own.pending.value[0]?.id ?? '';
    const accept = () => chat.own.accepted(id, 7, chat.lastSeq);
    if (when === 'after') accept();
    chat.receive(entries(bot(100, 't')));
    if (when === 'before') accept();
    expect(chat.own.pending.value).toEqual([]);
  },
);

test('a settled question stays settled, with what was chosen', () => {
  const chat = chatAlone();
  const settling = (seq: number, settles: { about: string; chosen?: string }[]): Entry => {
    const entry = bot(seq, 't');
    return entry.by === 'bot' ? { ...entry, message: { ...entry.message, settles } } : entry;
  };
  chat.receive(
    entries(
      settling(1, [{ about: 'confirm:a', chosen: 'confirm:a:yes' }]),
      settling(2, [{ about: 'confirm:a' }, { about: 'confirm:b' }]),
    ),
  );
  expect([...chat.settled.value]).toEqual([
    ['confirm:a', 'confirm:a:yes'],
    ['confirm:b', undefined],
  ]);
});

test('only the newest list to choose from is on the way of the Tab key', () => {
  const chat = chatAlone();
  const asking = (seq: number, action: string): Entry => {
    const entry = bot(seq, `t${seq}`);
    if (entry.by !== 'bot') return entry;
    return { ...entry, message: { ...entry.message, buttons: [{ label: 'x', action }] } };
  };
  expect(chat.newestList.value).toBe(undefined);
  chat.receive(entries(asking(1, 'load:a'), asking(2, 'load:b'), bot(3, 't3')));
  expect(chat.newestList.value).toBe(2);
  chat.receive(entries(asking(4, 'confirm:c:1'), asking(5, 'retry:t')));
  expect(chat.newestList.value).toBe(2);
});
