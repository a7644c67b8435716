/** Who a browser belongs to, and where that person is on this surface. Only this file forms those ids. */
import { createHash } from 'node:crypto';
import { type Person, type Store, SurfaceError } from '@surfaces/core';
import {
  AccountId,
  type Address,
  EventId,
  ExternalId,
  type Locale,
  type OperationId,
  SurfaceId,
} from '@surfaces/protocol';
import { ChatRef, MAIN_CHAT } from './frames.ts';

export const SURFACE = SurfaceId.parse('web');
export const ACCOUNT = AccountId.parse('web');

/** Somebody who may use the page. */
export interface WebPerson {
  readonly id: ExternalId;
  readonly name: string;
}

/** What the web surface asks the store about people. */
export type People = Pick<Store, 'identify' | 'chatsOf'>;

/** Whoever sits at the machine: no login on a loopback address. */
export const LOCAL_PERSON: WebPerson = { id: ExternalId.parse('local'), name: 'local' };

/** The first chat of a person is at their room, each further one at a thread of it. */
export function addressOf(person: ExternalId, chat: string = MAIN_CHAT): Address {
  const room = { surface: SURFACE, account: ACCOUNT, room: person };
  return chat === MAIN_CHAT ? { kind: 'room', ...room } : { kind: 'thread', ...room, thread: chat };
}

export interface Place {
  readonly person: ExternalId;
  readonly chat: string;
}

/** Whose chat an address is, and which; `undefined` when it is none of ours. */
export function findPlace(address: Address): Place | undefined {
  if (address.surface !== SURFACE || address.account !== ACCOUNT) return undefined;
  const person = ExternalId.parse(address.room);
  if (address.kind === 'room') return { person, chat: MAIN_CHAT };
  const chat = address.thread;
  return chat !== MAIN_CHAT && ChatRef.safeParse(chat).success ? { person, chat } : undefined;
}

/** As `findPlace`. Throws a `SurfaceError` when it is none of ours. */
export function placeOf(address: Address): Place {
  const place = findPlace(address);
  if (place === undefined) throw new SurfaceError('refused', 'this address is not one of the web surface');
  return place;
}

/** The thread that an operation makes: the same one each time. */
export function threadOf(operation: OperationId): string {
  return createHash('sha256').update(operation).digest('base64url').slice(0, 22);
}

/** Prefixed by the person: what one browser calls its message cannot collide with another person's. */
export function eventIdOf(person: ExternalId, messageKey: string): EventId {
  return EventId.parse(`${person}/${messageKey}`);
}

export function messageKeyOf(event: EventId): string {
  return event.slice(event.lastIndexOf('/') + 1);
}

/** Who that is in the store. */
export function identify(
  people: People,
  person: WebPerson,
  defaultLocale: Locale,
  locale?: Locale,
): Promise<Person> {
  return people.identify({
    surface: SURFACE,
    externalId: person.id,
    name: person.name,
    defaultLocale,
    ...(locale === undefined ? {} : { locale }),
  });
}
