/** The port that one messenger's adapter implements. `testkit`'s `surfaceAdapterSuite` is its contract in full. */
import type {
  AccountId,
  Address,
  EventId,
  ExternalId,
  IncomingEvent,
  Locale,
  MessageId,
  OperationId,
  OutgoingMessage,
  PersonId,
  SurfaceId,
  TurnId,
} from '@surfaces/protocol';
import type { Chat, Person } from './store-chats.ts';

/** Each ability is a level; what the core does at a lower level is written beside it. */
export interface Capabilities {
  /** The longest text of one message, in the messenger's own unit. */
  readonly text: { readonly limit: number; readonly unit: 'utf16' | 'utf8' };
  /** `none`: the adapter shows Markdown as plain text. */
  readonly markdown: 'full' | 'basic' | 'none';
  /**
   * How an answer is shown while it grows. `draft`: an unstored preview of its own (`drafts`), the
   * final is a new message. `edit`: a placeholder message that is edited (`edits`), the final is its
   * last edit. `none`: only the final is sent.
   */
  readonly preview: 'draft' | 'edit' | 'none';
  /** `none`: the core lists the choices as text. */
  readonly buttons: 'native' | 'none';
  /** `none`: nothing is shown. */
  readonly typing: 'native' | 'none';
  /**
   * `native`: `new` makes a room, topic or thread (`chats`). `none`: there is one place, and it is
   * turned to another chat.
   */
  readonly chats: 'native' | 'none';
  /** Most bytes of one file in each direction. `none`: the core says that files cannot pass here. */
  readonly files: { readonly maxBytes: number } | 'none';
  /**
   * `idempotent`: `send` with the same operation id shows one message, whatever happened before.
   * `ambiguous`: a repeated send may show it twice; the core then labels it.
   */
  readonly sends: 'idempotent' | 'ambiguous';
  /** Who remembers what was said: the messenger, or our store's timeline. */
  readonly history: 'messenger' | 'store';
  /** How a refused event is told: from the result of `accept`, or by a message of the core. */
  readonly refusals: 'inline' | 'message';
  /** What commands begin with here. `/` when left out. */
  readonly commandSign?: '/' | '!';
  /** Calls allowed per window for addresses of the same scope; `reserve` of them only for finals. */
  readonly budget: {
    readonly calls: number;
    readonly perMs: number;
    readonly reserve: number;
    /** Least time between two preview updates of one address. */
    readonly previewEveryMs: number;
  };
}

export type RefusalReason =
  | 'empty'
  | 'rate'
  | 'queue_full'
  | 'files_full'
  /** The surface or the agent takes no files. */
  | 'no_files'
  | 'not_served'
  | 'stopping'
  | 'bot';

export type AcceptResult =
  /** Durable. `seq` is its place in the timeline, where the store keeps one. */
  | { readonly outcome: 'accepted'; readonly seq?: number }
  /** The same event was accepted before: as good as accepted. */
  | { readonly outcome: 'duplicate'; readonly seq?: number }
  /** Not stored; `notice` says why, in the person's language. `retry`: sending it again later may help. */
  | {
      readonly outcome: 'refused';
      readonly reason: RefusalReason;
      readonly notice: string;
      readonly retry: boolean;
    };

/**
 * Takes one event. Acknowledge to the messenger only after it resolved; when it rejects, nothing was
 * stored and the messenger must deliver the event again.
 */
export type Accept = (event: IncomingEvent) => Promise<AcceptResult>;

export interface SendReceipt {
  readonly messageId: MessageId;
}

/** The growing answer of a turn. `text` is the whole of it so far (Markdown, not split). */
export interface Draft {
  readonly turnId: TurnId;
  readonly text: string;
  /** One line that says what the agent does now. */
  readonly progress?: string;
}

export interface EditPort {
  /** Replaces a message that this account sent. Repeating the same edit is harmless. */
  edit(
    address: Address,
    messageId: MessageId,
    outgoing: OutgoingMessage,
    operationId: OperationId,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface DraftPort {
  /** Shows or updates the preview; best effort. */
  show(address: Address, draft: Draft, signal: AbortSignal): Promise<void>;
  /** Takes the preview away when no final replaces it. */
  clear(address: Address, turnId: TurnId, signal: AbortSignal): Promise<void>;
}

export interface TypingPort {
  /** Milliseconds after which the messenger forgets it; the core renews before. */
  readonly lastsMs: number;
  set(address: Address, on: boolean, signal: AbortSignal): Promise<void>;
}

export interface SurfaceHealth {
  readonly ok: boolean;
  readonly detail: string;
}

/** A chat as a place of its own. Each method again with the same operation id: nothing more happens. */
export interface ChatPort {
  /** Who asked for a place is taken there by `create`: where it is need not be said. */
  readonly opens?: true;
  /** Makes a place; resolves with its address. Throws a `SurfaceError`. */
  create(
    request: {
      /** Where it was asked for. */
      readonly from: Address;
      readonly event: EventId;
      readonly person: { readonly id: PersonId; readonly externalId: ExternalId };
      readonly chat: Chat;
    },
    operationId: OperationId,
    signal: AbortSignal,
  ): Promise<Address>;
  /** The chat has another name. */
  rename(address: Address, name: string, operationId: OperationId, signal: AbortSignal): Promise<void>;
  archive(address: Address, archived: boolean, operationId: OperationId, signal: AbortSignal): Promise<void>;
}

export interface FilePort {
  /**
   * The bytes of a file that came in from this person at this address. Throws a `SurfaceError`:
   * `refused` when they are gone for good.
   */
  fetch(
    address: Address,
    person: PersonId,
    ref: string,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
}

export interface PeoplePort {
  /** A person chose other settings; where they are shown, they change now. */
  changed(externalId: ExternalId, person: Person): void;
  /** Everything about a person was deleted; what is still shown to them goes, and they begin anew. */
  forgotten?(externalId: ExternalId): void;
}

/** A command as a surface shows it in its menu. */
export interface CommandInfo {
  readonly name: string;
  /** What may follow it, such as `<name>`. */
  readonly takes?: string;
  readonly help: Readonly<Record<Locale, string>>;
}

export interface HealthPort {
  /** Semantic: proves that an event really makes it through, not that a socket is open. */
  probe(signal: AbortSignal): Promise<SurfaceHealth>;
}

export interface SurfaceAdapter {
  readonly surface: SurfaceId;
  readonly account: AccountId;
  readonly capabilities: Capabilities;
  /**
   * Begins to receive and to send. It must not wait for `accept`, which takes events only when
   * what an earlier process left is in its lanes. Rejects with a `SurfaceError` when it cannot start. */
  start(accept: Accept, commands: readonly CommandInfo[]): Promise<void>;
  /** Takes no more events; sends still work until `stop`. */
  pause(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Splits an answer into parts that each fit one message; none is empty, and there are none only for
   * an empty text. Where `sends` is `ambiguous`, each leaves room for the label of a duplicate.
   */
  split(markdown: string): readonly string[];
  /** Resolves when the messenger confirmed. Throws a `SurfaceError`. */
  send(
    address: Address,
    outgoing: OutgoingMessage,
    operationId: OperationId,
    signal: AbortSignal,
  ): Promise<SendReceipt>;
  readonly edits?: EditPort;
  readonly drafts?: DraftPort;
  readonly typing?: TypingPort;
  readonly chats?: ChatPort;
  readonly files?: FilePort;
  readonly people?: PeoplePort;
  readonly health?: HealthPort;
}
