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
