import type { en } from './en.ts';

export type WordKey = keyof typeof en;
/** The page's words in one language: exactly the keys of English. */
export type Words = Readonly<Record<WordKey, string>>;
