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

/** What the person chose, as the server said it last: so that the page begins in it. */
const CHOSEN = 'language';
/** Where an earlier page kept the choice that the server keeps now. */
const OLD_CHOICE = 'locale';

function ofBrowser(): Locale | undefined {
  const languages = (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2));
  return languages.find(isLocale);
}

function keptLocale(key: string): Locale | undefined {
  const found = kept(key);
  return isLocale(found) ? found : undefined;
}

export const locale = signal<Locale>(keptLocale(CHOSEN) ?? keptLocale(OLD_CHOICE) ?? ofBrowser() ?? 'en');

/** What the page tells the server of; `undefined`: the server decides. */
export function askedLocale(): Locale | undefined {
  return keptLocale(OLD_CHOICE) ?? ofBrowser();
}

/** What the person chose; else what the browser has; else what the server speaks. */
export function adoptLocale(settings: { readonly locale: Locale; readonly localeChosen: boolean }): void {
  keep(CHOSEN, settings.localeChosen ? settings.locale : null);
  locale.value = settings.localeChosen ? settings.locale : (askedLocale() ?? settings.locale);
}

/** A choice that was made before the server kept it, once. */
export function forgetOldChoice(): Locale | undefined {
  const chosen = keptLocale(OLD_CHOICE);
  keep(OLD_CHOICE, null);
  return chosen;
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

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** So many bytes as people write them: 1,000 of one unit are one of the next. */
export function bytes(number: number): string {
  let unit = 0;
  let value = number;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(formatTag(locale.value), {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}
