/**
 * What the page knows of the chat, and how it follows from the server's frames. No DOM: the socket is
 * given to it. Own messages go one at a time, each under one id for ever, so that they arrive once and
 * in the order of writing whatever breaks in between.
 */
import { computed, type Signal, signal } from '@preact/signals';
import type { ClientFrame, Entry, ServerFrame } from '../../src/frames.ts';
import { keep, kept } from './kept.ts';
import { forgetUnsent, keepUnsent, readUnsent } from './unsent.ts';

type Refused = Extract<ServerFrame, { type: 'refused' }>;

export interface Pending {
  readonly id: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly state: 'sending' | 'accepted' | 'failed';
  readonly refused?: Refused;
}

export interface Draft {
  readonly turnId: string;
  readonly text: Signal<string>;
  readonly progress: Signal<string | undefined>;
  since: number;
}

export interface ChatEvents {
  /** New entries of somebody else while we were connected. */
  arrived(entries: readonly Entry[]): void;
}

const RESEND_MS = 2000;
const RESEND_MAX_MS = 30_000;

export class Chat {
  readonly entries = signal<readonly Entry[]>([]);
  readonly pending = signal<readonly Pending[]>([]);
  readonly drafts = signal<readonly Draft[]>([]);
  readonly busy = signal(false);
  readonly older = signal<'none' | 'some' | 'loading' | 'failed'>('none');
  /** The first page of entries is there. */
  readonly ready = signal(false);
  /** The connection stands and has caught up. */
  readonly live = signal(false);
  readonly person = signal<{ id: string; name: string } | undefined>(undefined);
  readonly canLogOut = signal(false);
  readonly textLimit = signal(100_000);
  /** What an action of ours was refused with. */
  readonly notice = signal<Refused | undefined>(undefined);
  /** What is settled among the buttons: what their actions begin with → the action that was chosen. */
  readonly settled = computed(() => settledBy(this.entries.value));
  readonly #post: (frame: ClientFrame) => void;
  readonly #events: ChatEvents;
  readonly #actions = new Map<string, () => void>();
  #inFlight: string | undefined;
  #held = false;
  #resendTimer: ReturnType<typeof setTimeout> | undefined;
  #resendMs = RESEND_MS;

  constructor(post: (frame: ClientFrame) => void, events: ChatEvents) {
    this.#post = post;
    this.#events = events;
  }

  /** The last entry that the page has, for `hello`. */
  get lastSeq(): number | null {
    return this.ready.value ? (this.entries.value.at(-1)?.seq ?? 0) : null;
  }

  send(text: string): void {
    // Strictly growing, so that the order of writing survives a reload.
    const at = Math.max(Date.now(), (this.pending.value.at(-1)?.at ?? 0) + 1);
    const message: Pending = { id: newId(), text, at, state: 'sending' };
    const person = this.person.value?.id ?? kept('person');
    if (person !== null) keepUnsent(person, message);
    this.pending.value = [...this.pending.value, message];
    this.#next();
  }

  retry(id: string): void {
    this.#change(id, (message) => ({ id, text: message.text, at: message.at, state: 'sending' }));
    this.#next();
  }

  discard(id: string): void {
    this.pending.value = this.pending.value.filter((message) => message.id !== id);
    if (this.person.value !== undefined) forgetUnsent(this.person.value.id, id);
  }

  /** `failed` is called when it was refused, or the connection was lost before it was accepted. */
  act(action: string, failed: () => void): void {
    const id = newId();
    this.#actions.set(id, failed);
    this.#post({ type: 'action', id, action });
  }

  loadOlder(): void {
    const first = this.entries.value[0];
    if (first === undefined || !this.live.value || this.older.value === 'loading') return;
    if (this.older.value === 'none') return;
    this.older.value = 'loading';
    this.#post({ type: 'older', before: first.seq });
  }

  closed(): void {
    this.live.value = false;
    this.#inFlight = undefined;
    this.#held = false;
    clearTimeout(this.#resendTimer);
    for (const failed of this.#actions.values()) failed();
    this.#actions.clear();
    if (this.older.value === 'loading') this.older.value = 'some';
  }

  receive(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#welcome(frame);
        return;
      case 'entries':
        this.#add(frame.entries);
        return;
      case 'caught_up':
        this.ready.value = true;
        this.live.value = true;
        this.busy.value = frame.busy;
        this.drafts.value = this.drafts.value.filter((draft) => frame.drafts.includes(draft.turnId));
        this.#next();
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
      case 'accepted':
        this.#accepted(frame.id, frame.seq);
        return;
      case 'refused':
        this.#refused(frame);
        return;
      case 'error':
        if (frame.code === 'no_history') this.older.value = 'failed';
        return;
      case 'pong':
        return;
    }
  }

  #welcome(frame: Extract<ServerFrame, { type: 'welcome' }>): void {
    const known = this.person.value?.id;
    this.person.value = frame.person;
    this.canLogOut.value = frame.canLogOut;
    this.textLimit.value = frame.limits.text;
    if (frame.reset) {
      this.entries.value = [];
      this.older.value = frame.older ? 'some' : 'none';
    }
    if (known === frame.person.id) return;
    if (known !== undefined) {
      // Somebody else has logged in meanwhile: what was written here is not theirs, and stays kept.
      this.pending.value = [];
      this.drafts.value = [];
    }
    // What was written before we knew for whom was kept for whoever was here last.
    const last = kept('person');
    for (const message of this.pending.value) {
      if (last !== null) forgetUnsent(last, message.id);
      keepUnsent(frame.person.id, message);
    }
    keep('person', frame.person.id);
    const here = new Set(this.pending.value.map((message) => message.id));
    const found = readUnsent(frame.person.id).filter((message) => !here.has(message.id));
    const earlier = found.map((message) => ({ ...message, state: 'sending' as const }));
    this.pending.value = [...earlier, ...this.pending.value];
  }

  #add(added: readonly Entry[]): void {
    const last = this.entries.value.at(-1)?.seq ?? 0;
    const fresh = added.filter((entry) => entry.seq > last);
    if (fresh.length === 0) return;
    this.entries.value = [...this.entries.value, ...fresh];
    const mine = new Set(fresh.flatMap((entry) => (entry.by === 'person' ? entry.id : [])));
    for (const message of this.pending.value) if (mine.has(message.id)) this.discard(message.id);
    const ended = new Map<string, number>();
    for (const entry of fresh) {
      const turnId = entry.by === 'bot' && entry.message.last ? entry.message.turnId : undefined;
      if (turnId !== undefined) ended.set(turnId, entry.seq);
    }
    const left = this.drafts.value.filter((draft) => (ended.get(draft.turnId) ?? 0) <= draft.since);
    if (left.length < this.drafts.value.length) this.drafts.value = left;
    if (this.live.value) this.#events.arrived(fresh.filter((entry) => entry.by === 'bot'));
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

  #accepted(id: string, seq: number | undefined): void {
    if (this.#actions.delete(id)) return;
    if (this.#inFlight === id) this.#inFlight = undefined;
    this.#resendMs = RESEND_MS;
    if (this.person.value !== undefined) forgetUnsent(this.person.value.id, id);
    const last = this.entries.value.at(-1)?.seq ?? 0;
    // Its entry is here or further up already; otherwise it is on its way.
    if (seq !== undefined && seq <= last) this.discard(id);
    else this.#change(id, (message) => ({ ...message, state: 'accepted' }));
    this.#next();
  }

  #refused(frame: Refused): void {
    const failed = this.#actions.get(frame.id);
    if (failed !== undefined) {
      this.#actions.delete(frame.id);
      this.notice.value = frame;
      failed();
      return;
    }
    if (this.#inFlight === frame.id) this.#inFlight = undefined;
    if (frame.reason === 'stopping' || frame.reason === 'unavailable') {
      // Nothing is wrong with the message: it is sent again, here or after the next connection.
      this.#held = true;
      this.#change(frame.id, (message) => ({ ...message, refused: frame }));
      this.#later();
    } else {
      this.#change(frame.id, (message) => ({ ...message, state: 'failed', refused: frame }));
      this.#next();
    }
  }

  #later(): void {
    clearTimeout(this.#resendTimer);
    this.#resendTimer = setTimeout(() => {
      this.#held = false;
      this.#next();
    }, this.#resendMs);
    this.#resendMs = Math.min(this.#resendMs * 2, RESEND_MAX_MS);
  }

  #next(): void {
    if (!this.live.value || this.#held || this.#inFlight !== undefined) return;
    const message = this.pending.value.find((one) => one.state === 'sending');
    if (message === undefined) return;
    this.#inFlight = message.id;
    this.#post({ type: 'message', id: message.id, text: message.text });
  }

  #change(id: string, change: (message: Pending) => Pending): void {
    this.pending.value = this.pending.value.map((message) => (message.id === id ? change(message) : message));
  }
}

/** `crypto.randomUUID` exists only where the page came over TLS or from this machine. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
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
