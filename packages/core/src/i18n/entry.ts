import type { en } from './en.ts';

export type MessageKey = keyof typeof en;
/** A text, or one per plural category of the language (chosen by the parameter `count`). */
export type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Catalogue = Record<MessageKey, Entry>;
