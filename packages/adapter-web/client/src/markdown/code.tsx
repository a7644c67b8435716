import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface CodeLabels {
  readonly copy: string;
  readonly copied: string;
}

interface CodeProps {
  readonly value: string;
  readonly lang: string | undefined;
  readonly labels: CodeLabels;
}

/** How long 'copied' is shown, milliseconds. */
const SHOWN = 2000;

export function Code({ value, lang, labels }: CodeProps): JSX.Element {
  const [copied, setCopied] = useState(false);
  const timer = useRef<number>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // No clipboard without a secure context: the text can still be selected.
      return;
    }
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setCopied(false), SHOWN);
  };
  return (
    <div class="md-code">
      <div class="md-code-head">
        <span>{lang ?? ''}</span>
        <button type="button" class="md-copy" onClick={() => void copy()} aria-live="polite">
          {copied ? labels.copied : labels.copy}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable */}
      <pre tabIndex={0} dir="ltr">
        <code>{value}</code>
      </pre>
    </div>
  );
}
