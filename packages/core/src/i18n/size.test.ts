import { expect, it } from 'vitest';
import { sizeText } from './size.ts';

it.each([
  [0, 'en', '0 bytes'],
  [1, 'en', '1 byte'],
  [29, 'en', '29 bytes'],
  [999, 'en', '999 bytes'],
  [1000, 'en', '1 kB'],
  [1_500_000, 'en', '1.5 MB'],
  [20_000_000, 'en', '20 MB'],
  [1024 ** 3, 'en', '1.1 GB'],
  [5_000_000_000_000, 'en', '5,000 GB'],
  [21, 'ru', '21 байт'],
  [22, 'ru', '22 байта'],
  [25, 'ru', '25 байт'],
  [1500, 'ru', '1,5 кБ'],
  [29, 'ko', '29바이트'],
] as const)('%i bytes in %s are %s', (bytes, locale, text) => {
  expect(sizeText(bytes, locale)).toBe(text);
});
