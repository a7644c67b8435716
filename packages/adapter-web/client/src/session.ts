/**
 * What the page knows of the person and their chats over all connections. Every frame of the server
 * comes in here; each chat gets its own. No DOM: socket and address bar are given to it.
 */
import { computed, signal } from '@preact/signals';
import { type ClientFrame, type Entry, MAIN_CHAT, type ServerFrame } from '../../src/frames.ts';
import { Chat, type ChatAround } from './chat.ts';
import { ChatList } from './chat-list.ts';
import { keep, kept } from './kept.ts';
import { newId } from './new-id.ts';
import type { Refused } from './own-messages.ts';
import { forgetUnsent, keepUnsent, readUnsent } from './unsent.ts';

type Welcome = Extract<ServerFrame, { type: 'welcome' }>;
export type Settings = Welcome['settings'];
export type Command = Welcome['commands'][number];

export interface SessionEvents {
  post(frame: ClientFrame): void;
  /** What `hello` says of the language. */
  locale(): Settings['locale'] | undefined;
  /** New entries of somebody else in the chat that is shown. */
  arrived(entries: readonly Entry[]): void;
  /** Another chat is shown from now on; `moved`: by itself, not by the person; `insteadOf`: that one is none. */
  shown(chat: string, moved: boolean, insteadOf?: string): void;
  settings(settings: Settings): void;
  /** Somebody else has logged in here: nothing of what is in memory is theirs. */
  otherPerson(): void;
}

interface Outcome {
  accepted(): void;
  refused(): void;
}

export class Session {
  readonly list = new ChatList();
  readonly person = signal<{ id: string; name: string } | undefined>(undefined);
  readonly canLogOut = signal(false);
  readonly limits = signal<Welcome['limits']>({ text: 100_000, fileBytes: 0, files: 1 });
  readonly commands = signal<readonly Command[]>([]);
  readonly settings = signal<Settings | undefined>(undefined);
  /** The connection stands and has caught up. */
  readonly live = signal(false);
  /** What an action of ours was refused with. */
  readonly notice = signal<Refused | undefined>(undefined);
  /** Which chat is shown; `null` until it is known. */
  readonly shownId = signal<string | null>(null);
  readonly shown = computed(() => (this.shownId.value === null ? undefined : this.chat(this.shownId.value)));
  /** Chats with messages that were not taken. */
  readonly failedIn = computed(
    () => new Set([...this.#refusedIn.value].filter((id) => this.chat(id).own.failed.value)),
  );
  readonly #refusedIn = signal<ReadonlySet<string>>(new Set());
  readonly #events: SessionEvents;
  readonly #chats = new Map<string, Chat>();
  readonly #outcomes = new Map<string, Outcome>();
  readonly #around: ChatAround;
  /** What this page asked for: the server tells every page of the person of a chat that was made. */
  readonly #mine = new Set<string>();
  /** Chats that the server was asked to show on this connection and did not yet, in order. */
  #asked: string[] = [];
  #greeted = false;
  /** Chat → up to where this connection was told that it was read. */
  readonly #told = new Map<string, number>();
  #ended = false;

  constructor(events: SessionEvents) {
    this.#events = events;
    this.#around = {
      post: (frame) => this.#post(frame),
      person: () => this.personId,
      live: () => this.live.peek(),
      arrived: (chat, entries) => {
        if (chat.id === this.shownId.peek()) this.#events.arrived(entries);
      },
    };
  }

  /** Who is here, or was here last; `null`: nobody was ever. */
  get personId(): string | null {
    return this.person.peek()?.id ?? kept('person');
  }

  chat(id: string): Chat {
    const known = this.#chats.get(id);
    if (known !== undefined) return known;
    const chat = new Chat(id, this.#around);
    this.#chats.set(id, chat);
    return chat;
  }

  /** The first frame of a connection. */
  hello(): ClientFrame {
    const chat = this.shownId.peek();
    this.#greeted = true;
    this.#asked = chat === null ? [] : [chat];
    const locale = this.#events.locale();
    return {
      type: 'hello',
      chat,
      after: chat === null ? null : this.chat(chat).after,
      ...(locale && { locale }),
    };
  }

  /** Shows a chat: at once from memory, and what is new in it when the server has said so. */
  open(id: string, moved = false): void {
    if (this.shownId.peek() === id) return;
    const before = this.shownId.peek();
    const insteadOf = moved && this.list.all.peek().length > 0 ? this.#unknown() : undefined;
    if (before !== null) this.chat(before).left();
    this.notice.value = undefined;
    const chat = this.chat(id);
    this.shownId.value = id;
    if (this.#greeted) {
      this.#asked.push(id);
      this.#post({ type: 'open', chat: id, after: chat.after });
    }
    this.#events.shown(id, moved, insteadOf);
  }

  /** Everything up to `seq` of the shown chat was in sight. */
  seen(id: string, seq: number): void {
    if (!this.live.peek() || (this.#told.get(id) ?? 0) >= seq) return;
    this.#told.set(id, seq);
    this.list.read(id, seq);
    this.#post({ type: 'read', chat: id, seq });
  }

  /** A button. `refused` also runs when the connection was lost before it was accepted. */
  act(chat: string, action: string, outcome: Partial<Outcome> = {}): void {
    this.#ask((id) => ({ type: 'action', id, chat, action }), outcome);
  }

  /** What a control of the page does, as the command that it stands for. */
  command(chat: string, name: string, args = '', outcome: Partial<Outcome> = {}): void {
    this.#ask((id) => ({ type: 'command', id, chat, name, args }), outcome);
  }

  rename(chat: string, name: string): void {
    const before = this.list.get(chat)?.name ?? '';
    if (name === before || name.trim() === '') return;
    this.list.rename(chat, name);
    this.command(chat, 'rename', name, {
      refused: () => {
        if (this.list.get(chat)?.name === name) this.list.rename(chat, before);
      },
    });
  }

  closed(): void {
    this.live.value = false;
    this.#greeted = false;
    this.#told.clear();
    for (const chat of this.#chats.values()) chat.closed();
    for (const { refused } of this.#outcomes.values()) refused();
    this.#outcomes.clear();
  }

  receive(frame: ServerFrame): void {
    if (this.#ended) return;
    switch (frame.type) {
      case 'welcome':
        this.#welcome(frame);
        return;
      case 'settings':
        this.settings.value = frame.settings;
        this.#events.settings(frame.settings);
        return;
      case 'chats':
        this.list.set(frame.chats);
        return;
      case 'created':
        if (this.#mine.has(frame.by)) this.open(frame.chat);
        return;
      case 'opened':
        this.#opened(frame.chat);
        this.chat(frame.chat).receive(frame);
        return;
      case 'caught_up':
        // Whoever went on meanwhile is told by the next one.
        this.chat(frame.chat).receive(frame);
        if (frame.chat !== this.shownId.peek()) this.chat(frame.chat).left();
        this.live.value = true;
        for (const chat of this.#chats.values()) chat.own.next();
        return;
      case 'accepted':
        this.#accepted(frame.id, frame.seq);
        return;
      case 'refused':
        this.#refused(frame);
        return;
      case 'error':
        if (frame.code === 'no_history') for (const chat of this.#chats.values()) chat.noHistory();
        if (frame.code === 'no_chat') this.#leaveUnknown();
        return;
      case 'pong':
        return;
      default:
        this.chat(frame.chat).receive(frame);
    }
  }

  #post(frame: ClientFrame): void {
    if ('id' in frame) this.#mine.add(frame.id);
    this.#events.post(frame);
  }

  #welcome(frame: Welcome): void {
    const known = this.person.peek()?.id;
    if (known !== undefined && known !== frame.person.id) {
      this.#ended = true;
      this.#events.otherPerson();
      return;
    }
    const last = kept('person');
    this.person.value = frame.person;
    this.canLogOut.value = frame.canLogOut;
    this.limits.value = frame.limits;
    this.commands.value = frame.commands;
    this.settings.value = frame.settings;
    this.#events.settings(frame.settings);
    if (known === frame.person.id) return;
    keep('person', frame.person.id);
    // What was written before we knew for whom was kept for whoever was here last.
    for (const chat of this.#chats.values()) {
      for (const message of chat.own.pending.value) {
        if (last !== null && last !== frame.person.id) forgetUnsent(last, message.id);
        keepUnsent(frame.person.id, message);
      }
    }
    const unsent = Map.groupBy(readUnsent(frame.person.id), ({ chat }) => chat);
    for (const [chat, messages] of unsent) this.chat(chat).own.restore(messages);
  }

  /** What we did not ask for the server chose: we asked for none, or for one that is not there. */
  #opened(id: string): void {
    const at = this.#asked.indexOf(id);
    if (at !== -1) this.#asked.splice(0, at + 1);
    const shown = this.shownId.peek();
    if (at !== -1 || shown === id) return;
    // Meanwhile we asked for one that is there: it follows.
    if (this.#asked.length > 0 && shown !== null && this.list.get(shown) !== undefined) return;
    this.notice.value = undefined;
    const insteadOf = this.#unknown();
    this.shownId.value = id;
    this.#events.shown(id, true, insteadOf);
  }

  /** The shown chat is none of this person's: the one that was last spoken in instead. */
  #leaveUnknown(): void {
    if (this.shownId.peek() !== null && this.#unknown() === undefined) return;
    this.open(this.list.active.value[0]?.id ?? MAIN_CHAT, true);
  }

  /** What is shown, when it is no chat of this person. */
  #unknown(): string | undefined {
    const shown = this.shownId.peek();
    return shown === null || this.list.get(shown) !== undefined ? undefined : shown;
  }

  #ask(frame: (id: string) => ClientFrame, outcome: Partial<Outcome>): void {
    // Unlike a message it is not kept: what is meant now need not be meant later.
    if (!this.#greeted) {
      outcome.refused?.();
      return;
    }
    const id = newId();
    const nothing = () => undefined;
    this.#outcomes.set(id, { accepted: nothing, refused: nothing, ...outcome });
    this.#post(frame(id));
  }

  #accepted(id: string, seq: number | undefined): void {
    const outcome = this.#outcomes.get(id);
    if (outcome !== undefined) {
      this.#outcomes.delete(id);
      outcome.accepted();
      return;
    }
    const chat = this.#chatOf(id);
    chat?.own.accepted(id, seq, chat.lastSeq);
  }

  #refused(frame: Refused): void {
    const outcome = this.#outcomes.get(frame.id);
    if (outcome !== undefined) {
      this.#outcomes.delete(frame.id);
      this.notice.value = frame;
      outcome.refused();
      return;
    }
    const chat = this.#chatOf(frame.id);
    if (chat === undefined) return;
    chat.own.refused(frame);
    this.#refusedIn.value = new Set(this.#refusedIn.value).add(chat.id);
    if (frame.reason !== 'no_chat' || chat.id === MAIN_CHAT || this.list.get(chat.id) !== undefined) return;
    // Nobody would ever see it there again.
    const lost = chat.own.pending.value.find(({ id }) => id === frame.id);
    chat.own.discard(frame.id);
    if (lost !== undefined) this.chat(MAIN_CHAT).own.adopt(lost);
  }

  #chatOf(messageId: string): Chat | undefined {
    for (const chat of this.#chats.values()) if (chat.own.has(messageId)) return chat;
    return undefined;
  }
}
