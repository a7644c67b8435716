/**
 * What is said across the thread. Small, and JSON already as text, for it is copied: the main side
 * knows most of an answer beforehand, so the worker says only what it alone knows.
 */
import type { ChatChange, PlaceSummary, Pruned, StoreErrorCode } from '@surfaces/core';
import type { IncomingFile } from '@surfaces/protocol';
import type {
  attachments,
  chats,
  confirmations,
  contexts,
  operations,
  pendingEvents,
  persons,
  turns,
} from './schema.ts';

export type PersonRow = Omit<typeof persons.$inferSelect, 'chats'>;
export type ChatRow = Omit<typeof chats.$inferSelect, 'leaseHolder' | 'leaseGeneration' | 'madeBy'>;
export type FileRow = typeof attachments.$inferSelect;
export type ContextRow = typeof contexts.$inferSelect;
export type TurnRow = typeof turns.$inferSelect;
export interface WholeTurn {
  readonly turn: TurnRow;
  readonly files: readonly FileRow[];
}
export type OperationRow = typeof operations.$inferSelect;
export type ConfirmationRow = typeof confirmations.$inferSelect;
export type PendingRow = typeof pendingEvents.$inferSelect;

export interface IdentifyCall {
  readonly surface: string;
  readonly externalId: string;
  /** Empty: the messenger told none. */
  readonly name: string;
  readonly locale: string | null;
  readonly defaultLocale: string;
  /** Used when there is no such person yet. */
  readonly personId: string;
}

/** Who may serve a person. */
export interface Assigned {
  readonly choices: readonly string[];
  readonly byDefault: boolean;
}

export interface NewFile {
  readonly id: string;
  readonly ref: string;
  readonly name: string;
  readonly mediaType: string | null;
  readonly size: number | null;
}

export interface AcceptCall extends IdentifyCall {
  readonly key: string;
  readonly addressKey: string;
  readonly address: string;
  readonly account: string;
  readonly now: number;
  readonly assignment: Assigned;
  /** Used when there is no such chat yet. */
  readonly newChat: { readonly key: string; readonly platformChatId: string; readonly name: string };
  /** Enter this into the timeline. */
  readonly words: {
    readonly eventId: string;
    readonly text: string;
    readonly files: readonly IncomingFile[];
  } | null;
  readonly files: readonly NewFile[];
  /** The files wait, and at most so many of them. */
  readonly waitingLimit: number | null;
  readonly turn: {
    readonly id: string;
    readonly requestId: string;
    readonly text: string;
    readonly title: string;
    readonly sentAt: number;
    readonly expired: boolean;
    readonly queueLimit: number;
  } | null;
  readonly pending: { readonly id: string; readonly event: string } | null;
}

/** Where a chat moved from. */
export type LeftRow = Pick<ChatRow, 'agentId' | 'platformChatId'>;

export type AcceptAnswer =
  | { readonly outcome: 'duplicate'; readonly seq: number | null }
  | { readonly outcome: 'queue_full' | 'files_full'; readonly person: PersonRow; readonly chat: ChatRow }
  | {
      readonly outcome: 'stored';
      readonly person: PersonRow;
      readonly chat: ChatRow;
      readonly seq: number | null;
      readonly changes: readonly ChatChange[];
      readonly previous: LeftRow | null;
      /** Those that had waited and the turn took along. */
      readonly taken: readonly FileRow[];
    };

export interface Leased {
  readonly chat: string;
  readonly generation: number;
  readonly turn: string;
}

export interface OperationInsert {
  readonly id: string;
  readonly chat: string;
  readonly turn: string | null;
  readonly account: string;
  readonly address: string;
  readonly editOf: string | null;
  readonly message: string;
  readonly createdAt: number;
}

export interface DecideCall {
  readonly chat: string;
  readonly token: string | null;
  readonly option: string | null;
  readonly kind: string | null;
  readonly person: string;
  readonly by: string;
  readonly now: number;
  readonly onExpiry: boolean;
}

export type DecideAnswer =
  | { readonly outcome: 'decided' | 'already_decided'; readonly row: ConfirmationRow }
  | { readonly outcome: 'expired' | 'not_allowed' | 'not_found' };

export interface RecoverAnswer {
  readonly turns: readonly {
    readonly turn: TurnRow;
    readonly files: readonly FileRow[];
    readonly chat: ChatRow;
    readonly person: PersonRow;
    readonly events: readonly string[];
  }[];
  readonly operations: readonly OperationRow[];
  readonly events: readonly {
    readonly pending: PendingRow;
    readonly chat: ChatRow;
    readonly person: PersonRow;
  }[];
  readonly unnoted: readonly { readonly chat: ChatRow; readonly person: PersonRow }[];
  readonly files: readonly {
    readonly file: FileRow;
    readonly chat: ChatRow;
    readonly person: PersonRow;
  }[];
}

export interface NewTurnCall {
  readonly chat: string;
  readonly id: string;
  readonly requestId: string;
  readonly account: string;
  readonly address: string;
  readonly now: number;
  readonly queueLimit: number;
}

export interface PersonSummary {
  readonly id: string;
  readonly name: string;
  readonly chats: number;
  readonly identities: readonly { readonly surface: string; readonly externalId: string }[];
}

/** What is exported page by page, each of a chat or (`timeline`) of an address. */
export interface Pages {
  readonly turn: TurnRow;
  readonly file: FileRow;
  readonly question: ConfirmationRow;
  readonly answer: OperationRow;
  readonly timeline: TimelinePageRow;
}

export interface TimelinePageRow {
  readonly seq: number;
  readonly at: number;
  readonly item: string;
}

export interface PageCall {
  readonly of: keyof Pages;
  readonly person: string;
  /** A chat's key, or an address. */
  readonly place: string;
  readonly after: number;
  readonly limit: number;
}

/** Each is atomic; calls are done in the order in which they were made. */
export interface Calls {
  accept(call: AcceptCall): AcceptAnswer;
  completeEvent(call: { readonly id: string; readonly replies: readonly OperationInsert[] }): number[];
  claimChat(call: { readonly chat: string; readonly holder: string }): number;
  startTurn(call: Leased): null;
  appendEvents(
    call: Leased & { readonly events: readonly { readonly seq: number; readonly event: string }[] },
  ): null;
  restartJournal(call: Leased): null;
  rememberPreview(call: Leased & { readonly messageId: string }): null;
  /** The sequence numbers; null when the turn was finished already. */
  commitFinal(
    call: Leased & {
      readonly outcome: string;
      readonly operations: readonly OperationInsert[];
      readonly tokens: number;
    },
  ): number[] | null;
  queueTurn(
    call: NewTurnCall & { readonly person: string; readonly text: string; readonly again: string },
  ): WholeTurn | 'queue_full';
  retryTurn(
    call: NewTurnCall & {
      readonly turn: string | null;
      readonly again: string;
    },
  ): WholeTurn | 'queue_full' | 'not_found';
  unnotedTurns(chat: string): WholeTurn[];
  /** Null when it is not exactly these turns that are unnoted: read them again. */
  noteExpired(call: {
    readonly chat: string;
    readonly turns: readonly string[];
    readonly operation: OperationInsert;
  }): number | null;
  /** A sequence number for each; null: that id is there already. */
  enqueue(operations: readonly OperationInsert[]): (number | null)[];
  beginOperation(id: string): null;
  settleOperation(call: {
    readonly id: string;
    readonly state: 'sent' | 'dead' | 'pending';
    readonly messageId: string | null;
    readonly error: string | null;
  }): null;
  openConfirmation(
    call: Leased & { readonly row: Omit<ConfirmationRow, 'order' | 'decision' | 'decidedBy'> },
  ): ConfirmationRow;
  decide(call: DecideCall): DecideAnswer;
  lastTurns(call: { readonly chat: string; readonly limit: number }): WholeTurn[];
  lastOperations(call: { readonly chat: string; readonly limit: number }): OperationRow[];
  deadLetters(limit: number): OperationRow[];
  reviveDeadLetters(call: { readonly ids: readonly string[]; readonly now: number }): OperationRow[];
  dropDeadLetters(ids: readonly string[]): number;

  identify(call: IdentifyCall): PersonRow;
  person(id: string): PersonRow | null;
  choose(call: {
    readonly person: string;
    readonly locale: string | null;
    readonly streaming: boolean | null;
    readonly agent: string | null;
  }): PersonRow;
  chatsOf(owner: string): { readonly chat: ChatRow; readonly addresses: readonly string[] }[];
  chat(key: string): ChatRow | null;
  createChat(call: {
    readonly chat: Omit<ChatRow, 'number'>;
    readonly limit: number;
    readonly by: string;
  }): ChatRow | 'too_many';
  bindChat(call: { readonly chat: string; readonly address: string; readonly person: string }): null;
  renameChat(call: { readonly chat: string; readonly name: string }): ChatRow;
  archiveChat(chat: string): ChatRow | 'last' | 'busy';
  switchContext(call: {
    readonly chat: string;
    readonly platformChatId: string;
    readonly by: string;
    readonly now: number;
  }): { readonly chat: ChatRow; readonly previous: string } | 'busy';
  assignChat(call: {
    readonly chat: string;
    readonly assignment: Assigned;
    readonly platformChatId: string;
    readonly now: number;
  }): { readonly chat: ChatRow; readonly previous: LeftRow | null };
  saveContext(row: Omit<ContextRow, 'order'>): ContextRow;
  savedContexts(call: { readonly owner: string; readonly agentId: string }): ContextRow[];
  waitingFiles(call: { readonly chat: string; readonly person: string }): FileRow[];
  removeFiles(call: {
    readonly chat: string;
    readonly person: string;
    readonly ids: readonly string[];
  }): FileRow[];
  settleFile(call: {
    readonly id: string;
    readonly state: 'saved' | 'failed';
    readonly path: string | null;
    readonly size: number | null;
    readonly error: string | null;
  }): null;
  countFiles(chat: string): number;

  /** Null: nothing of that kind goes. */
  prune(call: {
    readonly inbox: number | null;
    readonly finished: number | null;
    readonly deadLetters: number | null;
    readonly timeline: number | null;
    readonly limit: number;
  }): Pruned;
  neededFiles(call: null): { readonly ids: string[]; readonly since: number | null };
  findPersons(call: {
    readonly surface: string | null;
    readonly externalId: string | null;
    readonly id: string | null;
    readonly after: string;
    readonly limit: number;
  }): PersonSummary[];
  exportPage(call: PageCall): Pages[keyof Pages][];
  exportContexts(person: string): ContextRow[];
  deletePerson(person: string): { readonly agentId: string; readonly platformChatId: string }[];
  counts(call: null): { queued: number; running: number; deadLetters: number };
  recover(accounts: readonly string[]): RecoverAnswer;
  appendTimeline(call: {
    readonly address: string;
    readonly operationId: string;
    readonly item: string;
    readonly at: number;
  }): { readonly seq: number; readonly fresh: boolean };
  readTimeline(call: {
    readonly address: string;
    readonly after: number | null;
    readonly before: number | null;
    readonly limit: number;
  }): { readonly seq: number; readonly at: number; readonly item: string }[];
  summaries(addresses: readonly string[]): PlaceSummary[];
  markRead(call: { readonly address: string; readonly seq: number }): null;
  probe(call: null): null;
}

export type CallName = keyof Calls;
export type Argument<N extends CallName> = Parameters<Calls[N]>[0];
export type Answer<N extends CallName> = ReturnType<Calls[N]>;

/** A failure as it crosses the thread. */
export interface Failure {
  readonly code: StoreErrorCode;
  readonly message: string;
}

export type ToWorker = readonly (readonly [CallName, unknown])[] | 'close';

export type FromWorker =
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** In the order of the calls. `seconds`: of the transaction and its commit. */
  | { readonly kind: 'answers'; readonly answers: readonly Settled[]; readonly seconds: number }
  | { readonly kind: 'closed' };

export type Settled = readonly [ok: true, answer: unknown] | readonly [ok: false, failure: Failure];

export interface WorkerOptions {
  readonly directory: string;
  readonly file: string;
  readonly exclusive: boolean;
  /** Pages that the file may have; for tests of a full disk. */
  readonly maxPages: number | null;
}
