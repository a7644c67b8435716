import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { storage } from '../testing-storage.ts';

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('navigator', { languages: ['fr-FR', 'ko-KR', 'en'] });
});
afterEach(() => vi.unstubAllGlobals());

/** The page, loaded anew. */
const load = () => {
  vi.resetModules();
  return import('./index.ts');
};

test("the page is in the browser's language until the person chooses one, and begins in that from then on", async () => {
  const page = await load();
  expect([page.locale.value, page.askedLocale()]).toEqual(['ko', 'ko']);
  page.adoptLocale({ locale: 'en', localeChosen: false });
  expect(page.locale.value).toBe('ko');
  page.adoptLocale({ locale: 'ru', localeChosen: true });
  expect(page.locale.value).toBe('ru');
  expect((await load()).locale.value).toBe('ru');
  page.adoptLocale({ locale: 'ru', localeChosen: false });
  expect([page.locale.value, (await load()).locale.value]).toEqual(['ko', 'ko']);
});

test('where the browser has none of ours the server decides', async () => {
  vi.stubGlobal('navigator', { languages: ['fr'] });
  const page = await load();
  expect([page.locale.value, page.askedLocale()]).toEqual(['en', undefined]);
  page.adoptLocale({ locale: 'ru', localeChosen: false });
  expect(page.locale.value).toBe('ru');
});

test('what was chosen on an earlier page is handed over once', async () => {
  localStorage.setItem('surfaces.locale', 'ru');
  const page = await load();
  expect([page.locale.value, page.askedLocale()]).toEqual(['ru', 'ru']);
  expect([page.forgetOldChoice(), page.forgetOldChoice()]).toEqual(['ru', undefined]);
});

test('sizes are written as people write them', async () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] });
  const { bytes } = await load();
  expect([0, 1, 999, 1000, 1500, 1024 ** 2, 1000 ** 3 * 2.5, 1000 ** 5].map(bytes)).toEqual([
    ...['0 bytes', '1 byte', '999 bytes', '1 kB', '1.5 kB', '1 MB', '2.5 GB', '1,000 TB'],
  ]);
});
