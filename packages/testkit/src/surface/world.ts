/** What the conformance suite of `SurfaceAdapter` is given, and how its cases look at it. */
import assert from 'node:assert/strict';
import type {
  Accept,
  AcceptResult,
  Chat,
  ChatPort,
  CommandInfo,
  Person as Owner,
  SurfaceAdapter,
} from '@surfaces/core';
import {
  type Address,
  type ExternalId,
  type IncomingEvent,
  type Locale,
  OperationId,
  type OutgoingFile,
  OutgoingMessage,
  type PersonId,
} from '@surfaces/protocol';

/** One message as the person sees it. */
export interface Seen {
  /** The words as they are read there; markup may be gone. */
  readonly text: string;
  /** The labels of its buttons. */
  readonly buttons: readonly string[];
  /** A file, as the person can open it. */
  readonly file?: { readonly name: string; open(): Promise<Uint8Array> };
}

/** Somebody at an address, with a real client of the messenger or its emulator. */
export interface Person {
  /** Resolves when the messenger has it; it may not be delivered yet. */
  say(text: string): Promise<void>;
  /** Presses a button that is shown, by its label. */
  press(label: string): Promise<void>;
  /** The bot's messages at the address, oldest first, without previews. */
  seen(): Promise<readonly Seen[]>;
  /** The previews that are shown now; none where `capabilities.preview` is not `draft`. */
  previews(): Promise<readonly string[]>;
}

/** What the core does about chats, for an adapter with `chats`. There are two people. */
export interface ChatsUnderTest {
  /** A chat that the core has just made for a person, as it asks for its place. */
  request(whose: 'one' | 'other', name: string): Promise<Parameters<ChatPort['create']>[0]>;
  /** The core bound the place to the chat, where the adapter looks at that. */
  bound?(chat: Chat, address: Address): Promise<void>;
  /** What can be seen over a place. Leave out where the adapter only says that something changed. */
  shown?(address: Address): Promise<{ readonly name: string; readonly archived: boolean }>;
}

/** What people see of their settings, for an adapter with `people`. */
export interface SettingsUnderTest {
  externalId(whose: 'one' | 'other'): ExternalId;
  /** The person with these settings, as the store has them from now on. */
  of(whose: 'one' | 'other', locale: Locale, streaming: boolean): Owner;
  shown(whose: 'one' | 'other'): Promise<{ readonly locale: Locale; readonly streaming: boolean }>;
}

/** What people and the core do with files, for an adapter with `files`. */
export interface FilesAtSurface {
  /** The person at the addresses, as the core knows them. */
  readonly person: PersonId;
  readonly stranger: PersonId;
  /** The person sends files; without words where `text` is empty. */
  send(
    address: Address,
    text: string,
    files: readonly { readonly name: string; readonly content: Uint8Array }[],
  ): Promise<void>;
  /** The messenger loses all files that were sent to it. */
  lose(): Promise<void>;
  /** Keeps a file for the person at an address, where the adapter reads what it sends. */
  keep(address: Address, name: string, content: Uint8Array): Promise<OutgoingFile>;
}

export interface SurfaceUnderTest {
  /** Made, not started. */
  readonly adapter: SurfaceAdapter;
  /** Two different places at the messenger; a thread and its room where there are threads. */
  readonly addresses: readonly [Address, Address];
  person(address: Address): Person;
  /**
   * Ends the adapter as SIGKILL would and makes the next one, not started, for the same account.
   * Leave out where that is impossible.
   */
  restart?(): Promise<SurfaceAdapter>;
  /** Cuts the way between adapter and messenger. Leave both out where there is none. */
  disconnect?(): Promise<void>;
  reconnect?(): Promise<void>;
  /** Leave out where `capabilities.chats` is `none`. */
  readonly chats?: ChatsUnderTest;
  /** Leave out where there is no `people`. */
  readonly settings?: SettingsUnderTest;
  /** Leave out where `capabilities.files` is `none`. */
  readonly files?: FilesAtSurface;
  close(): Promise<void>;
}

export type SurfaceFactory = () => Promise<SurfaceUnderTest>;

type Need = 'restart' | 'disconnect' | 'chats' | 'settings' | 'files';

export interface SurfaceCase {
  readonly name: string;
  /** Whether the adapter has what the case is about; every one has by default. */
  readonly applies?: (adapter: SurfaceAdapter) => boolean;
  /** What the factory must give; without it the case is skipped. */
  readonly needs?: Need | readonly Need[];
  readonly run: (stage: Stage) => Promise<void>;
}

const COMMANDS: readonly CommandInfo[] = [
  { name: 'help', help: { en: 'this list', ru: 'этот список', ko: '이 목록' } },
  { name: 'rename', takes: '<name>', help: { en: 'a name', ru: 'название', ko: '이름' } },
];

/** One surface during one case. */
export class Stage {
  readonly surface: SurfaceUnderTest;
  /** Everything that `accept` was called with. */
  readonly events: IncomingEvent[] = [];
  /** What `accept` answers; a case may replace it. */
  answer: Accept = async () => ({ outcome: 'accepted' });
  adapter: SurfaceAdapter;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #patienceMs: number;
  #operations = 0;

  /** `patienceMs`: how long something that must happen may take. */
  constructor(surface: SurfaceUnderTest, patienceMs: number) {
    this.surface = surface;
    this.adapter = surface.adapter;
    this.#patienceMs = patienceMs;
  }

  get address(): Address {
    return this.surface.addresses[0];
  }

  get other(): Address {
    return this.surface.addresses[1];
  }

  get person(): Person {
    return this.surface.person(this.address);
  }

  start(): Promise<void> {
    return this.adapter.start(async (event): Promise<AcceptResult> => {
      this.events.push(event);
      return this.answer(event);
    }, COMMANDS);
  }

  /** Ends the adapter without a warning; the next one is not started. */
  async restart(): Promise<void> {
    assert(this.surface.restart);
    this.adapter = await this.surface.restart();
  }

  operation(): OperationId {
    this.#operations += 1;
    return OperationId.parse(`suite-${this.#operations}`);
  }

  async send(markdown: string, more: Partial<OutgoingMessage> = {}, address = this.address): Promise<void> {
    await this.adapter.send(address, say(markdown, more), this.operation(), this.signal);
  }

  async seen(address = this.address): Promise<string[]> {
    return (await this.surface.person(address).seen()).map(({ text }) => text.trim());
  }

  /** The texts of the messages that arrived. */
  texts(): string[] {
    return this.events.flatMap((event) => (event.kind === 'message' ? [event.text] : []));
  }

  /** Waits until `check` stops throwing; throws what it threw last when it does not in time. */
  async until(check: () => void | Promise<void>): Promise<void> {
    const end = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (performance.now() > end) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  untilEvents(count: number): Promise<void> {
    return this.until(() => {
      assert(this.events.length >= count, `${this.events.length} of ${count} events arrived`);
    });
  }
}

export function say(markdown: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown, ...more });
}
