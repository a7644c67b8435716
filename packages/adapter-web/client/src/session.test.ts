/** Whatever breaks and whenever, in whichever chat: nothing missing, nothing twice, nothing elsewhere, in order. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServerFrame } from '../../src/frames.ts';
import { itemsOf } from './parts/items.ts';
import { storage } from './testing-storage.ts';
import { alone, bot, summary, World, welcome } from './testing-world.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('localStorage', storage());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const CHATS = ['main', 'second', 'third'];

const STEPS = {
  connect: (world: World) => world.connect(),
  lose: (world: World) => world.lose(),
  reload: (world: World) => world.open(),
  write: (world: World) => world.write(),
  down: (world: World) => world.turn(1),
  up: (world: World) => world.turn(-1),
  begin: (world: World) => world.begin(),
  finish: (world: World) => world.finish(),
  elsewhere: (world: World) => world.elsewhere(),
  refuse: (world: World) => world.refuse(),
  older: (world: World) => world.session.shown.value?.loadOlder(),
  serve: (world: World) => world.serve(),
  show: (world: World) => world.show(),
} as const;
const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant('show' as const) },
  { weight: 5, arbitrary: fc.constant('serve' as const) },
  { weight: 3, arbitrary: fc.constantFrom('connect' as const, 'write' as const) },
  { weight: 2, arbitrary: fc.constantFrom('down' as const, 'up' as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...(['lose', 'reload', 'begin', 'finish', 'elsewhere', 'refuse', 'older'] as const),
    ),
  },
);

/** What of a chat is on the page makes sense at any moment. */
function check(world: World, id: string): void {
  const { entries, own, drafts } = world.session.chat(id);
  const keys = itemsOf(entries.value, own.pending.value, drafts.value).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const ids = new Set(entries.value.flatMap((entry) => (entry.by === 'person' ? entry.id : [])));
  expect(own.pending.value.filter((message) => ids.has(message.id))).toEqual([]);
}

test('after any losses, reloads, refusals and turns to other chats the page shows what the server has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      vi.stubGlobal('localStorage', storage());
      const world = new World(CHATS);
      // The first welcome says whose messages are kept.
      world.connect();
      world.serve();
      world.show();
      for (const name of steps) {
        STEPS[name](world);
        for (const id of CHATS) check(world, id);
      }
      world.settle(() => vi.advanceTimersByTime(40_000));
      for (const id of CHATS) {
        const arrived = world.timeline(id).flatMap((entry) => (entry.by === 'person' ? entry.text : []));
        expect(arrived).toEqual(world.written.get(id));
        world.session.open(id);
        world.settle(() => vi.advanceTimersByTime(40_000));
        const { entries, own, drafts } = world.session.chat(id);
        const timeline = world.timeline(id);
        expect(entries.value).toEqual(timeline.slice(-entries.value.length || timeline.length));
        expect(entries.value.length > 0).toBe(timeline.length > 0);
        expect(own.pending.value).toEqual([]);
        expect(drafts.value).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});

const CAUGHT_UP = { type: 'caught_up', busy: false, drafts: [] } as const;

/** What a server says after `hello`. */
function greet(chat: string, chats = [chat], person = 'p'): ServerFrame[] {
  return [
    welcome(person),
    { type: 'chats', chats: chats.map((id) => summary(id)) },
    { type: 'opened', chat, reset: true, older: false },
    { ...CAUGHT_UP, chat },
  ];
}

test('what one person wrote is never sent as another', () => {
  const otherPerson = vi.fn();
  const first = alone({ otherPerson });
  first.session.hello();
  for (const frame of greet('main', ['main'], 'a')) first.session.receive(frame);
  first.session.closed();
  first.session.chat('main').own.send('of a');
  for (const frame of greet('main', ['main'], 'b')) first.session.receive(frame);
  expect([first.sent, otherPerson.mock.calls.length]).toEqual([[], 1]);
  for (const [person, sent] of [
    ['b', []],
    ['a', ['of a']],
  ] as const) {
    const next = alone();
    next.session.hello();
    for (const frame of greet('main', ['main'], person)) next.session.receive(frame);
    expect(next.sent.flatMap((frame) => (frame.type === 'message' ? frame.text : []))).toEqual(sent);
  }
});

test('a message goes into the chat it was written in, whatever is shown meanwhile', () => {
  const { session, sent } = alone();
  session.hello();
  for (const frame of greet('main', ['main', 'other'])) session.receive(frame);
  session.chat('main').own.send('one');
  session.chat('main').own.send('two');
  session.open('other');
  const id = sent.find((frame) => frame.type === 'message')?.id ?? '';
  session.receive({ type: 'accepted', id, seq: 1 });
  const messages = sent.flatMap((frame) => (frame.type === 'message' ? [[frame.chat, frame.text]] : []));
  expect(messages).toEqual([
    ['main', 'one'],
    ['main', 'two'],
  ]);
});

test('the next message goes also where the entry came before the word that it was accepted', () => {
  const { session, sent } = alone();
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  const { own } = session.chat('main');
  own.send('one');
  own.send('two');
  const [first] = sent;
  if (first?.type !== 'message') throw new Error('nothing was sent');
  const entry = { by: 'person', seq: 1, at: 0, id: first.id, name: 'P', text: 'one', files: [] } as const;
  session.receive({ type: 'entries', chat: 'main', entries: [{ ...entry, files: [] }] });
  session.receive({ type: 'accepted', id: first.id, seq: 1 });
  expect(sent.at(-1)).toMatchObject({ type: 'message', text: 'two' });
  expect(own.pending.value).toMatchObject([{ text: 'two', state: 'sending' }]);
});

test('hello names the chat that is shown and what the page has of it', () => {
  const { session, sent } = alone({ locale: () => 'ko' });
  expect(session.hello()).toEqual({ type: 'hello', chat: null, after: null, locale: 'ko' });
  for (const frame of greet('main', ['main', 'other'])) session.receive(frame);
  session.receive({ type: 'entries', chat: 'main', entries: [bot(7, 't')] });
  session.open('other');
  session.receive({ type: 'opened', chat: 'other', reset: true, older: false });
  session.receive({ ...CAUGHT_UP, chat: 'other' });
  session.open('main');
  expect(sent).toEqual([
    { type: 'open', chat: 'other', after: null },
    { type: 'open', chat: 'main', after: 7 },
  ]);
  session.closed();
  expect(session.hello()).toMatchObject({ chat: 'main', after: 7 });
});

test.each([
  ['named by the server', (): ServerFrame[] => greet('main', ['main', 'other'])],
  [
    'refused by the server',
    (): ServerFrame[] => [
      welcome(),
      { type: 'chats', chats: [summary('other'), summary('main')] },
      { type: 'error', code: 'no_chat', detail: '' },
      // The server goes somewhere by itself, and then where it was asked to.
      { type: 'opened', chat: 'main', reset: true, older: false },
      { ...CAUGHT_UP, chat: 'main' },
      { type: 'opened', chat: 'other', reset: true, older: false },
      { ...CAUGHT_UP, chat: 'other' },
    ],
  ],
])('a chat that is not there gives way to one that is: %s', (_, answer) => {
  const moves: unknown[] = [];
  const { session } = alone({ shown: (...move) => moves.push(move) });
  session.open('gone', true);
  session.hello();
  const frames = answer();
  for (const frame of frames) session.receive(frame);
  const expected = frames.some(({ type }) => type === 'error') ? 'other' : 'main';
  expect(session.shownId.value).toBe(expected);
  expect(session.chat(expected).current.value).toBe(true);
  expect(moves).toEqual([
    ['gone', true, undefined],
    [expected, true, 'gone'],
  ]);
});

test('going fast through the chats ends where the person stopped', () => {
  const { session } = alone();
  session.hello();
  for (const frame of greet('main', ['main', 'b', 'c'])) session.receive(frame);
  for (const chat of ['b', 'main', 'c']) session.open(chat);
  for (const chat of ['b', 'main', 'c']) {
    session.receive({ type: 'opened', chat, reset: false, older: false });
    session.receive({ ...CAUGHT_UP, chat });
    expect(session.shownId.value).toBe('c');
  }
  expect([session.chat('main').current.value, session.chat('c').current.value]).toEqual([false, true]);
});

test('what was meant for a chat that is gone is not lost, and not sent elsewhere unasked', () => {
  const { session, sent } = alone();
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  session.chat('gone').own.send('hello?');
  const [message] = sent;
  if (message?.type !== 'message') throw new Error('nothing was sent');
  session.receive({ type: 'refused', id: message.id, reason: 'no_chat', retry: false });
  expect(session.chat('gone').own.pending.value).toEqual([]);
  expect(session.chat('main').own.pending.value).toMatchObject([{ text: 'hello?', state: 'failed' }]);
  session.chat('main').own.retry(message.id);
  expect(sent.at(-1)).toMatchObject({ type: 'message', chat: 'main', text: 'hello?', id: message.id });
  session.receive({ type: 'refused', id: message.id, reason: 'rate', retry: true });
  expect(session.failedIn.value).toEqual(new Set(['main']));
  session.chat('main').own.discard(message.id);
  expect(session.failedIn.value).toEqual(new Set());
});

test('a name is shown at once, and taken back when it is refused', () => {
  const { session, sent } = alone();
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  session.rename('main', '   ');
  session.rename('main', 'main');
  expect(sent).toEqual([]);
  session.rename('main', 'better');
  expect(session.list.get('main')?.name).toBe('better');
  const [command] = sent;
  if (command?.type !== 'command') throw new Error('nothing was sent');
  expect(command).toMatchObject({ chat: 'main', name: 'rename', args: 'better' });
  session.receive({ type: 'refused', id: command.id, reason: 'rate', retry: true });
  expect(session.list.get('main')?.name).toBe('main');
  expect(session.notice.value?.reason).toBe('rate');
});

test('a new chat is opened when it is there', () => {
  const { session, sent } = alone();
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  session.command('main', 'new');
  const [command] = sent;
  if (command?.type !== 'command') throw new Error('nothing was sent');
  session.receive({ type: 'created', by: 'of-another-page', chat: 'elsewhere' });
  expect(session.shownId.value).toBe('main');
  session.receive({ type: 'created', by: command.id, chat: 'fresh' });
  session.receive({ type: 'accepted', id: command.id });
  expect(session.shownId.value).toBe('fresh');
  expect(sent.at(-1)).toEqual({ type: 'open', chat: 'fresh', after: null });
});

test('what was seen is said once for each connection, and is not unread before the server knows', () => {
  const { session, sent } = alone();
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  session.receive({ type: 'chats', chats: [summary('main', { unread: true, last: 5 })] });
  expect(session.list.unread.value).toEqual(new Set(['main']));
  session.seen('main', 5);
  session.seen('main', 5);
  expect(sent).toEqual([{ type: 'read', chat: 'main', seq: 5 }]);
  expect(session.list.unread.value).toEqual(new Set());
  session.closed();
  session.seen('main', 5);
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  session.seen('main', 5);
  expect(sent).toHaveLength(2);
});

test('a button that was pressed comes back when the connection is lost', () => {
  const { session } = alone();
  session.hello();
  for (const frame of greet('main')) session.receive(frame);
  const refused = vi.fn();
  session.act('main', 'confirm:a:yes', { refused });
  session.closed();
  session.closed();
  expect(refused).toHaveBeenCalledTimes(1);
  session.rename('main', 'without a connection');
  expect(session.list.get('main')?.name).toBe('main');
});
