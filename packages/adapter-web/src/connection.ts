/**
 * One browser's WebSocket. What is durable is fetched from the timeline from a cursor, never pushed
 * from memory: so an entry can neither be missed nor come twice nor overtake an earlier one, whatever
 * order the events of this process come in. At most one frame of entries and one of drafts is on its
 * way at a time: a slow reader costs no memory, and skips the drafts in between.
 */
import type { Accept, AcceptResult, Clock, Logger, Timeline, TimelineEntry } from '@surfaces/core';
import { type Locale, MAX_INCOMING_TEXT } from '@surfaces/protocol';
import type { RawData, WebSocket } from 'ws';
import { CLOSE, ClientFrame, type Entry, FRAMES_VERSION, type ServerFrame } from './frames.ts';
import { toIncoming } from './incoming.ts';
import { addressOf, messageKeyOf, type WebAddress, type WebPerson } from './person.ts';
import type { Rooms, Watcher } from './rooms.ts';

/** Entries of a first page and of each page of history. */
const PAGE = 50;
/** A page that missed more than this gets the newest ones and asks for the others when it needs them. */
const MAX_CATCH_UP = 500;
/** UTF-16 units of entries in one frame, unless a single one is longer. */
const FRAME_TEXT = 256 * 1024;
/** Frames of the page that may wait, and their bytes; then it is not read from until they are done. */
const MAX_WAITING = 100;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Bytes on their way to a page above which its pings are not answered: it must read to be answered. */
const MAX_UNREAD = 64 * 1024;

export interface ConnectionLimits {
  readonly helloMs: number;
  /** A frame that the browser does not take within this: it is too slow. */
  readonly flushMs: number;
  /** Time until a timeline that cannot be read is asked again. */
  readonly rereadMs: number;
}

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly person: WebPerson;
  readonly canLogOut: boolean;
  readonly defaultLocale: Locale;
  readonly rooms: Rooms;
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `undefined` while no events are taken. */
  readonly accept: () => Accept | undefined;
  readonly limits: ConnectionLimits;
}

export class Connection implements Watcher {
  readonly #o: ConnectionOptions;
  readonly #address: WebAddress;
  readonly #shown = new Map<string, { text: string; progress: string | undefined; since: number }>();
  #locale: Locale;
  #state: 'new' | 'catching_up' | 'live' | 'closed' = 'new';
  #cursor = 0;
  #pumping = false;
  #entriesDirty = false;
  #drafting = false;
  #draftsDirty = false;
  #waiting = 0;
  #waitingBytes = 0;
  #work: Promise<void> = Promise.resolve();
  #cancelHello: () => void;
  #cancelReread: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#o = options;
    this.#address = addressOf(options.person.id);
    this.#locale = options.defaultLocale;
    this.#cancelHello = options.clock.after(options.limits.helloMs, () =>
      this.close(CLOSE.noHello, 'no hello in time'),
    );
    options.socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    options.socket.on('ping', (data) => {
      if (options.socket.bufferedAmount <= MAX_UNREAD) options.socket.pong(data);
    });
    options.socket.on('close', () => this.#closed());
    // An error is always followed by 'close'; too large a frame ends the connection with 1009.
    options.socket.on('error', (error) => options.logger.debug({ err: error }, 'web socket error'));
  }

  close(code: number, reason: string): void {
    this.#o.socket.close(code, reason);
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
    if (this.#shown.delete(turnId)) void this.#send({ type: 'draft_clear', turnId });
  }

  busyChanged(on: boolean): void {
    if (this.#state === 'live') void this.#send({ type: 'busy', on });
  }

  #closed(): void {
    this.#state = 'closed';
    this.#cancelHello();
    this.#cancelReread?.();
    this.#o.rooms.leave(this.#address.room, this);
  }

  #receive(data: RawData, isBinary: boolean): void {
    // ws gives text and binary frames as one Buffer, unless it is told otherwise.
    const bytes = (data as Buffer).length;
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    if (this.#waiting >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) this.#o.socket.pause();
    this.#work = this.#work
      .then(() => this.#handle(data, isBinary))
      .catch((error: unknown) => {
        this.#o.logger.error({ err: error }, 'web frame failed');
        this.close(1011, 'internal error');
      })
      .then(() => {
        this.#waiting -= 1;
        this.#waitingBytes -= bytes;
        const few = this.#waiting < MAX_WAITING / 2 && this.#waitingBytes < MAX_WAITING_BYTES / 2;
        if (this.#o.socket.isPaused && few) this.#o.socket.resume();
      });
  }

  async #handle(data: RawData, isBinary: boolean): Promise<void> {
    if (this.#state === 'closed') return;
    const frame = isBinary ? 'a binary frame' : readFrame(String(data));
    if (typeof frame === 'string') {
      return await this.#send({ type: 'error', code: 'bad_frame', detail: frame });
    }
    if (this.#state === 'new' && frame.type !== 'hello') {
      return this.close(CLOSE.noHello, 'the first frame must be hello');
    }
    switch (frame.type) {
      case 'hello':
        if (this.#state === 'new') await this.#hello(frame.after, frame.locale);
        return;
      case 'locale':
        this.#locale = frame.locale;
        return;
      case 'ping':
        return await this.#send({ type: 'pong' });
      case 'older':
        return await this.#older(frame.before);
      default:
        return await this.#take(frame);
    }
  }

  async #take(frame: Extract<ClientFrame, { type: 'message' | 'action' }>): Promise<void> {
    const { accept, clock, logger, person, rooms } = this.#o;
    const refuse = (reason: 'too_long' | 'stopping' | 'unavailable', retry: boolean) =>
      this.#send({ type: 'refused', id: frame.id, reason, retry });
    if (frame.type === 'message' && frame.text.length > MAX_INCOMING_TEXT) return refuse('too_long', false);
    const take = accept();
    if (take === undefined) return refuse('stopping', true);
    let result: AcceptResult;
    try {
      result = await take(toIncoming(frame, person, this.#locale, clock.now()));
    } catch (error) {
      logger.warn({ err: error }, 'a message could not be stored; the page sends it again');
      return refuse('unavailable', true);
    }
    if (result.outcome === 'refused') {
      const { reason, notice, retry } = result;
      return await this.#send({ type: 'refused', id: frame.id, reason, notice, retry });
    }
    const seq = result.seq === undefined ? {} : { seq: result.seq };
    await this.#send({ type: 'accepted', id: frame.id, ...seq });
    rooms.entryAdded(this.#address.room);
  }

  async #hello(after: number | null, locale: Locale | undefined): Promise<void> {
    this.#cancelHello();
    this.#state = 'catching_up';
    this.#locale = locale ?? this.#locale;
    const { rooms, person, canLogOut } = this.#o;
    // Watching begins before reading, so that nothing falls between the two.
    rooms.watch(this.#address.room, this);
    const first = await this.#readFirst(after);
    if (this.#isClosed()) return rooms.leave(this.#address.room, this);
    const reset = first.reset;
    await this.#send({
      type: 'welcome',
      version: FRAMES_VERSION,
      person: { id: person.id, name: person.name },
      locale: this.#locale,
      limits: { text: MAX_INCOMING_TEXT },
      canLogOut,
      reset,
      older: reset && first.entries.length === PAGE,
    });
    this.#cursor = reset ? 0 : (after ?? 0);
    await this.#sendEntries(first.entries);
    this.#entriesDirty = true;
    await this.#pump();
    if (this.#isClosed()) return;
    this.#state = 'live';
    const drafts = [...rooms.drafts(this.#address.room).keys()];
    await this.#send({ type: 'caught_up', busy: rooms.isBusy(this.#address.room), drafts });
    this.entriesChanged();
    this.draftsChanged();
  }

  async #readFirst(after: number | null): Promise<{ reset: boolean; entries: readonly TimelineEntry[] }> {
    for (;;) {
      try {
        if (after !== null && (await this.#isKnown(after))) {
          const missed = await this.#o.timeline.read(this.#address, { after, limit: MAX_CATCH_UP + 1 });
          if (missed.length <= MAX_CATCH_UP) return { reset: false, entries: missed };
        }
        return { reset: true, entries: await this.#o.timeline.read(this.#address, { limit: PAGE }) };
      } catch (error) {
        await this.#unreadable(error);
        if (this.#isClosed()) return { reset: false, entries: [] };
      }
    }
  }

  /** Whether what the page has is of this very timeline: after a restore from a backup it may not be. */
  async #isKnown(seq: number): Promise<boolean> {
    if (seq === 0) return true;
    const [last] = await this.#o.timeline.read(this.#address, { before: seq + 1, limit: 1 });
    return last?.seq === seq;
  }

  async #older(before: number): Promise<void> {
    try {
      const entries = await this.#o.timeline.read(this.#address, { before, limit: PAGE });
      const more = entries.length === PAGE;
      await this.#send({ type: 'older', before, entries: entries.map(toEntry), more });
    } catch (error) {
      this.#o.logger.warn({ err: error }, 'the timeline cannot be read');
      await this.#send({ type: 'error', code: 'no_history', detail: 'The history cannot be read now.' });
    }
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#entriesDirty && !this.#isClosed()) {
      this.#entriesDirty = false;
      try {
        const entries = await this.#o.timeline.read(this.#address, { after: this.#cursor, limit: 100 });
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
    this.#o.logger.warn({ err: error }, 'the timeline cannot be read; trying again');
    await new Promise<void>((resolve) => {
      const cancel = this.#o.clock.after(this.#o.limits.rereadMs, resolve);
      this.#cancelReread = () => {
        cancel();
        resolve();
      };
    });
  }

  async #sendEntries(entries: readonly TimelineEntry[]): Promise<void> {
    let batch: Entry[] = [];
    let length = 0;
    for (const entry of entries.map(toEntry)) {
      const own = entry.by === 'person' ? entry.text.length : entry.message.markdown.length;
      if (batch.length > 0 && length + own > FRAME_TEXT) {
        await this.#send({ type: 'entries', entries: batch });
        batch = [];
        length = 0;
      }
      batch.push(entry);
      length += own;
      // An entry that ends a turn takes the place of what was shown of it.
      if (entry.by === 'bot' && entry.message.last) this.#forgetDraft(entry.message.turnId, entry.seq);
      this.#cursor = entry.seq;
    }
    if (batch.length > 0) await this.#send({ type: 'entries', entries: batch });
  }

  #forgetDraft(turnId: string | undefined, seq: number): void {
    const shown = turnId === undefined ? undefined : this.#shown.get(turnId);
    if (turnId !== undefined && shown !== undefined && shown.since < seq) this.#shown.delete(turnId);
  }

  async #sendDrafts(): Promise<void> {
    if (this.#drafting) return;
    this.#drafting = true;
    while (this.#draftsDirty && !this.#isClosed()) {
      this.#draftsDirty = false;
      for (const turnId of [...this.#o.rooms.drafts(this.#address.room).keys()]) {
        // Looked up again: it may have ended while another was sent.
        const draft = this.#o.rooms.drafts(this.#address.room).get(turnId);
        if (draft === undefined) continue;
        const shown = this.#shown.get(turnId);
        const same = shown !== undefined && shown.since === draft.since ? shown : undefined;
        if (same !== undefined && same.text === draft.text && same.progress === draft.progress) continue;
        const from = same === undefined ? 0 : commonLength(same.text, draft.text);
        this.#shown.set(turnId, draft);
        const progress = draft.progress === undefined ? {} : { progress: draft.progress };
        const { since } = draft;
        await this.#send({ type: 'draft', turnId, from, text: draft.text.slice(from), ...progress, since });
      }
    }
    this.#drafting = false;
  }

  /** Resolves when the frame left this process, or can never do so. */
  #send(frame: ServerFrame): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed()) return resolve();
      const cancel = this.#o.clock.after(this.#o.limits.flushMs, () => {
        this.#o.logger.info({ person: this.#o.person.id }, 'a browser reads too slowly; disconnected');
        this.close(CLOSE.tooSlow, 'too slow');
        this.#o.socket.terminate();
      });
      this.#o.socket.send(JSON.stringify(frame), () => {
        cancel();
        resolve();
      });
    });
  }

  #isClosed(): boolean {
    return this.#state === 'closed' || this.#o.socket.readyState !== this.#o.socket.OPEN;
  }
}

/** A frame, or what is wrong with it. */
function readFrame(text: string): ClientFrame | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const parsed = ClientFrame.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join('.') || 'frame'}: ${issue?.message ?? 'invalid'}`;
}

function toEntry({ seq, at, item }: TimelineEntry): Entry {
  if (item.by === 'bot') return { by: 'bot', seq, at, message: item.message };
  return { by: 'person', seq, at, id: messageKeyOf(item.eventId), name: item.name, text: item.text };
}

function commonLength(a: string, b: string): number {
  if (b.startsWith(a)) return a.length;
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  return i;
}
