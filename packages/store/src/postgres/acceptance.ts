/** What `accept_event` is asked, and what its answer means. */
import { randomUUID } from 'node:crypto';
import type { Accepted, AcceptInput, Attachment, ChatChange, Turn } from '@surfaces/core';
import {
  addressKey,
  type ChatKey,
  type IncomingEvent,
  type PersonId,
  type RequestId,
  type TurnId,
} from '@surfaces/protocol';
import { accountKey, toAttachment, toChat, toLeft, toPerson } from '../domain.ts';
import { newId } from '../new-id.ts';
import { fromJson, indexKey } from './domain.ts';
import { chats, files, persons } from './schema.ts';

type Kind = 'turn' | 'expired' | 'files' | 'event';

/** Ids of an acceptance. Who repeats it without knowing its outcome uses the same again. */
export interface Minted {
  readonly id: string;
  readonly requestId: string;
  readonly person: string;
  readonly chat: string;
  readonly files: readonly string[];
}

export function mint({ event }: AcceptInput): Minted {
  const count = event.kind === 'message' ? event.attachments.length : 0;
  return {
    id: newId(),
    requestId: randomUUID(),
    person: newId(),
    chat: newId(),
    files: Array.from({ length: count }, newId),
  };
}

/** In the order of the function's parameters. */
export function acceptArguments(input: AcceptInput, minted: Minted): readonly unknown[] {
  const { event, now, assignment, newChat } = input;
  const { author } = event;
  const message = event.kind === 'message' ? event : undefined;
  const attachments = message?.attachments ?? [];
  return [
    eventKey(event),
    minted.id,
    kindOf(input),
    event.surface,
    author.externalId,
    author.name,
    author.locale ?? null,
    input.defaultLocale,
    minted.person,
    indexKey(addressKey(event.address)),
    JSON.stringify(event.address),
    accountKey(event),
    now,
    assignment.choices,
    assignment.byDefault,
    minted.chat,
    newChat.platformChatId,
    newChat.name,
    input.title ?? '',
    input.queueLimit,
    input.waitingFilesLimit,
    input.record ? wordsOf(event) : null,
    message?.text ?? null,
    event.sentAt,
    minted.requestId,
    message === undefined ? JSON.stringify(event) : null,
    minted.files,
    attachments.map((file) => file.ref),
    attachments.map((file) => file.name),
    attachments.map((file) => file.mediaType ?? null),
    attachments.map((file) => file.size ?? null),
  ];
}

type Row = Readonly<Record<string, unknown>>;

/** What `accept_event` returns. */
export type AcceptAnswer =
  | { readonly outcome: 'duplicate'; readonly seq: number | null }
  | { readonly outcome: 'queue_full' | 'files_full'; readonly person: Row; readonly chat: Row }
  | {
      readonly outcome: 'stored';
      readonly person: Row;
      readonly chat: Row;
      readonly changes: readonly ChatChange[];
      readonly previous: Parameters<typeof toLeft>[0] | null;
      readonly seq: number | null;
      /** Files that had waited for this turn. */
      readonly taken: readonly Row[];
    };

export function toAccepted(input: AcceptInput, minted: Minted, answer: AcceptAnswer): Accepted {
  const { event, now } = input;
  const seq = 'seq' in answer && answer.seq !== null ? { seq: answer.seq } : {};
  if (answer.outcome === 'duplicate') return { outcome: 'duplicate', ...seq };
  const person = toPerson(fromJson(persons, answer.person));
  const chat = toChat(fromJson(chats, answer.chat));
  if (answer.outcome !== 'stored') return { outcome: answer.outcome, person, chat };
  const { changes, previous } = answer;
  const stored = { person, chat, changes, ...(previous && { previous: toLeft(previous) }), ...seq };
  if (event.kind !== 'message') {
    return { outcome: 'event', pending: { id: minted.id, event, acceptedAt: now }, ...stored };
  }
  const place = { chat: chat.key, person: person.id, address: event.address };
  const own = event.attachments.map((file, at): Attachment => {
    const { ref, name, mediaType, size } = file;
    const told = { ...(mediaType !== undefined && { mediaType }), ...(size !== undefined && { size }) };
    return { id: minted.files[at] ?? '', ...place, ref, name, ...told, state: 'incoming' };
  });
  const kind = kindOf(input);
  if (kind === 'files') return { outcome: 'files', files: own, ...stored };
  const expired = kind === 'expired';
  const turn: Turn = {
    // Minted for it: the casts brand what is new.
    id: minted.id as TurnId,
    requestId: minted.requestId as RequestId,
    chat: chat.key as ChatKey,
    person: person.id as PersonId,
    address: event.address,
    text: event.text,
    attachments: [...answer.taken.map((row) => toAttachment(fromJson(files, row))), ...own],
    sentAt: event.sentAt,
    acceptedAt: now,
    ...(expired ? { state: 'finished', outcome: 'expired' } : { state: 'queued' }),
  };
  return { outcome: expired ? 'expired' : 'turn', turn, ...stored };
}

function kindOf({ event, now, staleAfterMs }: AcceptInput): Kind {
  if (event.kind !== 'message') return 'event';
  if (now - event.sentAt > staleAfterMs) return 'expired';
  return event.attachments.length > 0 && event.text.trim() === '' ? 'files' : 'turn';
}

/** Surface, account and event id as one. JSON writes lone surrogates as escapes, which no URI can hold. */
export function eventKey({ surface, account, eventId }: IncomingEvent): string {
  const parts = [surface, account, eventId].map((id) => encodeURIComponent(JSON.stringify(id).slice(1, -1)));
  return indexKey(parts.join('/'));
}

/** What a person's words look like in a timeline, but for the name; a pressed button or a used control has none. */
function wordsOf(event: IncomingEvent): string | null {
  const words = { by: 'person', eventId: event.eventId };
  if (event.kind === 'message') {
    return JSON.stringify({ ...words, text: event.text, files: event.attachments });
  }
  if (event.kind === 'callback' || event.quiet) return null;
  const text = event.args === '' ? `/${event.name}` : `/${event.name} ${event.args}`;
  return JSON.stringify({ ...words, text, files: [] });
}
