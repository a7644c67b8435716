import { locale } from '../i18n/index.ts';

/** `at`: epoch milliseconds. */
export function Time({ at }: { at: number }) {
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString(locale.value)}>
      {date.toLocaleTimeString(locale.value, { hour: '2-digit', minute: '2-digit' })}
    </time>
  );
}
