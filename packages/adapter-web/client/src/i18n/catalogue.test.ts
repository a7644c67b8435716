import { LOCALES } from '@surfaces/protocol';
import { describe, expect, it } from 'vitest';
import { DOOR_WORDS } from '../../../src/door-pages.ts';
import { CATALOGUE } from './index.ts';

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe.each([
  ['the page', CATALOGUE],
  ['the door', DOOR_WORDS],
] as const)('the words of %s', (_, catalogue) => {
  it.each(LOCALES.filter((locale) => locale !== 'en'))(
    'are all there in %s, with the same values',
    (locale) => {
      const english: Readonly<Record<string, string>> = catalogue.en;
      const other: Readonly<Record<string, string>> = catalogue[locale];
      expect(Object.keys(other).sort()).toEqual(Object.keys(english).sort());
      for (const [key, text] of Object.entries(english)) {
        expect(other[key]?.trim(), key).toBeTruthy();
        expect(names(other[key] ?? ''), key).toEqual(names(text));
      }
    },
  );
});
