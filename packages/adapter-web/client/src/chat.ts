/** What the page knows of one chat, and how it follows from the server's frames. No DOM. */
import { computed, type Signal, signal } from '@preact/signals';
import type { Entry, ServerFrame } from '../../src/frames.ts';
import { newestList } from './buttons.ts';
import { type Around, OwnMessages } from './own-messages.ts';

export interface Draft {
  readonly turnId: string;
  readonly text: Signal<string>;
  readonly progress: Signal<string | undefined>;
  since: number;
}

export interface ChatAround extends Around {
  /** New entries of somebody else while this chat was shown. */
  arrived(chat: Chat, entries: readonly Entry[]): void;
}

/** The frames that are about one chat. */
export type ChatFrame = Extract<ServerFrame, { type: Exclude<ServerFrame['type'], 'created'>; chat: string }>;

export class Chat {
  readonly id: string;
  readonly own: OwnMessages;
  readonly entries = signal<readonly Entry[]>([]);
  readonly drafts = signal<readonly Draft[]>([]);
  readonly busy = signal(false);
  readonly older = signal<'none' | 'some' | 'loading' | 'failed'>('none');
  /** The first page of entries is there. */
  readonly ready = signal(false);
  /** It is the one that the server shows, and all that was there before has come. */
  readonly current = signal(false);
  /** What is settled among the buttons: what their actions begin with → the action that was chosen. */
  readonly settled = computed(() => settledBy(this.entries.value));
  /** Where the last list to choose from is. */
  readonly newestList = computed(() => newestList(this.entries.value));
  readonly #around: ChatAround;

  constructor(id: string, around: ChatAround) {
    this.id = id;
    this.#around = around;
    this.own = new OwnMessages(id, around);
  }

  /** The last entry that the page has, for `hello` and `open`. */
  get after(): number | null {
    return this.ready.value ? this.lastSeq : null;
  }

  /** 0: there is none. */
  get lastSeq(): number {
    return this.entries.value.at(-1)?.seq ?? 0;
  }

  loadOlder(): void {
    const first = this.entries.value[0];
    if (first === undefined || !this.current.value) return;
    if (this.older.value === 'loading' || this.older.value === 'none') return;
    this.older.value = 'loading';
    this.#around.post({ type: 'older', chat: this.id, before: first.seq });
  }

  noHistory(): void {
    if (this.older.value === 'loading') this.older.value = 'failed';
  }

  /** Another chat is shown, or the connection is lost. */
  left(): void {
    this.current.value = false;
    if (this.older.value === 'loading') this.older.value = 'some';
  }

  closed(): void {
    this.left();
    this.own.closed();
  }

  receive(frame: ChatFrame): void {
    switch (frame.type) {
      case 'opened':
        if (frame.reset) {
          this.entries.value = [];
          this.older.value = frame.older ? 'some' : 'none';
        }
        return;
      case 'entries':
        this.#add(frame.entries);
        return;
      case 'caught_up':
        this.ready.value = true;
        this.current.value = true;
        this.busy.value = frame.busy;
        this.drafts.value = this.drafts.value.filter((draft) => frame.drafts.includes(draft.turnId));
        return;
      case 'older': {
        const first = this.entries.value[0];
        if (first?.seq === frame.before) this.entries.value = [...frame.entries, ...this.entries.value];
        this.older.value = frame.more ? 'some' : 'none';
        return;
      }
      case 'draft':
        this.#draft(frame);
        return;
      case 'draft_clear':
        this.drafts.value = this.drafts.value.filter((draft) => draft.turnId !== frame.turnId);
        return;
      case 'busy':
        this.busy.value = frame.on;
        return;
    }
  }

  #add(added: readonly Entry[]): void {
    const fresh = added.filter((entry) => entry.seq > this.lastSeq);
    if (fresh.length === 0) return;
    this.entries.value = [...this.entries.value, ...fresh];
    const mine = new Set(fresh.flatMap((entry) => (entry.by === 'person' ? entry.id : [])));
    this.own.shown(this.lastSeq, mine);
    const ended = new Map<string, number>();
    for (const entry of fresh) {
      const turnId = entry.by === 'bot' && entry.message.last ? entry.message.turnId : undefined;
      if (turnId !== undefined) ended.set(turnId, entry.seq);
    }
    const left = this.drafts.value.filter((draft) => (ended.get(draft.turnId) ?? 0) <= draft.since);
    if (left.length < this.drafts.value.length) this.drafts.value = left;
    const others = fresh.filter((entry) => entry.by === 'bot');
    if (this.current.value && others.length > 0) this.#around.arrived(this, others);
  }

  #draft(frame: Extract<ServerFrame, { type: 'draft' }>): void {
    const known = this.drafts.value.find((draft) => draft.turnId === frame.turnId);
    if (known === undefined) {
      const { turnId, since } = frame;
      const draft = { turnId, since, text: signal(frame.text), progress: signal(frame.progress) };
      this.drafts.value = [...this.drafts.value, draft];
      return;
    }
    known.since = frame.since;
    known.text.value = known.text.value.slice(0, frame.from) + frame.text;
    known.progress.value = frame.progress;
  }
}

function settledBy(entries: readonly Entry[]): ReadonlyMap<string, string | undefined> {
  const settled = new Map<string, string | undefined>();
  for (const entry of entries) {
    if (entry.by !== 'bot') continue;
    for (const { about, chosen } of entry.message.settles ?? []) {
      settled.set(about, settled.get(about) ?? chosen);
    }
  }
  return settled;
}
