/**
 * One chat that one browser is shown. What is durable is fetched from the timeline from a cursor, never
 * pushed from memory: so an entry can neither be missed nor come twice nor overtake an earlier one,
 * whatever order the events of this process come in. At most one frame of entries and one of drafts is
 * on its way at a time: a slow reader costs no memory, and skips the drafts in between.
 */
import type { Clock, Logger, Timeline, TimelineEntry } from '@surfaces/core';
import { type Address, addressKey } from '@surfaces/protocol';
import { toEntry } from './entries.ts';
import type { Entry, ServerFrame } from './frames.ts';
import type { Rooms, ShownDraft, Watcher } from './rooms.ts';

/** Entries of a first page and of each page of history. */
export const PAGE = 50;
/** A page that missed more than this gets the newest ones and asks for the others when it needs them. */
const MAX_CATCH_UP = 500;
/** UTF-16 units of entries in one frame, unless a single one is longer. */
const FRAME_TEXT = 256 * 1024;

export interface ShownChatOptions {
  /** What the page calls it. */
  readonly chat: string;
  readonly address: Address;
  readonly page: { readonly isClosed: boolean; send(frame: ServerFrame): Promise<void> };
  readonly rooms: Rooms;
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time until a timeline that cannot be read is asked again. */
  readonly rereadMs: number;
}

export class ShownChat implements Watcher {
  readonly #o: ShownChatOptions;
  readonly #room: string;
  readonly #drafts = new Map<string, ShownDraft>();
  #state: 'catching_up' | 'live' | 'closed' = 'catching_up';
  #cursor = 0;
  #pumping = false;
  #entriesDirty = false;
  #drafting = false;
  #draftsDirty = false;
  #cancelReread: (() => void) | undefined;

  constructor(options: ShownChatOptions) {
    this.#o = options;
    this.#room = addressKey(options.address);
  }

  get chat(): string {
    return this.#o.chat;
  }

  /** Shows what is there beyond `after`, and from then on what comes. Resolves when it is caught up or closed. */
  async open(after: number | null): Promise<void> {
    const { rooms, chat } = this.#o;
    // Watching begins before reading, so that nothing falls between the two.
    rooms.watch(this.#room, this);
    const { reset, entries } = await this.#readFirst(after);
    if (this.#isClosed()) return this.close();
    await this.#send({ type: 'opened', chat, reset, older: reset && entries.length === PAGE });
    this.#cursor = reset ? 0 : (after ?? 0);
    await this.#sendEntries(entries);
    this.#entriesDirty = true;
    await this.#pump();
    if (this.#isClosed()) return;
    this.#state = 'live';
    const drafts = [...rooms.drafts(this.#room).keys()];
    await this.#send({ type: 'caught_up', chat, busy: rooms.isBusy(this.#room), drafts });
    this.entriesChanged();
    this.draftsChanged();
  }

  /** Nothing more of it is sent. */
  close(): void {
    this.#state = 'closed';
    this.#cancelReread?.();
    this.#o.rooms.leave(this.#room, this);
  }

  entriesChanged(): void {
    this.#entriesDirty = true;
    if (this.#state === 'live') void this.#pump();
  }

  draftsChanged(): void {
    this.#draftsDirty = true;
    if (this.#state === 'live') void this.#sendDrafts();
  }

  draftCleared(turnId: string): void {
    if (!this.#drafts.delete(turnId)) return;
    void this.#send({ type: 'draft_clear', chat: this.#o.chat, turnId });
  }

  busyChanged(on: boolean): void {
    if (this.#state === 'live') void this.#send({ type: 'busy', chat: this.#o.chat, on });
  }

  async #readFirst(after: number | null): Promise<{ reset: boolean; entries: readonly TimelineEntry[] }> {
    const { timeline, address } = this.#o;
    for (;;) {
      try {
        if (after !== null && (await this.#isKnown(after))) {
          const missed = await timeline.read(address, { after, limit: MAX_CATCH_UP + 1 });
          if (missed.length <= MAX_CATCH_UP) return { reset: false, entries: missed };
        }
        return { reset: true, entries: await timeline.read(address, { limit: PAGE }) };
      } catch (error) {
        await this.#unreadable(error);
        if (this.#isClosed()) return { reset: false, entries: [] };
      }
    }
  }

  /** Whether what the page has is of this very timeline: after a restore from a backup it may not be. */
  async #isKnown(seq: number): Promise<boolean> {
    if (seq === 0) return true;
    const [last] = await this.#o.timeline.read(this.#o.address, { before: seq + 1, limit: 1 });
    return last?.seq === seq;
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#entriesDirty && !this.#isClosed()) {
      this.#entriesDirty = false;
      try {
        const page = { after: this.#cursor, limit: 100 };
        const entries = await this.#o.timeline.read(this.#o.address, page);
        if (entries.length > 0) this.#entriesDirty = true;
        await this.#sendEntries(entries);
      } catch (error) {
        this.#entriesDirty = true;
        await this.#unreadable(error);
      }
    }
    this.#pumping = false;
  }

  async #unreadable(error: unknown): Promise<void> {
    if (this.#isClosed()) return;
    this.#o.logger.warn({ err: error }, 'the timeline cannot be read; trying again');
    await new Promise<void>((resolve) => {
      const cancel = this.#o.clock.after(this.#o.rereadMs, resolve);
      this.#cancelReread = () => {
        cancel();
        resolve();
      };
    });
  }

  async #sendEntries(entries: readonly TimelineEntry[]): Promise<void> {
    const { chat } = this.#o;
    let batch: Entry[] = [];
    let length = 0;
    for (const entry of entries.map(toEntry)) {
      const own = entry.by === 'person' ? entry.text.length : entry.message.markdown.length;
      if (batch.length > 0 && length + own > FRAME_TEXT) {
        await this.#send({ type: 'entries', chat, entries: batch });
        batch = [];
        length = 0;
      }
      batch.push(entry);
      length += own;
      // An entry that ends a turn takes the place of what was shown of it.
      if (entry.by === 'bot' && entry.message.last) this.#forgetDraft(entry.message.turnId, entry.seq);
      this.#cursor = entry.seq;
    }
    if (batch.length > 0) await this.#send({ type: 'entries', chat, entries: batch });
  }

  #forgetDraft(turnId: string | undefined, seq: number): void {
    const shown = turnId === undefined ? undefined : this.#drafts.get(turnId);
    if (turnId !== undefined && shown !== undefined && shown.since < seq) this.#drafts.delete(turnId);
  }

  async #sendDrafts(): Promise<void> {
    if (this.#drafting) return;
    this.#drafting = true;
    const { rooms, chat } = this.#o;
    while (this.#draftsDirty && !this.#isClosed()) {
      this.#draftsDirty = false;
      for (const turnId of [...rooms.drafts(this.#room).keys()]) {
        // Looked up again: it may have ended while another was sent.
        const draft = rooms.drafts(this.#room).get(turnId);
        if (draft === undefined) continue;
        const shown = this.#drafts.get(turnId);
        const same = shown !== undefined && shown.since === draft.since ? shown : undefined;
        if (same !== undefined && same.text === draft.text && same.progress === draft.progress) continue;
        const from = same === undefined ? 0 : commonLength(same.text, draft.text);
        this.#drafts.set(turnId, draft);
        const progress = draft.progress === undefined ? {} : { progress: draft.progress };
        const text = draft.text.slice(from);
        await this.#send({ type: 'draft', chat, turnId, from, text, ...progress, since: draft.since });
      }
    }
    this.#drafting = false;
  }

  #send(frame: ServerFrame): Promise<void> {
    return this.#isClosed() ? Promise.resolve() : this.#o.page.send(frame);
  }

  #isClosed(): boolean {
    return this.#state === 'closed' || this.#o.page.isClosed;
  }
}

function commonLength(a: string, b: string): number {
  if (b.startsWith(a)) return a.length;
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  return i;
}
