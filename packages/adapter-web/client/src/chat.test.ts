/** Whatever breaks and whenever: nothing missing, nothing twice, in order. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClientFrame, Entry, ServerFrame } from '../../src/frames.ts';
import { Chat } from './chat.ts';
import { itemsOf } from './parts/items.ts';

const PAGE = 4;
const MAX_CATCH_UP = 6;

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A browser's storage: what is kept are its enumerable keys, in no order that one could rely on. */
function storage(): Storage {
  const methods = {
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return new Proxy(Object.create(methods), {
    ownKeys: (target) => Reflect.ownKeys(target).reverse(),
  });
}

function bot(seq: number, turnId: string, part = 0, last = true): Entry {
  const message = { kind: 'message', role: 'agent', state: 'final', markdown: `${turnId}.${part}` } as const;
  return { by: 'bot', seq, at: 0, message: { ...message, turnId, part, last, buttons: [] } };
}

/** A server as the adapter is one, and the wires in both directions, which may break at any frame. */
class World {
  readonly timeline: Entry[] = [];
  readonly written: string[] = [];
  chat!: Chat;
  #toServer: ClientFrame[] = [];
  #toPage: ServerFrame[] = [];
  #connected = false;
  #cursor = 0;
  #drafts = new Set<string>();
  #turns = 0;

  constructor() {
    this.open();
  }

  open(): void {
    this.lose();
    this.chat = new Chat((frame) => this.#toServer.push(frame), { arrived: () => undefined });
  }

  connect(): void {
    if (this.#connected) return;
    this.#connected = true;
    const after = this.chat.lastSeq;
    const missed = this.timeline.filter(({ seq }) => seq > (after ?? 0));
    const reset = after === null || missed.length > MAX_CATCH_UP;
    const first = reset ? this.timeline.slice(-PAGE) : missed;
    const person = { id: 'p', name: 'P' };
    const base = { version: 1, locale: 'en', limits: { text: 1000 }, canLogOut: false } as const;
    this.#toPage.push({ type: 'welcome', person, ...base, reset, older: reset && first.length === PAGE });
    for (const entry of first) this.#toPage.push({ type: 'entries', entries: [entry] });
    // A server may repeat itself.
    this.#toPage.push({ type: 'entries', entries: first.slice(-2) });
    this.#cursor = this.timeline.at(-1)?.seq ?? 0;
    this.#toPage.push({ type: 'caught_up', busy: false, drafts: [...this.#drafts] });
    for (const turnId of this.#drafts) this.#draft(turnId);
  }

  lose(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#toServer = [];
    this.#toPage = [];
    this.chat.closed();
  }

  write(): void {
    const text = `m${this.written.length}`;
    this.written.push(text);
    this.chat.send(text);
  }

  begin(): void {
    const turnId = `t${this.#turns++}`;
    this.#drafts.add(turnId);
    this.#draft(turnId);
  }

  /** An answer in two parts that do not come together. */
  finish(): void {
    const [turnId] = this.#drafts;
    if (turnId === undefined) return;
    this.#append(bot(this.#nextSeq(), turnId, 0, false));
    this.#append(bot(this.#nextSeq(), turnId, 1));
    this.#drafts.delete(turnId);
  }

  /** The same person in other browsers. */
  elsewhere(): void {
    for (let i = 0; i <= MAX_CATCH_UP; i++) this.#append(bot(this.#nextSeq(), `e${this.#turns++}`));
  }

  serve(): void {
    const frame = this.#toServer.shift();
    if (frame?.type === 'older') {
      const before = this.timeline.filter(({ seq }) => seq < frame.before);
      const more = before.length > PAGE;
      this.#push({ type: 'older', before: frame.before, entries: before.slice(-PAGE), more });
    }
    if (frame?.type !== 'message') return;
    const known = this.timeline.find((entry) => entry.by === 'person' && entry.id === frame.id);
    const seq = known?.seq ?? this.#nextSeq();
    this.#push({ type: 'accepted', id: frame.id, seq });
    if (known === undefined) {
      this.#append({ by: 'person', seq, at: 0, id: frame.id, name: 'P', text: frame.text });
    }
  }

  refuse(): void {
    const [frame] = this.#toServer;
    if (frame?.type !== 'message') return;
    this.#toServer.shift();
    this.#push({ type: 'refused', id: frame.id, reason: 'unavailable', retry: true });
  }

  show(): void {
    const frame = this.#toPage.shift();
    if (frame !== undefined) this.chat.receive(frame);
  }

  settle(): void {
    this.connect();
    while (this.#drafts.size > 0) this.finish();
    for (let i = 0; i < 10_000; i++) {
      this.serve();
      this.show();
      if (this.#toPage.length + this.#toServer.length > 0) continue;
      if (this.chat.pending.value.length === 0) return;
      vi.advanceTimersByTime(40_000);
    }
    throw new Error('it does not settle');
  }

  #nextSeq(): number {
    // Other addresses have numbers of the same row.
    return (this.timeline.at(-1)?.seq ?? 0) + 1 + (this.timeline.length % 3);
  }

  #append(entry: Entry): void {
    this.timeline.push(entry);
    if (this.#connected && entry.seq > this.#cursor) this.#push({ type: 'entries', entries: [entry] });
  }

  #draft(turnId: string): void {
    this.#push({ type: 'draft', turnId, from: 0, text: turnId, since: 0 });
  }

  #push(frame: ServerFrame): void {
    if (this.#connected) this.#toPage.push(frame);
  }
}

const STEPS = {
  connect: (world: World) => world.connect(),
  lose: (world: World) => world.lose(),
  reload: (world: World) => world.open(),
  write: (world: World) => world.write(),
  begin: (world: World) => world.begin(),
  finish: (world: World) => world.finish(),
  elsewhere: (world: World) => world.elsewhere(),
  refuse: (world: World) => world.refuse(),
  older: (world: World) => world.chat.loadOlder(),
  serve: (world: World) => world.serve(),
  show: (world: World) => world.show(),
} as const;
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant('show' as const) },
  { weight: 4, arbitrary: fc.constant('serve' as const) },
  { weight: 3, arbitrary: fc.constantFrom('connect' as const, 'write' as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...([
        'lose',
        'reload',
        'begin',
        'finish',
        'elsewhere',
        'refuse',
        'older',
      ] as const satisfies (keyof typeof STEPS)[]),
    ),
  },
);

test('after any losses, reloads and refusals the page shows what the server has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      vi.stubGlobal('localStorage', storage());
      const world = new World();
      // The first welcome says whose messages are kept.
      world.connect();
      world.show();
      for (const name of steps) {
        STEPS[name](world);
        const { entries, pending, drafts } = world.chat;
        const keys = itemsOf(entries.value, pending.value, drafts.value).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        const ids = new Set(entries.value.flatMap((entry) => (entry.by === 'person' ? entry.id : [])));
        expect(pending.value.filter(({ id }) => ids.has(id))).toEqual([]);
      }
      world.settle();
      const { entries, pending, drafts } = world.chat;
      expect(entries.value).toEqual(world.timeline.slice(-entries.value.length || world.timeline.length));
      expect(entries.value.length > 0).toBe(world.timeline.length > 0);
      const arrived = world.timeline.flatMap((entry) => (entry.by === 'person' ? entry.text : []));
      expect(arrived).toEqual(world.written);
      expect(pending.value).toEqual([]);
      expect(drafts.value).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('an answer in several parts is shown once, by its preview or by its parts', () => {
  const chat = new Chat(() => undefined, { arrived: () => undefined });
  const shown = () =>
    itemsOf(chat.entries.value, chat.pending.value, chat.drafts.value).map(
      ({ kind, key }) => `${kind} ${key}`,
    );
  chat.receive({ type: 'draft', turnId: 't', from: 0, text: 'a', since: 0 });
  expect(shown()).toEqual(['draft t:t']);
  chat.receive({ type: 'entries', entries: [bot(1, 't', 0, false)] });
  expect(shown()).toEqual(['draft t:t']);
  chat.receive({ type: 'entries', entries: [bot(2, 't', 1)] });
  expect(shown()).toEqual(['entry t:t', 'entry s:2']);
});

test('what one person wrote is never sent as another', () => {
  vi.stubGlobal('localStorage', storage());
  const sent: ClientFrame[] = [];
  const chat = new Chat((frame) => sent.push(frame), { arrived: () => undefined });
  const welcome = (id: string) => {
    const base = { version: 1, locale: 'en', limits: { text: 10 }, canLogOut: true } as const;
    chat.receive({ type: 'welcome', person: { id, name: id }, ...base, reset: true, older: false });
    chat.receive({ type: 'caught_up', busy: false, drafts: [] });
  };
  welcome('a');
  chat.closed();
  chat.send('of a');
  welcome('b');
  expect([sent, chat.pending.value]).toEqual([[], []]);
  chat.closed();
  welcome('a');
  expect(sent).toMatchObject([{ type: 'message', text: 'of a' }]);
});

test('a message that was taken before what is shown now does not stay behind', () => {
  vi.stubGlobal('localStorage', storage());
  const chat = new Chat(() => undefined, { arrived: () => undefined });
  chat.send('long ago');
  chat.receive({ type: 'entries', entries: [bot(100, 't')] });
  const [message] = chat.pending.value;
  chat.receive({ type: 'accepted', id: message?.id ?? '', seq: 7 });
  expect(chat.pending.value).toEqual([]);
});

test('a settled question stays settled, with what was chosen', () => {
  const chat = new Chat(() => undefined, { arrived: () => undefined });
  const settling = (seq: number, settles: { about: string; chosen?: string }[]): Entry => {
    const entry = bot(seq, 't');
    return entry.by === 'bot' ? { ...entry, message: { ...entry.message, settles } } : entry;
  };
  const entries = [
    settling(1, [{ about: 'confirm:a', chosen: 'confirm:a:yes' }]),
    settling(2, [{ about: 'confirm:a' }, { about: 'confirm:b' }]),
  ];
  chat.receive({ type: 'entries', entries });
  expect([...chat.settled.value]).toEqual([
    ['confirm:a', 'confirm:a:yes'],
    ['confirm:b', undefined],
  ]);
});
