/** What the messenger in memory is told and what it shows. */
import type {
  Address,
  IncomingEvent,
  MessageId,
  OperationId,
  OutgoingMessage,
  TurnId,
} from '@surfaces/protocol';
import type { Clock } from '../ports/clock.ts';
import type { Accept, AcceptResult, Capabilities, Draft } from '../ports/surface-adapter.ts';

export type CallKind =
  | 'start'
  | 'send'
  | 'edit'
  | 'show'
  | 'clear'
  | 'typing'
  | 'create'
  | 'rename'
  | 'archive'
  | 'fetch';

/**
 * How a call fails. `unreachable`: nothing happened, and that is known. `lost_before`/`lost_after`:
 * the caller cannot know whether it happened; it did not, or it did.
 */
export type FaultKind =
  | 'rate_limited'
  | 'unreachable'
  | 'lost_before'
  | 'lost_after'
  | 'refused'
  | 'cannot_start';

export interface Fault {
  readonly fault: FaultKind;
  /** Any call when left out. */
  readonly call?: CallKind;
  /** How many calls fail; 1 when left out, `Infinity` until `heal`. */
  readonly times?: number;
  readonly retryAfterMs?: number;
  /** Any address when left out. */
  readonly address?: Address;
}

export interface Call {
  readonly kind: CallKind;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly address?: Address;
  readonly operationId?: OperationId;
  readonly outcome: 'ok' | FaultKind;
}

export interface Shown {
  readonly messageId: MessageId;
  readonly operationId: OperationId;
  readonly message: OutgoingMessage;
  /** How often it was edited. */
  readonly edits: number;
}

/** What a place is called there; a place that nobody named has an empty name. */
export interface PlaceSign {
  readonly name: string;
  readonly archived: boolean;
}

export interface SaidEvent {
  readonly event: IncomingEvent;
  /** Resolves when the adapter acknowledged it; never rejects. */
  readonly acknowledged: Promise<AcceptResult>;
}

export interface FakeAuthor {
  readonly externalId: string;
  readonly name: string;
  readonly locale?: 'en' | 'ru' | 'ko';
  readonly isBot?: boolean;
}

/** A file that somebody sends. */
export interface FakeFile {
  readonly name: string;
  readonly mediaType?: string;
  /** A function: what comes out of it each time it is fetched. */
  readonly content: string | Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** As the messenger announces it; left out where it does not know. */
  readonly size?: number;
}

/** What the messenger keeps of a file until it is fetched. */
export interface Upload {
  readonly address: Address;
  readonly author: FakeAuthor;
  readonly content: FakeFile['content'];
}

interface Pending {
  readonly said: SaidEvent;
  readonly settle: (result: AcceptResult) => void;
}

export interface Place {
  shown: Shown[];
  drafts: Map<TurnId, Draft>;
  typing: boolean;
  pending: Pending[];
  delivering: boolean;
  sign: PlaceSign;
}

/** The connection of one adapter; a later one replaces it, as a second poller does. */
export interface Session {
  readonly accept: Accept;
  /** Takes new events. */
  receiving: boolean;
  /** Its acknowledgements arrive. */
  open: boolean;
  readonly closed: PromiseWithResolvers<undefined>;
}

export interface FakeMessengerOptions {
  readonly surface?: string;
  readonly account?: string;
  readonly capabilities?: Partial<Capabilities>;
  readonly clock?: Clock;
  /** Milliseconds until an event that was not acknowledged is delivered again. */
  readonly redeliverMs?: number;
  /** Answer 429 to calls over `capabilities.budget`, per room. */
  readonly enforceBudget?: boolean;
}

export const FAKE_CAPABILITIES: Capabilities = {
  text: { limit: 4000, unit: 'utf16' },
  markdown: 'full',
  preview: 'draft',
  buttons: 'native',
  typing: 'native',
  chats: 'native',
  files: { maxBytes: 1_000_000 },
  sends: 'idempotent',
  history: 'messenger',
  refusals: 'message',
  budget: { calls: 1000, perMs: 1000, reserve: 1, previewEveryMs: 0 },
};
