import type { Locale } from '@surfaces/protocol';
import { translator } from './catalogue.ts';

const UNITS = ['kilobyte', 'megabyte', 'gigabyte'] as const;

/** A number of bytes for people, such as `1.5 MB`; steps of 1024, as the limits are set. */
export function sizeText(bytes: number, locale: Locale): string {
  // Of these alone the short form is the same for one and for many.
  if (bytes < 1024) return translator(locale)('bytes', { count: bytes });
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[unit] ?? 'gigabyte',
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}
