/**
 * Rows to the core's types and back. The casts brand or parse what this package itself wrote from
 * values of those types.
 */
import type {
  Attachment,
  Chat,
  Confirmation,
  LeftContext,
  NewOperation,
  Operation,
  Person,
  SavedContext,
  Turn,
  TurnOutcome,
} from '@surfaces/core';
import type {
  AccountId,
  Address,
  AgentId,
  ChatKey,
  Locale,
  MessageId,
  OperationId,
  OutgoingMessage,
  PersonId,
  PlatformChatId,
  RequestId,
  SurfaceId,
  TurnId,
} from '@surfaces/protocol';
import type {
  ChatRow,
  ConfirmationRow,
  ContextRow,
  FileRow,
  LeftRow,
  OperationInsert,
  OperationRow,
  PersonRow,
  WholeTurn,
} from './sqlite/calls.ts';

export function accountKey({ surface, account }: { surface: SurfaceId; account: AccountId }): string {
  return `${surface}/${account}`;
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
    named: row.named,
    owner: row.owner as PersonId,
    agentId: row.agentId as AgentId,
    platformChatId: row.platformChatId as PlatformChatId,
    state: row.state,
    byDefault: row.byDefault,
    contextSince: row.contextSince,
    tokens: row.tokens,
  };
}

export function toLeft({ agentId, platformChatId }: LeftRow): LeftContext {
  return { agentId: agentId as AgentId, platformChatId: platformChatId as PlatformChatId };
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

export function toContext(row: ContextRow): SavedContext {
  const { platformChatId, path, turn } = row;
  const source: SavedContext['source'] =
    platformChatId === null
      ? { kind: 'notes', path: path ?? '', turn: (turn ?? '') as TurnId }
      : { kind: 'copy', platformChatId: platformChatId as PlatformChatId };
  return {
    id: row.id,
    owner: row.owner as PersonId,
    agentId: row.agentId as AgentId,
    name: row.name,
    savedAt: row.savedAt,
    source,
  };
}

export function toTurn({ turn: row, files }: WholeTurn): Turn {
  return {
    id: row.id as TurnId,
    chat: row.chat as ChatKey,
    person: row.person as PersonId,
    address: JSON.parse(row.address) as Address,
    text: row.text,
    attachments: files.map(toAttachment),
    sentAt: row.sentAt,
    acceptedAt: row.acceptedAt,
    state: row.state,
    ...(row.outcome !== null && { outcome: row.outcome as TurnOutcome }),
    requestId: row.requestId as RequestId,
    ...(row.previewMessageId !== null && { previewMessageId: row.previewMessageId as MessageId }),
  };
}

/** The address whose `addressKey` this is. */
export function toAddress(key: string): Address {
  const [surface = '', account = '', room = '', thread] = key.split('/').map(decodeURIComponent);
  const place = { surface: surface as SurfaceId, account: account as AccountId, room };
  return thread === undefined ? { kind: 'room', ...place } : { kind: 'thread', ...place, thread };
}

export function toInsert(operation: NewOperation, createdAt: number): OperationInsert {
  return {
    id: operation.id,
    chat: operation.chat,
    turn: operation.turn ?? null,
    account: accountKey(operation.address),
    address: JSON.stringify(operation.address),
    editOf: operation.editOf ?? null,
    message: JSON.stringify(operation.message),
    createdAt,
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
