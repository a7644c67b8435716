/** Messages that the server has not confirmed, kept over a reload: one key each, so that tabs do not disturb each other. */
import { z } from 'zod';
import { ChatRef, MAIN_CHAT, PageFile } from '../../src/frames.ts';
import { keep, kept, keptKeys } from './kept.ts';

const Unsent = z.object({
  id: z.string(),
  /** What was kept before there were several chats was written in the first one. */
  chat: ChatRef.default(MAIN_CHAT),
  text: z.string(),
  files: z.array(PageFile).default([]),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type Unsent = z.infer<typeof Unsent>;

const key = (person: string, id: string) => `unsent.${encodeURIComponent(person)}.${id}`;

export function keepUnsent(person: string, { id, chat, text, files, at }: Unsent): void {
  keep(key(person, id), JSON.stringify({ id, chat, text, files, at }));
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
