/** Who a browser belongs to, and where that person is on this surface. Only this file forms those ids. */
import { AccountId, type Address, EventId, ExternalId, SurfaceId } from '@surfaces/protocol';

export const SURFACE = SurfaceId.parse('web');
export const ACCOUNT = AccountId.parse('web');

/** Somebody who may use the page. */
export interface WebPerson {
  readonly id: ExternalId;
  readonly name: string;
}

/** Whoever sits at the machine: no login on a loopback address. */
export const LOCAL_PERSON: WebPerson = { id: ExternalId.parse('local'), name: 'local' };

export type WebAddress = Extract<Address, { kind: 'room' }>;

/** A person's own room. Further chats of the same person can be threads in it. */
export function addressOf(person: ExternalId): WebAddress {
  return { kind: 'room', surface: SURFACE, account: ACCOUNT, room: person };
}

/** Prefixed by the person: what one browser calls its message cannot collide with another person's. */
export function eventIdOf(person: ExternalId, messageKey: string): EventId {
  return EventId.parse(`${person}/${messageKey}`);
}

export function messageKeyOf(event: EventId): string {
  return event.slice(event.lastIndexOf('/') + 1);
}
