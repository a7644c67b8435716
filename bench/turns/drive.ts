import { setImmediate as nextEvent } from 'node:timers/promises';
import { percentile } from '../sampling.ts';

export interface Drive {
  readonly chats: number;
  readonly ms: number;
}

/** What happened within the time. */
export interface Driven {
  readonly perSecond: number;
  /** Milliseconds from the message to its visible answer. */
  readonly p50: number;
}

/** In each chat one message after another, each once the answer to the one before is seen. */
export async function drive(
  ask: (chat: number, text: string) => Promise<string>,
  { chats, ms }: Drive,
): Promise<Driven> {
  const taken: number[] = [];
  const began = performance.now();
  const talk = async (chat: number) => {
    for (let turn = 0; performance.now() - began < ms; turn += 1) {
      // As from a socket: never in the same moment in which the last answer was shown.
      await nextEvent();
      const sent = performance.now();
      const text = `message ${turn} of chat ${chat}: what is the weather like in Busan?`;
      const answer = await ask(chat, text);
      if (answer !== text) throw new Error(`the answer to "${text}" is "${answer}"`);
      taken.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: chats }, (_, chat) => talk(chat)));
  const seconds = (performance.now() - began) / 1000;
  return { perSecond: taken.length / seconds, p50: percentile(taken, 0.5) };
}
