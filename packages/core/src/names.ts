/** Names that people give, and those that are made of what they wrote. */
import { cleanText } from '@surfaces/protocol';
import { clip } from './markdown/escape.ts';

/** Of a title that is made of a message, in UTF-16 units. */
const TITLE = 60;
/** So far the first words are sought, in UTF-16 units. */
const SEARCHED = 2000;
/** Of the part of a file's name that is made of a name, in UTF-16 units. */
const SLUG = 40;

/** Marks that turn the direction of what follows: a name must not reach beyond itself. And spaces without width. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069]/g;

/** One line that can be seen, without what has no form; empty when nothing of it can be seen. */
export function cleanName(text: string): string {
  const name = cleanText(text).replace(INVISIBLE, '').replace(/\s+/g, ' ').trim().normalize('NFC');
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(name) ? name : '';
}

/** What a chat is called by its first message: its first line, cut between words. `undefined`: there is nothing to see in it. */
export function titleOf(text: string): string | undefined {
  const lines = text.slice(0, SEARCHED).split('\n').map(cleanName);
  const name = lines.find((line) => line !== '') ?? '';
  if (name.length <= TITLE) return name || undefined;
  const space = name.lastIndexOf(' ', TITLE - 1);
  return space > TITLE / 2 ? `${name.slice(0, space)}…` : clip(name, TITLE);
}

/** A name as a part of a file's name: letters and digits, the rest dashes. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, SLUG)
    .toWellFormed()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return slug || 'context';
}
