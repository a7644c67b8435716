/** `accept` on the main side: what to ask the thread, and what its answer means. */
import { randomUUID } from 'node:crypto';
import type { Accepted, AcceptInput, Attachment, Turn } from '@surfaces/core';
import {
  addressKey,
  type ChatKey,
  type IncomingEvent,
  type IncomingFile,
  type PersonId,
  type RequestId,
  type TurnId,
} from '@surfaces/protocol';
import { accountKey, toAttachment, toChat, toLeft, toPerson } from '../domain.ts';
import { newId } from '../new-id.ts';
import type { AcceptAnswer, AcceptCall, NewFile } from './calls.ts';

export function toAcceptCall(input: AcceptInput): AcceptCall {
  const { event, now, newChat, assignment } = input;
  const { author } = event;
  const words = input.record ? wordsOf(event) : null;
  const message = event.kind === 'message' ? event : null;
  const expired = now - event.sentAt > input.staleAfterMs;
  const files = message?.attachments ?? [];
  const wait = message !== null && !expired && files.length > 0 && message.text.trim() === '';
  return {
    key: [event.surface, event.account, event.eventId].map(keyPart).join('/'),
    surface: event.surface,
    externalId: author.externalId,
    name: author.name,
    locale: author.locale ?? null,
    defaultLocale: input.defaultLocale,
    addressKey: addressKey(event.address),
    address: JSON.stringify(event.address),
    account: accountKey(event),
    now,
    personId: newId(),
    assignment,
    newChat: { key: newId(), platformChatId: newChat.platformChatId, name: newChat.name },
    words: words === null ? null : { eventId: event.eventId, ...words },
    files: files.map(toNewFile),
    waitingLimit: wait ? input.waitingFilesLimit : null,
    turn:
      message === null || wait
        ? null
        : {
            id: newId(),
            requestId: randomUUID(),
            text: message.text,
            title: input.title ?? '',
            sentAt: event.sentAt,
            expired,
            queueLimit: input.queueLimit,
          },
    pending: event.kind === 'message' ? null : { id: newId(), event: JSON.stringify(event) },
  };
}

function toNewFile({ ref, name, mediaType, size }: IncomingFile): NewFile {
  return { id: newId(), ref, name, mediaType: mediaType ?? null, size: size ?? null };
}

export function toAccepted({ event, now }: AcceptInput, call: AcceptCall, answer: AcceptAnswer): Accepted {
  const seq = 'seq' in answer && answer.seq !== null ? { seq: answer.seq } : {};
  if (answer.outcome === 'duplicate') return { outcome: 'duplicate', ...seq };
  const person = toPerson(answer.person);
  const chat = toChat(answer.chat);
  if (answer.outcome !== 'stored') return { outcome: answer.outcome, person, chat };
  const { changes, previous } = answer;
  const stored = { chat, person, changes, ...(previous && { previous: toLeft(previous) }), ...seq };
  if (call.pending !== null) {
    return { outcome: 'event', pending: { id: call.pending.id, event, acceptedAt: now }, ...stored };
  }
  const files = call.files.map(
    ({ id, ref, name, mediaType, size }): Attachment => ({
      id,
      chat: chat.key,
      person: person.id,
      address: event.address,
      ref,
      name,
      ...(mediaType !== null && { mediaType }),
      ...(size !== null && { size }),
      state: 'incoming',
    }),
  );
  if (call.turn === null) return { outcome: 'files', files, ...stored };
  const { expired } = call.turn;
  const turn: Turn = {
    // Minted above: the casts brand what is new.
    id: call.turn.id as TurnId,
    chat: answer.chat.key as ChatKey,
    person: answer.person.id as PersonId,
    address: event.address,
    text: call.turn.text,
    attachments: [...answer.taken.map(toAttachment), ...files],
    sentAt: event.sentAt,
    acceptedAt: now,
    requestId: call.turn.requestId as RequestId,
    ...(expired ? { state: 'finished', outcome: 'expired' } : { state: 'queued' }),
  };
  return { outcome: expired ? 'expired' : 'turn', turn, ...stored };
}

/** One id, one text without a slash: JSON writes lone surrogates as escapes, which no URI can hold. */
function keyPart(id: string): string {
  return encodeURIComponent(JSON.stringify(id).slice(1, -1));
}

/** What a person's words look like in a timeline; a pressed button or a used control has none. */
function wordsOf(event: IncomingEvent) {
  if (event.kind === 'message') return { text: event.text, files: event.attachments };
  if (event.kind === 'callback' || event.quiet) return null;
  return { text: event.args === '' ? `/${event.name}` : `/${event.name} ${event.args}`, files: [] };
}
