import { formatTag, locale } from '../i18n/index.ts';

/** `at`: epoch milliseconds. */
export function Time({ at }: { at: number }) {
  const date = new Date(at);
  const tag = formatTag(locale.value);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString(tag)}>
      {date.toLocaleTimeString(tag, { hour: '2-digit', minute: '2-digit' })}
    </time>
  );
}

const DAY = 86_400_000;

/** As short as it can be understood: the time of today, the day of this week, else the date. */
export function ShortTime({ at }: { at: number }) {
  const date = new Date(at);
  const tag = formatTag(locale.value);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString(tag)}>
      {date.toLocaleString(tag, shortly(date, new Date()))}
    </time>
  );
}

function shortly(date: Date, now: Date): Intl.DateTimeFormatOptions {
  if (date.toDateString() === now.toDateString()) return { hour: '2-digit', minute: '2-digit' };
  if (now.getTime() - date.getTime() < 6 * DAY) return { weekday: 'short' };
  if (date.getFullYear() === now.getFullYear()) return { day: 'numeric', month: 'short' };
  return { day: 'numeric', month: 'numeric', year: '2-digit' };
}
