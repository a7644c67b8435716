/** Events come in. */
import type { AcceptInput, Clock, Store } from '@surfaces/core';
import { type AcceptAnswer, acceptArguments, eventKey, type Minted, mint, toAccepted } from './acceptance.ts';
import type { Database } from './database.ts';
import { commitOperations } from './outbox.ts';

export function acceptingCalls(
  db: Database,
  clock: Pick<Clock, 'now'>,
): Pick<Store, 'accept' | 'completeEvent'> {
  /** Of events whose acceptance was sent and not answered: when they are delivered again it goes on. */
  const lost = new Map<string, Minted>();

  async function accept(input: AcceptInput) {
    const key = eventKey(input.event);
    const minted = lost.get(key) ?? mint(input);
    const unsure = `accept ${key}`;
    try {
      const { answer } = await db.callUnsure('accept_event', acceptArguments(input, minted), unsure);
      lost.delete(key);
      // Written by that function.
      return toAccepted(input, minted, answer as AcceptAnswer);
    } catch (error) {
      if (db.isUnsure(unsure)) lost.set(key, minted);
      throw error;
    }
  }

  return {
    /** A person's messages are turns in the order in which they were given. */
    accept: (input) =>
      db.inOrder(`person ${input.event.surface}/${input.event.author.externalId}`, () => accept(input)),
    completeEvent: (id, replies) =>
      commitOperations(db, clock, replies, (args, now) =>
        db.callUnsure('complete_event', [id, now, ...args], `complete ${id}`),
      ),
  };
}
