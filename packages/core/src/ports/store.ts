/**
 * The durable memory. Methods are whole use cases, each atomic, so that a synchronous and an
 * asynchronous database can both do them. Everything that resolved survives SIGKILL and power loss.
 * `testkit`'s `storeSuite` is the contract in full.
 */
import type {
  AccountId,
  Address,
  AgentEvent,
  ChatKey,
  IncomingEvent,
  Locale,
  MessageId,
  OperationId,
  PersonId,
  PlatformChatId,
  RequestId,
  SurfaceId,
  TurnId,
} from '@surfaces/protocol';
import type { NewOperation, Operation } from './operations.ts';
import type { CareStore } from './store-care.ts';
import type { Assignment, Attachment, Chat, ChatStore, LeftContext, Person } from './store-chats.ts';
import type { Timeline } from './timeline.ts';

/** `expired`: too old when accepted or at a restart, named in a note instead of run. */
export type TurnOutcome = 'answered' | 'failed' | 'cancelled' | 'interrupted' | 'expired';
export type TurnState = 'queued' | 'running' | 'finished';

export interface Turn {
  readonly id: TurnId;
  readonly chat: ChatKey;
  readonly person: PersonId;
  readonly address: Address;
  readonly text: string;
  /** Those of its own message, and before them those that had waited in the chat. */
  readonly attachments: readonly Attachment[];
  /** Epoch milliseconds, by the messenger's clock. */
  readonly sentAt: number;
  /** Epoch milliseconds, by ours. */
  readonly acceptedAt: number;
  readonly state: TurnState;
  readonly outcome?: TurnOutcome;
  /** Names the request to the agent; a retry has its own. */
  readonly requestId: RequestId;
  /** The placeholder message that shows this turn's preview (`preview: 'edit'`). */
  readonly previewMessageId?: MessageId;
}

/**
 * The right to work on a chat. Every write below that takes a lease fails with a `lease_lost` error
 * when another process has claimed the chat since.
 */
export interface Lease {
  readonly chat: ChatKey;
  readonly generation: number;
}

export interface AcceptInput {
  readonly event: IncomingEvent;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Language of a person who is new and whose messenger names none. */
  readonly defaultLocale: Locale;
  /** Who may serve the person: a chat whose agent may not any more moves, as `assignChat` does. */
  readonly assignment: Assignment;
  /**
   * Used when (address, person) is bound to no chat yet, with the agent that the person chose or else the
   * first choice; the store numbers it. `platformChatId` also names the context of a chat that moves.
   */
  readonly newChat: { readonly platformChatId: PlatformChatId; readonly name: string };
  /** What a chat that nobody named is called by its first turn. */
  readonly title?: string;
  /** Most files that may wait for a text in one chat. */
  readonly waitingFilesLimit: number;
  /** Most turns of one chat that may wait or run. */
  readonly queueLimit: number;
  /** A message sent longer ago than this is expired at once. Milliseconds. */
  readonly staleAfterMs: number;
  /** Enter the person's words into the timeline too (`history: 'store'`), in the same commit. */
  readonly record: boolean;
}

/** What accepting an event changed about its chat. */
export type ChatChange =
  /** The first message named it. */
  | 'titled'
  /** It was made for a person whom the registry does not list. */
  | 'by_default'
  /** Its agent is another one now, and knows nothing of what was said before. */
  | 'moved'
  /** It was archived, and a message made it active again. */
  | 'revived';

interface Stored {
  readonly chat: Chat;
  readonly person: Person;
  readonly seq?: number;
  readonly changes: readonly ChatChange[];
  /** Where it `moved` from. */
  readonly previous?: LeftContext;
}

export type Accepted =
  | { readonly outcome: 'duplicate'; readonly seq?: number }
  | { readonly outcome: 'queue_full'; readonly person: Person; readonly chat: Chat }
  | { readonly outcome: 'files_full'; readonly person: Person; readonly chat: Chat }
  /** A message: a turn was queued, or (`expired`) stored as finished. It took the waiting files along. */
  | (Stored & { readonly outcome: 'turn' | 'expired'; readonly turn: Turn })
  /** Files without text: they wait for the next one. */
  | (Stored & { readonly outcome: 'files'; readonly files: readonly Attachment[] })
  /** A command or a callback: handle it, then `completeEvent`. */
  | (Stored & { readonly outcome: 'event'; readonly pending: PendingEvent });

/** A command or callback that was accepted and not yet completed. */
export interface PendingEvent {
  readonly id: string;
  readonly event: IncomingEvent;
  readonly acceptedAt: number;
}

export interface Confirmation {
  readonly turn: TurnId;
  /** The agent's name of it; unique within the turn. */
  readonly id: string;
  /** Random and short: what buttons carry. */
  readonly token: string;
  readonly chat: ChatKey;
  /** Who may answer. */
  readonly person: PersonId;
  readonly text: string;
  readonly options: readonly { readonly id: string; readonly label: string; readonly kind: string }[];
  /** Epoch milliseconds. */
  readonly askedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly decision?: string;
  /** What decided: `by` of that call. */
  readonly decidedBy?: string;
}

/** A question as it is asked. */
export type NewConfirmation = Omit<Confirmation, 'decision' | 'decidedBy'>;

export type Decision =
  | { readonly outcome: 'decided' | 'already_decided'; readonly confirmation: Confirmation }
  | { readonly outcome: 'expired' | 'not_allowed' | 'not_found' };

export interface Unfinished {
  readonly chat: Chat;
  readonly person: Person;
  readonly turn: Turn;
  /** Events journalled so far, in order of `seq`; empty unless the turn was running. */
  readonly events: readonly AgentEvent[];
}

/** All that an earlier process left to do, of the named accounts, each list in order. */
export interface Recovery {
  readonly turns: readonly Unfinished[];
  readonly operations: readonly Operation[];
  readonly events: readonly {
    readonly pending: PendingEvent;
    readonly chat: Chat;
    readonly person: Person;
  }[];
  /** Chats with expired turns that no note has named. */
  readonly unnoted: readonly { readonly chat: Chat; readonly person: Person }[];
  /** Files that wait for a text and are not in the workspace yet. */
  readonly files: readonly { readonly file: Attachment; readonly chat: Chat; readonly person: Person }[];
}

export interface StoreCounts {
  readonly queued: number;
  readonly running: number;
  readonly deadLetters: number;
}

export interface Store extends ChatStore, CareStore {
  readonly timeline: Timeline;

  /**
   * Takes an event in: deduplicated by (surface, account, event id), person and chat found or made,
   * a message queued as a turn behind the chat's others. A refused one (`queue_full`, `files_full`) is not
   * stored. A chat with a turn that waits or runs does not move.
   */
  accept(input: AcceptInput): Promise<Accepted>;
  /** Ends a command or callback together with its replies. Again with the same id: nothing happens. */
  completeEvent(pendingId: string, replies: readonly NewOperation[]): Promise<readonly Operation[]>;

  /** Makes this process the one that receives for an account. Throws a `lease_lost` error when a live one does. */
  claimAccount(surface: SurfaceId, account: AccountId): Promise<void>;
  /** Throws a `lease_lost` error while a live process holds the chat. */
  claimChat(chat: ChatKey): Promise<Lease>;

  /** queued → running. Durable before the agent hears of it. */
  startTurn(lease: Lease, turn: TurnId): Promise<void>;
  /** Adds to the turn's journal. An event whose `seq` is there already is left out. */
  appendEvents(lease: Lease, turn: TurnId, events: readonly AgentEvent[]): Promise<void>;
  /**
   * Empties the journal of a turn whose agent begins it anew, and forgets what the turn asked and nobody
   * decided: its tokens are not found any more, its ids are free. What was decided stays decided.
   */
  restartJournal(lease: Lease, turn: TurnId): Promise<void>;
  rememberPreview(lease: Lease, turn: TurnId, messageId: MessageId): Promise<void>;
  /**
   * queued or running → finished, with everything that is still to be shown of it, in one commit.
   * The journal of the turn is dropped, its pending confirmations end. Finished already: nothing
   * happens and the result is empty.
   */
  commitFinal(
    lease: Lease,
    turn: TurnId,
    outcome: TurnOutcome,
    operations: readonly NewOperation[],
    usage?: { readonly tokens: number },
  ): Promise<readonly Operation[]>;
  /**
   * Queues a turn that no message of the person asked for: words of ours to the agent, on their behalf.
   * `by` makes it safe to repeat: the same key is one turn.
   */
  queueTurn(input: {
    readonly chat: ChatKey;
    readonly person: PersonId;
    readonly text: string;
    readonly by: string;
    readonly address: Address;
    readonly now: number;
    readonly queueLimit: number;
  }): Promise<Turn | 'queue_full'>;
  /**
   * Queues the text and the files of a finished turn of this chat again, as a new turn at the end of its lane.
   * Without `turn`: the newest finished one. `again` makes it safe to repeat: the same key is one turn.
   */
  retryTurn(input: {
    readonly chat: ChatKey;
    readonly turn?: TurnId;
    readonly again: string;
    readonly address: Address;
    readonly now: number;
    readonly queueLimit: number;
  }): Promise<Turn | 'queue_full' | 'not_found'>;
  /** Marks all expired turns of a chat as named, and commits the note. `texts`: the first of them. */
  noteExpired(
    chat: ChatKey,
    note: (expired: readonly Turn[]) => NewOperation,
  ): Promise<Operation | undefined>;

  /** Commits operations that belong to no other use case. Ids that are there already are left out. */
  enqueue(operations: readonly NewOperation[]): Promise<readonly Operation[]>;
  /** pending → sending; only for surfaces whose sends are ambiguous. */
  beginOperation(id: OperationId): Promise<void>;
  settleOperation(
    id: OperationId,
    result:
      | { readonly state: 'sent'; readonly messageId: MessageId }
      | { readonly state: 'dead' | 'pending'; readonly error: string },
  ): Promise<void>;

  /** Opens a confirmation, or returns the one that this turn already has under the agent's id. */
  openConfirmation(lease: Lease, confirmation: NewConfirmation): Promise<Confirmation>;
  /**
   * One conditional update decides. `token` may be left out: then the newest pending one of the chat
   * that was asked by `now`. `by` names for ever what decides and is stored with the decision: the same
   * again is told its own first decision (`already_decided`), and never decides another question.
   */
  decide(input: {
    readonly chat: ChatKey;
    readonly token?: string;
    readonly choose: { readonly option: string } | { readonly kind: 'allow_once' | 'reject' };
    readonly person: PersonId;
    readonly by: string;
    /** When it was said, epoch milliseconds: what had expired then has, what was asked later is not meant. */
    readonly now: number;
    /** The time has come and nobody answered: what is open is decided though it expired. */
    readonly onExpiry?: boolean;
  }): Promise<Decision>;

  /** The newest turns of a chat, newest first. */
  lastTurns(chat: ChatKey, limit: number): Promise<readonly Turn[]>;
  /** The newest operations of a chat, newest first. */
  lastOperations(chat: ChatKey, limit: number): Promise<readonly Operation[]>;
  counts(): Promise<StoreCounts>;

  recover(
    accounts: readonly { readonly surface: SurfaceId; readonly account: AccountId }[],
  ): Promise<Recovery>;
  /** Proves that a write reaches the disk. Rejects with a `StoreError` when it does not. */
  probe(): Promise<void>;
  /** Finishes what was asked for, then lets go of leases and files. */
  close(): Promise<void>;
}
