/**
 * Rows to the core's types and back. The casts brand or parse what this package itself wrote from
 * values of those types.
 */
import { createHash } from 'node:crypto';
import type {
  Attachment,
  Chat,
  Confirmation,
  NewOperation,
  Operation,
  Person,
  SavedContext,
  Turn,
  TurnOutcome,
} from '@surfaces/core';
import {
  type AccountId,
  type Address,
  type AgentId,
  addressKey,
  type ChatKey,
  type Locale,
  type MessageId,
  type OperationId,
  type OutgoingMessage,
  type PersonId,
  type PlatformChatId,
  type RequestId,
  type SurfaceId,
  type TurnId,
} from '@surfaces/protocol';
import { getTableColumns, type Table } from 'drizzle-orm';
import type { chats, confirmations, contexts, files, operations, persons, turns } from './schema.ts';

export type PersonRow = typeof persons.$inferSelect;
export type ChatRow = typeof chats.$inferSelect;
export type TurnRow = typeof turns.$inferSelect;
export type FileRow = typeof files.$inferSelect;
export type OperationRow = typeof operations.$inferSelect;
export type ConfirmationRow = typeof confirmations.$inferSelect;
export type ContextRow = typeof contexts.$inferSelect;

export function accountKey({ surface, account }: { surface: SurfaceId; account: AccountId }): string {
  return `${surface}/${account}`;
}

/** An index of PostgreSQL takes some 2,600 bytes. What is longer is named by its digest. */
export function indexKey(key: string): string {
  return key.length <= 1000 ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

export function placeKey(address: Address): string {
  return indexKey(addressKey(address));
}

/** A row as our functions return it (`to_json`), with the names of the schema. */
export function fromJson<T extends Table>(table: T, answer: unknown): T['$inferSelect'] {
  // `to_json` of a row is an object.
  const row = answer as Readonly<Record<string, unknown>>;
  const columns = Object.entries(getTableColumns(table));
  // Each column is there, of its own type: the row is of this very table.
  return Object.fromEntries(columns.map(([key, { name }]) => [key, row[name]])) as T['$inferSelect'];
}

export function toPerson(row: PersonRow): Person {
  return {
    id: row.id as PersonId,
    name: row.name,
    locale: row.locale as Locale,
    localeChosen: row.localeChosen,
    streaming: row.streaming,
    ...(row.agent !== null && { agent: row.agent as AgentId }),
  };
}

export function toChat(row: ChatRow): Chat {
  return {
    key: row.key as ChatKey,
    chatId: `C${row.number}`,
    name: row.name,
    owner: row.owner as PersonId,
    agentId: row.agentId as AgentId,
    platformChatId: row.platformChatId as PlatformChatId,
    state: row.state,
    byDefault: row.byDefault,
    contextSince: row.contextSince,
    tokens: row.tokens,
  };
}

export function toTurn(row: TurnRow, attachments: readonly Attachment[]): Turn {
  return {
    id: row.id as TurnId,
    chat: row.chat as ChatKey,
    person: row.person as PersonId,
    address: JSON.parse(row.address) as Address,
    text: row.text,
    attachments,
    sentAt: row.sentAt,
    acceptedAt: row.acceptedAt,
    state: row.state,
    ...(row.outcome !== null && { outcome: row.outcome as TurnOutcome }),
    requestId: row.requestId as RequestId,
    ...(row.previewMessageId !== null && { previewMessageId: row.previewMessageId as MessageId }),
  };
}

export function toAttachment(row: FileRow): Attachment {
  return {
    id: row.id,
    chat: row.chat as ChatKey,
    person: row.person as PersonId,
    address: JSON.parse(row.address) as Address,
    ref: row.ref,
    name: row.name,
    ...(row.mediaType !== null && { mediaType: row.mediaType }),
    ...(row.size !== null && { size: row.size }),
    state: row.state,
    ...(row.path !== null && { path: row.path }),
    ...(row.error !== null && { error: row.error }),
  };
}

/** A new operation as it is once committed. */
export function committed(operation: NewOperation, seq: number, createdAt: number): Operation {
  return { ...operation, seq, state: 'pending', attempts: 0, createdAt };
}

export function toOperation(row: OperationRow): Operation {
  return {
    id: row.id as OperationId,
    address: JSON.parse(row.address) as Address,
    ...(row.editOf !== null && { editOf: row.editOf as MessageId }),
    message: JSON.parse(row.message) as OutgoingMessage,
    chat: row.chat as ChatKey,
    ...(row.turn !== null && { turn: row.turn as TurnId }),
    seq: row.seq,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.createdAt,
    ...(row.messageId !== null && { messageId: row.messageId as MessageId }),
    ...(row.error !== null && { error: row.error }),
  };
}

export function toConfirmation(row: ConfirmationRow): Confirmation {
  return {
    turn: row.turn as TurnId,
    id: row.id,
    token: row.token,
    chat: row.chat as ChatKey,
    person: row.person as PersonId,
    text: row.text,
    options: JSON.parse(row.options) as Confirmation['options'],
    askedAt: row.askedAt,
    expiresAt: row.expiresAt,
    ...(row.decision !== null && { decision: row.decision }),
    ...(row.decidedBy !== null && { decidedBy: row.decidedBy }),
  };
}

export function toContext(row: ContextRow): SavedContext {
  return {
    id: row.id,
    owner: row.owner as PersonId,
    agentId: row.agentId as AgentId,
    name: row.name,
    savedAt: row.savedAt,
    source: JSON.parse(row.source) as SavedContext['source'],
  };
}
