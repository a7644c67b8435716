import { useState } from 'preact/hooks';
import { t } from '../i18n/index.ts';

/** Lines in one element: those out of sight are neither laid out nor painted. */
const CHUNK_LINES = 200;

export function CodeBlock({ value, lang }: { value: string; lang: string | undefined }) {
  const [copied, setCopied] = useState<boolean | undefined>();
  const copy = () => {
    navigator.clipboard?.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false),
    );
    setTimeout(() => setCopied(undefined), 2000);
  };
  const label = copied === undefined ? t('copy') : t(copied ? 'copied' : 'copyFailed');
  return (
    <figure class="code" dir="ltr">
      <figcaption>
        <span>{lang ?? ''}</span>
        {navigator.clipboard !== undefined && (
          <button type="button" class="quiet" onClick={copy}>
            {label}
          </button>
        )}
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>
          {chunks(value).map((chunk, i) => (
            <span class="chunk" key={i}>
              {chunk}
            </span>
          ))}
        </code>
      </pre>
    </figure>
  );
}

function chunks(value: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let lines = 0;
  for (let at = value.indexOf('\n'); at !== -1; at = value.indexOf('\n', at + 1)) {
    lines += 1;
    if (lines % CHUNK_LINES === 0) {
      parts.push(value.slice(start, at + 1));
      start = at + 1;
    }
  }
  parts.push(value.slice(start));
  return parts;
}
