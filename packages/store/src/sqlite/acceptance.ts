/** `accept` on the main side: what to ask the thread, and what its answer means. */
import { randomUUID } from 'node:crypto';
import type { Accepted, AcceptInput, Turn } from '@surfaces/core';
import {
  addressKey,
  type ChatKey,
  type IncomingEvent,
  type PersonId,
  type RequestId,
  type TurnId,
} from '@surfaces/protocol';
import { newId } from '../new-id.ts';
import type { AcceptAnswer, AcceptCall } from './calls.ts';
import { accountKey, attachmentsText, toChat, toPerson } from './domain.ts';

export function toAcceptCall(input: AcceptInput): AcceptCall {
  const { event, now, newChat } = input;
  const { author } = event;
  const text = input.record ? wordsOf(event) : null;
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
    newChat: { key: newId(), ...newChat },
    words: text === null ? null : { eventId: event.eventId, text },
    turn:
      event.kind === 'message'
        ? {
            id: newId(),
            requestId: randomUUID(),
            text: event.text,
            attachments: attachmentsText(event.attachments),
            sentAt: event.sentAt,
            expired: now - event.sentAt > input.staleAfterMs,
            queueLimit: input.queueLimit,
          }
        : null,
    pending: event.kind === 'message' ? null : { id: newId(), event: JSON.stringify(event) },
  };
}

export function toAccepted({ event, now }: AcceptInput, call: AcceptCall, answer: AcceptAnswer): Accepted {
  const seq = 'seq' in answer && answer.seq !== null ? { seq: answer.seq } : {};
  if (answer.outcome === 'duplicate') return { outcome: 'duplicate', ...seq };
  const person = toPerson(answer.person);
  const chat = toChat(answer.chat);
  if (answer.outcome === 'queue_full') return { outcome: 'queue_full', person, chat };
  if (call.turn === null || event.kind !== 'message') {
    const id = call.pending?.id ?? '';
    return { outcome: 'event', pending: { id, event, acceptedAt: now }, chat, person, ...seq };
  }
  const { expired } = call.turn;
  const turn: Turn = {
    // Minted above: the casts brand what is new.
    id: call.turn.id as TurnId,
    chat: answer.chat.key as ChatKey,
    person: answer.person.id as PersonId,
    address: event.address,
    text: event.text,
    attachments: event.attachments,
    sentAt: event.sentAt,
    acceptedAt: now,
    requestId: call.turn.requestId as RequestId,
    ...(expired ? { state: 'finished', outcome: 'expired' } : { state: 'queued' }),
  };
  return { outcome: expired ? 'expired' : 'turn', turn, chat, person, ...seq };
}

/** One id, one text without a slash: JSON writes lone surrogates as escapes, which no URI can hold. */
function keyPart(id: string): string {
  return encodeURIComponent(JSON.stringify(id).slice(1, -1));
}

/** What a person's words look like in a timeline; a pressed button has none. */
function wordsOf(event: IncomingEvent): string | null {
  if (event.kind === 'message') return event.text;
  if (event.kind === 'command') return event.args === '' ? `/${event.name}` : `/${event.name} ${event.args}`;
  return null;
}
