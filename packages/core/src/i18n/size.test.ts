import { expect, it } from 'vitest';
import { sizeText } from './size.ts';

it.each([
  [0, 'en', '0 bytes'],
  [1, 'en', '1 byte'],
  [29, 'en', '29 bytes'],
  [1023, 'en', '1023 bytes'],
  [1024, 'en', '1 kB'],
  [1536 * 1024, 'en', '1.5 MB'],
  [20 * 1024 ** 2, 'en', '20 MB'],
  [5000 * 1024 ** 3, 'en', '5,000 GB'],
  [21, 'ru', '21 байт'],
  [22, 'ru', '22 байта'],
  [25, 'ru', '25 байт'],
  [1536, 'ru', '1,5 кБ'],
  [29, 'ko', '29바이트'],
] as const)('%i bytes in %s are %s', (bytes, locale, text) => {
  expect(sizeText(bytes, locale)).toBe(text);
});
