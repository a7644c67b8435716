/**
 * The chats of one person, as all browsers of that person list them. Read from the store when a browser
 * comes or when it may have changed; between that, what passes through this process is noted, so that a
 * busy chat costs no reading. Browsers are told at most a few times a second, whatever happens.
 */
import type { Agents, Chat, Clock, Logger, Person, PlaceSummary, Timeline } from '@surfaces/core';
import type { Address, Locale } from '@surfaces/protocol';
import { type ChatSummary, MAIN_CHAT, type ServerFrame } from './frames.ts';
import { addressOf, findPlace, identify, type People, SURFACE, type WebPerson } from './person.ts';

/** Least time between two lists for the same browsers, milliseconds. */
const GAP_MS = 250;
/** What happens together is told together, milliseconds. */
const GATHER_MS = 20;

const NOTHING: PlaceSummary = { last: 0, at: 0, lastOther: 0, read: 0 };

/** A browser that shows the list. */
export interface ListWatcher {
  listChanged(): void;
  /** `by`: the key of the message that asked for it. */
  chatMade(by: string, chat: string): void;
  settingsChanged(person: Person): void;
}

export interface ChatListOptions {
  readonly people: People;
  readonly agents: Pick<Agents, 'assign' | 'info'>;
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly defaultLocale: Locale;
  /** Time until a store that cannot be read is asked again, milliseconds. */
  readonly rereadMs: number;
  readonly isBusy: (address: Address) => boolean;
  /** Nobody needs it any more. */
  readonly onUnused: () => void;
}

interface Listed {
  /** There is none at the first place before anything was said there. */
  readonly chat: Chat | undefined;
  readonly summary: PlaceSummary;
}

export class ChatList {
  readonly #o: ChatListOptions;
  readonly #web: WebPerson;
  readonly #watchers = new Set<ListWatcher>();
  /** Made for a message, by its key. Nobody is told before the store has it there. */
  readonly #made = new Map<string, string>();
  readonly #marking = new Map<string, number>();
  /** Changed while the store was being read. */
  readonly #noted = new Set<string>();
  #person: Person | undefined;
  #listed: Map<string, Listed> = new Map([[MAIN_CHAT, { chat: undefined, summary: NOTHING }]]);
  #stale = false;
  #told = '';
  #toldAt = 0;
  #cancelTelling: (() => void) | undefined;
  #reading: Promise<void> | undefined;
  #nextReading: Promise<void> | undefined;

  constructor(person: WebPerson, options: ChatListOptions) {
    this.#web = person;
    this.#o = options;
  }

  /** Brings everything up to date for a browser that comes. Rejects when the store cannot be read. */
  async load(locale: Locale): Promise<Person> {
    const person = await this.#identify(locale);
    this.#person = person;
    await this.#read();
    // It asks for what it needs; the others are told when it is not what they have.
    if (this.#watchers.size > 1) this.#tell();
    else this.#told = JSON.stringify(this.chats());
    return person;
  }

  watch(watcher: ListWatcher): void {
    this.#watchers.add(watcher);
  }

  leave(watcher: ListWatcher): void {
    this.#watchers.delete(watcher);
    this.#tidy();
  }

  /** Forgets everything; timers end. */
  close(): void {
    this.#cancelTelling?.();
    this.#watchers.clear();
    this.#made.clear();
  }

  get person(): Person | undefined {
    return this.#person;
  }

  /** Whether that is a chat of this person. */
  has(chat: string): boolean {
    return this.#listed.has(chat) || this.#made.has(chat);
  }

  /** Where something was said last; of those that are in use, if there are any. */
  get latest(): string {
    return (this.chats().chats.find(({ state }) => state === 'active') ?? { id: MAIN_CHAT }).id;
  }

  chats(): Extract<ServerFrame, { type: 'chats' }> {
    const chats = [...this.#listed].map(([id, listed]) => this.#summary(id, listed));
    return { type: 'chats', chats: chats.sort((a, b) => b.at - a.at || b.last - a.last) };
  }

  /** Something was entered there. `seq` as the timeline has it; `at`: epoch milliseconds. */
  entered(chat: string, entry: { seq: number; at: number; by: 'person' | 'bot' }): void {
    const listed = this.#listed.get(chat);
    if (listed === undefined) {
      this.changed();
      return;
    }
    const { seq, at, by } = entry;
    const { summary } = listed;
    if (seq <= summary.last) return;
    const lastOther = by === 'bot' ? seq : summary.lastOther;
    this.#note(chat, { ...summary, last: seq, at, lastOther });
    // Whoever speaks in it makes it, or wakes it up.
    if (by === 'person' && listed.chat?.state !== 'active') this.#stale = true;
  }

  /** What the store has of these chats may be different now. */
  changed(): void {
    this.#stale = true;
    this.#tell();
  }

  busyChanged(): void {
    this.#tell();
  }

  /** There is a place for another chat; it is told when the store has it there. `by`: who asked. */
  made(chat: string, by: string): void {
    this.#made.set(chat, by);
    this.changed();
  }

  personChanged(person: Person): void {
    this.#person = person;
    for (const watcher of this.#watchers) watcher.settingsChanged(person);
    this.changed();
  }

  /** Everything up to `seq` has been seen, in one of the browsers. Never goes back. */
  async markRead(chat: string, seq: number): Promise<void> {
    // A browser may have seen an entry before we were told that it is stored.
    if (seq > (this.#listed.get(chat)?.summary.last ?? 0)) await this.#read().catch(() => undefined);
    const summary = this.#listed.get(chat)?.summary ?? NOTHING;
    const upTo = Math.min(seq, summary.last);
    if (upTo <= Math.max(summary.read, this.#marking.get(chat) ?? 0)) return;
    this.#marking.set(chat, upTo);
    try {
      await this.#o.timeline.markRead(addressOf(this.#web.id, chat), upTo);
      const now = this.#listed.get(chat)?.summary;
      if (now !== undefined) this.#note(chat, { ...now, read: Math.max(now.read, upTo) });
    } catch (error) {
      this.#o.logger.warn({ err: error }, 'what was read could not be stored');
    } finally {
      if (this.#marking.get(chat) === upTo) this.#marking.delete(chat);
    }
  }

  #note(chat: string, summary: PlaceSummary): void {
    this.#noted.add(chat);
    this.#listed.set(chat, { chat: this.#listed.get(chat)?.chat, summary });
    this.#tell();
  }

  #summary(id: string, { chat, summary }: Listed): ChatSummary {
    const { agents, isBusy } = this.#o;
    const agent = chat?.agentId ?? agents.assign(SURFACE, this.#web.id)?.choices[0];
    return {
      id,
      number: chat?.chatId ?? '',
      name: chat?.named ? chat.name : '',
      state: chat?.state ?? 'active',
      agent: (agent === undefined ? undefined : agents.info(agent)?.label) ?? '',
      last: summary.last,
      at: summary.at,
      unread: summary.lastOther > summary.read,
      busy: isBusy(addressOf(this.#web.id, id)),
    };
  }

  #tell(): void {
    if (this.#cancelTelling !== undefined || this.#watchers.size === 0) return;
    const wait = Math.max(GATHER_MS, this.#toldAt + GAP_MS - this.#o.clock.now());
    this.#tellAfter(Math.min(wait, GAP_MS));
  }

  #tellAfter(ms: number): void {
    this.#cancelTelling = this.#o.clock.after(ms, () => void this.#tellNow());
  }

  async #tellNow(): Promise<void> {
    if (this.#stale) {
      try {
        await this.#read();
      } catch (error) {
        this.#o.logger.warn({ err: error }, 'the chats of a person cannot be read; trying again');
        return this.#tellAfter(this.#o.rereadMs);
      }
    }
    this.#cancelTelling = undefined;
    this.#toldAt = this.#o.clock.now();
    const told = JSON.stringify(this.chats());
    if (told !== this.#told) for (const watcher of this.#watchers) watcher.listChanged();
    this.#told = told;
    for (const [chat, by] of this.#made) {
      if (!this.#listed.has(chat)) continue;
      this.#made.delete(chat);
      for (const watcher of this.#watchers) watcher.chatMade(by, chat);
    }
    if (this.#stale) this.#tell();
    this.#tidy();
  }

  /** A call while the store is being read waits for a reading that begins later; all such calls share it. */
  #read(): Promise<void> {
    if (this.#nextReading !== undefined) return this.#nextReading;
    const before = this.#reading;
    const begin = async () => {
      await before?.catch(() => undefined);
      this.#reading = this.#nextReading;
      this.#nextReading = undefined;
      await this.#readNow();
    };
    this.#nextReading = begin();
    return this.#nextReading;
  }

  async #readNow(): Promise<void> {
    const { people, timeline } = this.#o;
    this.#stale = false;
    try {
      this.#person ??= await this.#identify();
      let placed = await people.chatsOf(this.#person.id);
      if (placed.length === 0 && this.#listed.size > 1) {
        // Everything of that person was deleted: who comes back is somebody new.
        this.#person = await this.#identify();
        placed = await people.chatsOf(this.#person.id);
      }
      const found = new Map<string, Chat | undefined>([[MAIN_CHAT, undefined]]);
      for (const { chat, addresses } of placed) {
        for (const address of addresses) {
          const place = findPlace(address);
          if (place?.person === this.#web.id) found.set(place.chat, chat);
        }
      }
      this.#noted.clear();
      const ids = [...found.keys()];
      const summaries = await timeline.summaries(ids.map((id) => addressOf(this.#web.id, id)));
      this.#listed = new Map(
        ids.map((id, i) => {
          const stored = summaries[i] ?? NOTHING;
          const noted = this.#noted.has(id) ? this.#listed.get(id)?.summary : undefined;
          return [id, { chat: found.get(id), summary: noted === undefined ? stored : later(stored, noted) }];
        }),
      );
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  #identify(locale?: Locale): Promise<Person> {
    return identify(this.#o.people, this.#web, this.#o.defaultLocale, locale);
  }

  #tidy(): void {
    if (this.#watchers.size > 0) return;
    this.#cancelTelling?.();
    this.#cancelTelling = undefined;
    this.#o.onUnused();
  }
}

function later(a: PlaceSummary, b: PlaceSummary): PlaceSummary {
  return {
    last: Math.max(a.last, b.last),
    at: Math.max(a.at, b.at),
    lastOther: Math.max(a.lastOther, b.lastOther),
    read: Math.max(a.read, b.read),
  };
}
