/** Messages that the server has not confirmed, kept over a reload: one key each, so that tabs do not disturb each other. */
import { z } from 'zod';
import { keep, kept, keptKeys } from './kept.ts';

const Unsent = z.object({ id: z.string(), text: z.string(), at: z.number() });
export type Unsent = z.infer<typeof Unsent>;

const key = (person: string, id: string) => `unsent.${encodeURIComponent(person)}.${id}`;

export function keepUnsent(person: string, message: Unsent): void {
  keep(key(person, message.id), JSON.stringify(message));
}

export function forgetUnsent(person: string, id: string): void {
  keep(key(person, id), null);
}

/** In the order of writing. What cannot be read any more is dropped. */
export function readUnsent(person: string): Unsent[] {
  const found: Unsent[] = [];
  const start = key(person, '');
  for (const name of keptKeys(start)) {
    // `unsent.ann.` also begins the keys of `ann.lee`; ids have no dots.
    if (name.includes('.', start.length)) continue;
    try {
      found.push(Unsent.parse(JSON.parse(kept(name) ?? '')));
    } catch {
      keep(name, null);
    }
  }
  return found.sort((a, b) => a.at - b.at);
}
