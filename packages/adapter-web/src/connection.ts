/**
 * One browser of a person: shows one of their chats at a time and the list of all, and takes what is
 * said. A frame reaches only a chat of that person; any other id is refused, whether it exists or not.
 */
import type {
  Accept,
  AcceptResult,
  Agents,
  Clock,
  CommandInfo,
  Logger,
  Person,
  Timeline,
} from '@surfaces/core';
import { addressKey, type Locale, MAX_INCOMING_TEXT } from '@surfaces/protocol';
import type { WebSocket } from 'ws';
import type { ChatList, ListWatcher } from './chat-list.ts';
import type { ChatLists } from './chat-lists.ts';
import { toEntry } from './entries.ts';
import { CLOSE, type ClientFrame, FRAMES_VERSION, MAIN_CHAT, type ServerFrame } from './frames.ts';
import { type EventFrame, toIncoming } from './incoming.ts';
import { PageSocket } from './page-socket.ts';
import { addressOf, SURFACE, type WebPerson } from './person.ts';
import type { Rooms } from './rooms.ts';
import { PAGE, ShownChat } from './shown-chat.ts';
import type { Uploaded, UsedFiles } from './uploaded.ts';

/** Files of one message. */
const MAX_FILES = 100;
/** Events of a browser whose new chat it may be told of. */
const REMEMBERED = 100;
const NO_FILES: UsedFiles = { files: [], release: () => undefined };

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
  readonly lists: ChatLists;
  readonly uploaded: Uploaded;
  /** The largest file that is taken. */
  readonly maxFileBytes: number;
  readonly timeline: Timeline;
  readonly agents: Pick<Agents, 'assign'>;
  readonly commands: readonly CommandInfo[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** `undefined` while no events are taken. */
  readonly accept: () => Accept | undefined;
  readonly limits: ConnectionLimits;
}

type Refusal = Extract<ServerFrame, { type: 'refused' }>['reason'];

export class Connection implements ListWatcher {
  readonly #o: ConnectionOptions;
  readonly #page: PageSocket;
  readonly #made: Extract<ServerFrame, { type: 'created' }>[] = [];
  /** What the page named its last events. */
  readonly #sent = new Set<string>();
  #locale: Locale;
  /** Since the hello. */
  #list: ChatList | undefined;
  #entered = false;
  #shown: ShownChat | undefined;
  #listDirty = false;
  #listing = false;
  #cancelHello: () => void;
  #cancelReread: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#o = options;
    const { socket, person, clock, logger, limits } = options;
    this.#locale = options.defaultLocale;
    this.#page = new PageSocket({
      socket,
      person: person.id,
      clock,
      logger,
      flushMs: limits.flushMs,
      onFrame: (frame) => this.#handle(frame),
      onClose: () => this.#closed(),
    });
    this.#cancelHello = clock.after(limits.helloMs, () =>
      this.#page.close(CLOSE.noHello, 'no hello in time'),
    );
  }

  listChanged(): void {
    this.#listDirty = true;
    if (this.#entered) void this.#sendList();
  }

  /** Only the browser that asked for it goes there. */
  chatMade(by: string, chat: string): void {
    if (!this.#sent.delete(by)) return;
    this.#made.push({ type: 'created', by, chat });
    this.listChanged();
  }

  settingsChanged(person: Person): void {
    if (this.#entered) void this.#page.send({ type: 'settings', settings: settingsOf(person) });
  }

  #closed(): void {
    this.#cancelHello();
    this.#cancelReread?.();
    this.#shown?.close();
    this.#list?.leave(this);
  }

  async #handle(frame: ClientFrame | string): Promise<void> {
    if (typeof frame === 'string') {
      return await this.#page.send({ type: 'error', code: 'bad_frame', detail: frame });
    }
    const list = this.#list;
    if (frame.type === 'hello') return list === undefined ? await this.#hello(frame) : undefined;
    if (list === undefined) return this.#page.close(CLOSE.noHello, 'the first frame must be hello');
    if (frame.type === 'ping') return await this.#page.send({ type: 'pong' });
    const isOwn = list.has(frame.chat);
    switch (frame.type) {
      case 'open':
        return isOwn ? await this.#open(frame.chat, frame.after) : await this.#noChat();
      case 'older':
        return isOwn ? await this.#older(frame.chat, frame.before) : await this.#noChat();
      case 'read':
        return isOwn ? await list.markRead(frame.chat, frame.seq) : await this.#noChat();
      default:
        return isOwn ? await this.#take(frame, list) : await this.#refuse(frame.id, 'no_chat', false);
    }
  }

  async #hello({ chat, after, locale }: Extract<ClientFrame, { type: 'hello' }>): Promise<void> {
    this.#cancelHello();
    this.#locale = locale ?? this.#locale;
    const { lists, person, commands, canLogOut, agents, maxFileBytes } = this.#o;
    const list = lists.of(person);
    this.#list = list;
    // Watching begins before reading, so that nothing falls between the two.
    list.watch(this);
    const settings = await this.#load(list);
    if (settings === undefined) return;
    const isServed = agents.assign(SURFACE, person.id) !== undefined;
    await this.#page.send({
      type: 'welcome',
      version: FRAMES_VERSION,
      person: { id: person.id, name: person.name },
      settings: settingsOf(settings),
      limits: { text: MAX_INCOMING_TEXT, fileBytes: isServed ? maxFileBytes : 0, files: MAX_FILES },
      commands: [...commands],
      canLogOut,
    });
    this.#entered = true;
    this.#listDirty = true;
    await this.#sendList();
    const isOwn = chat === null || list.has(chat);
    if (!isOwn) await this.#noChat();
    await this.#open(isOwn ? (chat ?? list.latest) : MAIN_CHAT, isOwn ? after : null);
  }

  async #load(list: ChatList): Promise<Person | undefined> {
    while (!this.#page.isClosed) {
      try {
        return await list.load(this.#locale);
      } catch (error) {
        this.#o.logger.warn({ err: error }, 'the chats of a person cannot be read; trying again');
        await new Promise<void>((resolve) => {
          const cancel = this.#o.clock.after(this.#o.limits.rereadMs, resolve);
          this.#cancelReread = () => {
            cancel();
            resolve();
          };
        });
      }
    }
    return undefined;
  }

  async #open(chat: string, after: number | null): Promise<void> {
    if (this.#page.isClosed) return;
    this.#shown?.close();
    const { person, rooms, timeline, clock, logger, limits } = this.#o;
    const address = addressOf(person.id, chat);
    const { rereadMs } = limits;
    this.#shown = new ShownChat({
      chat,
      address,
      page: this.#page,
      rooms,
      timeline,
      clock,
      logger,
      rereadMs,
    });
    await this.#shown.open(after);
  }

  async #older(chat: string, before: number): Promise<void> {
    const { timeline, person, logger } = this.#o;
    try {
      const entries = await timeline.read(addressOf(person.id, chat), { before, limit: PAGE });
      const more = entries.length === PAGE;
      await this.#page.send({ type: 'older', chat, before, entries: entries.map(toEntry), more });
    } catch (error) {
      logger.warn({ err: error }, 'the timeline cannot be read');
      const detail = 'The history cannot be read now.';
      await this.#page.send({ type: 'error', code: 'no_history', detail });
    }
  }

  async #take(frame: EventFrame, list: ChatList): Promise<void> {
    const { accept, clock, logger, person, rooms, uploaded } = this.#o;
    if ((frame.type === 'message' ? frame.text.length : 0) > MAX_INCOMING_TEXT) {
      return await this.#refuse(frame.id, 'too_long', false);
    }
    this.#sent.add(frame.id);
    for (const oldest of this.#sent) {
      if (this.#sent.size <= REMEMBERED) break;
      this.#sent.delete(oldest);
    }
    const take = accept();
    if (take === undefined) return await this.#refuse(frame.id, 'stopping', true);
    let result: AcceptResult;
    let used: UsedFiles | undefined = NO_FILES;
    try {
      const ids = frame.type === 'message' ? frame.files : [];
      if (ids.length > 0) used = list.person && (await uploaded.use(list.person.id, ids));
      if (used === undefined) return await this.#refuse(frame.id, 'no_file', false);
      result = await take(toIncoming(frame, person, this.#locale, clock.now(), used.files));
    } catch (error) {
      // Its files count as used: it may have been stored all the same.
      logger.warn({ err: error }, 'a message could not be stored; the page sends it again');
      return await this.#refuse(frame.id, 'unavailable', true);
    }
    if (result.outcome === 'refused') {
      used.release();
      const { reason, notice, retry } = result;
      return await this.#page.send({ type: 'refused', id: frame.id, reason, notice, retry });
    }
    const { seq } = result;
    await this.#page.send({ type: 'accepted', id: frame.id, ...(seq === undefined ? {} : { seq }) });
    rooms.entryAdded(addressKey(addressOf(person.id, frame.chat)));
    if (seq !== undefined) list.entered(frame.chat, { seq, at: clock.now(), by: 'person' });
  }

  #noChat(): Promise<void> {
    return this.#page.send({ type: 'error', code: 'no_chat', detail: 'There is no such chat.' });
  }

  #refuse(id: string, reason: Refusal, retry: boolean): Promise<void> {
    return this.#page.send({ type: 'refused', id, reason, retry });
  }

  /** One list at a time is on its way: a slow reader skips those in between. */
  async #sendList(): Promise<void> {
    if (this.#listing) return;
    this.#listing = true;
    while (this.#listDirty && this.#list !== undefined && !this.#page.isClosed) {
      this.#listDirty = false;
      await this.#page.send(this.#list.chats());
      for (const made of this.#made.splice(0)) await this.#page.send(made);
    }
    this.#listing = false;
  }
}

function settingsOf({ locale, localeChosen, streaming }: Person) {
  return { locale, localeChosen, streaming };
}
