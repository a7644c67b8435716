/** A server as the adapter is one, for tests: the wires in both directions may break at any frame. */
import type { ChatSummary, ClientFrame, Entry, ServerFrame } from '../../src/frames.ts';
import { Session, type SessionEvents } from './session.ts';

export const PAGE = 4;
export const MAX_CATCH_UP = 6;

export function bot(seq: number, turnId: string, part = 0, last = true): Entry {
  const message = { kind: 'message', role: 'agent', state: 'final', markdown: `${turnId}.${part}` } as const;
  return { by: 'bot', seq, at: 0, message: { ...message, turnId, part, last, buttons: [] } };
}

export function summary(id: string, more: Partial<ChatSummary> = {}): ChatSummary {
  return {
    ...{ id, number: '', name: id, state: 'active', agent: 'A', last: 0, at: 0 },
    ...{ unread: false, busy: false, ...more },
  };
}

export function welcome(person = 'p'): Extract<ServerFrame, { type: 'welcome' }> {
  return {
    type: 'welcome',
    version: 2,
    person: { id: person, name: person },
    settings: { locale: 'en', localeChosen: false, streaming: true },
    limits: { text: 1000, fileBytes: 1000, files: 3 },
    commands: [],
    canLogOut: false,
  };
}

/** A session whose frames are collected, with nobody at the other end. */
export function alone(events: Partial<SessionEvents> = {}): { session: Session; sent: ClientFrame[] } {
  const sent: ClientFrame[] = [];
  const nothing = () => undefined;
  const session = new Session({
    post: (frame) => sent.push(frame),
    ...{ locale: nothing, arrived: nothing, shown: nothing, settings: nothing, otherPerson: nothing },
    ...events,
  });
  return { session, sent };
}

export class World {
  readonly timelines = new Map<string, Entry[]>();
  readonly written = new Map<string, string[]>();
  session!: Session;
  #toServer: ClientFrame[] = [];
  #toPage: ServerFrame[] = [];
  #connected = false;
  #shown = '';
  #cursor = 0;
  #drafts = new Map<string, string>();
  #turns = 0;
  #seq = 0;

  constructor(chats: readonly string[]) {
    for (const chat of chats) {
      this.timelines.set(chat, []);
      this.written.set(chat, []);
    }
    this.open();
  }

  /** The page is loaded. */
  open(): void {
    this.lose();
    this.session = alone({ post: (frame) => this.#connected && this.#toServer.push(frame) }).session;
  }

  connect(): void {
    if (this.#connected) return;
    this.#connected = true;
    this.#toServer.push(this.session.hello());
  }

  lose(): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#toServer = [];
    this.#toPage = [];
    this.session.closed();
  }

  timeline(chat: string): Entry[] {
    const found = this.timelines.get(chat);
    if (found === undefined) throw new Error(`no chat ${chat}`);
    return found;
  }

  shown(): string | null {
    return this.session.shownId.value;
  }

  write(): void {
    const chat = this.shown();
    if (chat === null) return;
    const texts = this.written.get(chat) ?? [];
    const text = `${chat}${texts.length}`;
    this.written.set(chat, [...texts, text]);
    this.session.chat(chat).own.send(text);
  }

  /** The person goes to another chat. */
  turn(by: 1 | -1): void {
    const next = this.session.list.neighbour(this.shown(), by);
    if (next !== undefined) this.session.open(next);
  }

  begin(): void {
    const turnId = `t${this.#turns++}`;
    const chats = [...this.timelines.keys()];
    const chat = chats[this.#turns % chats.length] ?? '';
    this.#drafts.set(turnId, chat);
    this.#draft(chat, turnId);
  }

  /** An answer in two parts that do not come together. */
  finish(): void {
    const [draft] = this.#drafts;
    if (draft === undefined) return;
    const [turnId, chat] = draft;
    this.#append(chat, bot(this.#nextSeq(), turnId, 0, false));
    this.#append(chat, bot(this.#nextSeq(), turnId, 1));
    this.#drafts.delete(turnId);
  }

  /** The same person in other browsers. */
  elsewhere(): void {
    for (const chat of this.timelines.keys()) {
      for (let i = 0; i <= MAX_CATCH_UP; i++) this.#append(chat, bot(this.#nextSeq(), `e${this.#turns++}`));
    }
  }

  /** The server reads one frame. */
  serve(): void {
    const frame = this.#toServer.shift();
    switch (frame?.type) {
      case 'hello':
        this.#push(welcome());
        this.#push({ type: 'chats', chats: [...this.timelines.keys()].map((id) => summary(id)) });
        this.#open(frame.chat ?? 'main', frame.after);
        return;
      case 'open':
        this.#open(frame.chat, frame.after);
        return;
      case 'older': {
        const before = this.timeline(frame.chat).filter(({ seq }) => seq < frame.before);
        const more = before.length > PAGE;
        const { chat } = frame;
        this.#push({ type: 'older', chat, before: frame.before, entries: before.slice(-PAGE), more });
        return;
      }
      case 'message': {
        const { chat, id, text } = frame;
        const known = this.timeline(chat).find((entry) => entry.by === 'person' && entry.id === id);
        const seq = known?.seq ?? this.#nextSeq();
        const append = () =>
          known ?? this.#append(chat, { by: 'person', seq, at: 0, id, name: 'P', text, files: [] });
        // Either may come first.
        if (seq % 2 === 0) append();
        this.#push({ type: 'accepted', id, seq });
        if (seq % 2 === 1) append();
      }
    }
  }

  refuse(): void {
    const [frame] = this.#toServer;
    if (frame?.type !== 'message') return;
    this.#toServer.shift();
    this.#push({ type: 'refused', id: frame.id, reason: 'unavailable', retry: true });
  }

  /** The page reads one frame. */
  show(): void {
    const frame = this.#toPage.shift();
    if (frame !== undefined) this.session.receive(frame);
  }

  /** Runs until nothing more happens; `wait` lets time pass. */
  settle(wait: () => void): void {
    this.connect();
    while (this.#drafts.size > 0) this.finish();
    for (let i = 0; i < 10_000; i++) {
      this.serve();
      this.show();
      if (this.#toPage.length + this.#toServer.length > 0) continue;
      const unsent = [...this.timelines.keys()].filter((chat) =>
        this.session.chat(chat).own.pending.value.some(({ state }) => state === 'sending'),
      );
      if (unsent.length === 0) return;
      wait();
    }
    throw new Error('it does not settle');
  }

  #open(chat: string, after: number | null): void {
    const timeline = this.timeline(chat);
    const missed = timeline.filter(({ seq }) => seq > (after ?? 0));
    const reset = after === null || missed.length > MAX_CATCH_UP;
    const first = reset ? timeline.slice(-PAGE) : missed;
    this.#shown = chat;
    this.#push({ type: 'opened', chat, reset, older: reset && first.length === PAGE });
    for (const entry of first) this.#push({ type: 'entries', chat, entries: [entry] });
    // A server may repeat itself.
    this.#push({ type: 'entries', chat, entries: first.slice(-2) });
    this.#cursor = timeline.at(-1)?.seq ?? 0;
    const drafts = [...this.#drafts].filter(([, where]) => where === chat).map(([turnId]) => turnId);
    this.#push({ type: 'caught_up', chat, busy: false, drafts });
    for (const turnId of drafts) this.#draft(chat, turnId);
  }

  #nextSeq(): number {
    // Other addresses have numbers of the same row.
    this.#seq += 1 + (this.#seq % 3);
    return this.#seq;
  }

  #append(chat: string, entry: Entry): void {
    this.timeline(chat).push(entry);
    if (chat !== this.#shown || entry.seq <= this.#cursor) return;
    this.#push({ type: 'entries', chat, entries: [entry] });
  }

  #draft(chat: string, turnId: string): void {
    if (chat === this.#shown) this.#push({ type: 'draft', chat, turnId, from: 0, text: turnId, since: 0 });
  }

  #push(frame: ServerFrame): void {
    if (this.#connected) this.#toPage.push(frame);
  }
}
