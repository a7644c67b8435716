import type { Locale } from '@surfaces/protocol';
import { translator } from './catalogue.ts';

const UNITS = ['kilobyte', 'megabyte', 'gigabyte'] as const;

/** A number of bytes for people, such as `1.5 MB`; in steps of 1000, as the units say. */
export function sizeText(bytes: number, locale: Locale): string {
  // Of these alone the short form is the same for one and for many.
  if (bytes < 1000) return translator(locale)('bytes', { count: bytes });
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit] ?? 'gigabyte',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}
