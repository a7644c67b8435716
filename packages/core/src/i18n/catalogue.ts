import type { Locale } from '@surfaces/protocol';
import { en } from './en.ts';
import type { Catalogue, Entry, MessageKey } from './entry.ts';
import { ko } from './ko.ts';
import { ru } from './ru.ts';

export type { Entry, MessageKey };
export type Translate = (key: MessageKey, parameters?: Record<string, string | number>) => string;

export const CATALOGUES: Record<Locale, Catalogue> = { en, ru, ko };

const plurals = new Map<Locale, Intl.PluralRules>();

/** The words of one language. A parameter that is not given stays visible as `{name}`. */
export function translator(locale: Locale): Translate {
  const catalogue = CATALOGUES[locale];
  return (key, parameters = {}) => {
    const entry = catalogue[key];
    const text = typeof entry === 'string' ? entry : plural(locale, entry, Number(parameters.count));
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
  };
}

function plural(locale: Locale, entry: Exclude<Entry, string>, count: number): string {
  let rules = plurals.get(locale);
  if (!rules) {
    rules = new Intl.PluralRules(locale);
    plurals.set(locale, rules);
  }
  return entry[rules.select(count)] ?? entry.other ?? '';
}
