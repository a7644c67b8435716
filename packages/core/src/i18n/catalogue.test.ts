import { LOCALES } from '@surfaces/protocol';
import { describe, expect, it } from 'vitest';
import { CATALOGUES, type Entry, translator } from './catalogue.ts';

const parameters = (entry: Entry) =>
  (typeof entry === 'string' ? [entry] : Object.values(entry)).map((text) =>
    [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join(),
  );

describe.each(LOCALES)('the words in %s', (locale) => {
  const catalogue = CATALOGUES[locale];
  it('are all there, with the same parameters as in English', () => {
    expect(Object.keys(catalogue)).toEqual(Object.keys(CATALOGUES.en));
    for (const [key, entry] of Object.entries(CATALOGUES.en)) {
      const [expected] = parameters(entry);
      // The key comes from an object with the same keys.
      for (const found of parameters(catalogue[key as keyof typeof catalogue])) {
        expect(found, `${locale}: ${key}`).toBe(expected);
      }
    }
  });

  it('have a form for every plural category of the language', () => {
    const { pluralCategories } = new Intl.PluralRules(locale).resolvedOptions();
    for (const [key, entry] of Object.entries(catalogue)) {
      if (typeof entry === 'string') continue;
      expect(Object.keys(entry).sort(), key).toEqual([...pluralCategories].sort());
    }
  });

  it('are not left in English', () => {
    if (locale === 'en') return;
    const same = Object.keys(catalogue).filter(
      (key) =>
        JSON.stringify(catalogue[key as keyof typeof catalogue]) ===
        JSON.stringify(CATALOGUES.en[key as keyof typeof catalogue]),
    );
    expect(same).toEqual([]);
  });
});

it('puts parameters in and chooses the plural', () => {
  const ru = translator('ru');
  expect(ru('expired_note', { count: 2, texts: '' })).toContain('2 сообщения');
  expect(ru('expired_note', { count: 5, texts: '' })).toContain('5 сообщений');
  expect(translator('en')('unknown_command', { sign: '/', command: 'x' })).toContain('`/x`');
});
