/** The page's own words. What agents and the core say comes from the server in the same language. */
import { signal } from '@preact/signals';
import { LOCALES, type Locale } from '@surfaces/protocol';
import { keep, kept } from '../kept.ts';
import { en } from './en.ts';
import { ko } from './ko.ts';
import { ru } from './ru.ts';
import type { WordKey, Words } from './words.ts';

export type { WordKey };

export const CATALOGUE: Readonly<Record<Locale, Words>> = { en, ru, ko };
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = { en: 'English', ru: 'Русский', ko: '한국어' };

function isLocale(text: string | null): text is Locale {
  return LOCALES.some((one) => one === text);
}

function preferred(): Locale | undefined {
  const chosen = kept('locale');
  if (isLocale(chosen)) return chosen;
  const languages = (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2));
  return languages.find(isLocale);
}

/** What the browser or the person chose; `undefined`: the server decides. */
export const initialLocale = preferred();
export const locale = signal<Locale>(initialLocale ?? 'en');

export function chooseLocale(chosen: Locale): void {
  keep('locale', chosen);
  locale.value = chosen;
}

/** Reading it subscribes a component to the language. */
export function t(key: WordKey, values: Readonly<Record<string, string | number>> = {}): string {
  return CATALOGUE[locale.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** The browser's own way of writing this language: `en-GB` has other dates than `en`. */
export function formatTag(language: Locale): string {
  const tags = globalThis.navigator?.languages ?? [];
  return tags.find((tag) => tag.split('-', 1)[0] === language) ?? language;
}

/** A whole number as people write it. */
export function count(number: number): string {
  return number.toLocaleString(formatTag(locale.value));
}
