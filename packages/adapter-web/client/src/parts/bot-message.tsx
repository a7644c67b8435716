import type { Button } from '@surfaces/protocol';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Entry } from '../../../src/frames.ts';
import { chat, link } from '../app-state.ts';
import type { Draft } from '../chat.ts';
import { t } from '../i18n/index.ts';
import { Markdown } from '../markdown/markdown.tsx';
import { Time } from './time.tsx';

type Stored = Extract<Entry, { by: 'bot' }>;

/** How long we rest after showing a piece of a growing answer, in times of what it took to show. */
const REST = 3;

/** An answer, stored or still growing: one component for both, so that nothing flickers in between. */
export function BotMessage({ entry, draft }: { entry?: Stored; draft?: Draft }) {
  const growing = usePaced(draft);
  const message = entry?.message;
  const role = message?.role ?? 'agent';
  return (
    <article
      class={role}
      data-testid="message"
      data-role={role}
      data-state={message?.state ?? 'streaming'}
      aria-label={t(role)}
      aria-busy={message === undefined}
    >
      <Markdown text={message?.markdown ?? growing} growing={message === undefined} />
      {message === undefined && (
        <p class="working">
          <span class="pulse" aria-hidden="true" />
          <span class="progress" dir="auto">
            {draft?.progress.value ?? t('working')}
          </span>
        </p>
      )}
      {message !== undefined && message.buttons.length > 0 && <Buttons buttons={message.buttons} />}
      {entry !== undefined && (
        <p class="meta">
          {entry.message.state === 'failed' && role === 'agent' && (
            <span class="bad">{t('interrupted')}</span>
          )}
          {entry.message.maybeDuplicate === true && <span>{t('maybeDuplicate')}</span>}
          {entry.message.last && <Time at={entry.at} />}
        </p>
      )}
    </article>
  );
}

function Buttons({ buttons }: { buttons: readonly Button[] }) {
  const [pressed, setPressed] = useState<string | undefined>();
  const about = [...chat.settled.value.keys()].find((key) =>
    buttons.some(({ action }) => action === key || action.startsWith(`${key}:`)),
  );
  const chosen = (about === undefined ? undefined : chat.settled.value.get(about)) ?? pressed;
  return (
    <p class="actions">
      {buttons.map((button) => (
        <button
          type="button"
          key={button.action}
          class={button.style === 'primary' ? 'primary' : button.style === 'danger' ? 'danger' : 'outlined'}
          data-testid={button.action.startsWith('retry:') ? 'retry' : 'confirm-option'}
          aria-pressed={chosen === button.action}
          disabled={about !== undefined || pressed !== undefined || link.state.value !== 'online'}
          onClick={() => {
            setPressed(button.action);
            // Refused or lost: it can be pressed again.
            chat.act(button.action, () => setPressed(undefined));
            // The button goes out: what is typed next belongs into the composer.
            document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus();
          }}
        >
          {button.label}
        </button>
      ))}
    </p>
  );
}

/** The draft's text, at most once per frame, and less often while it is costly to show. */
function usePaced(draft: Draft | undefined): string {
  const [text, setText] = useState(draft?.text.peek() ?? '');
  const began = useRef<number | undefined>(undefined);
  const cost = useRef(0);
  useLayoutEffect(() => {
    if (began.current !== undefined) cost.current = performance.now() - began.current;
    began.current = undefined;
  });
  useEffect(() => {
    if (draft === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let frame: number | undefined;
    const show = () => {
      frame = undefined;
      began.current = performance.now();
      setText(draft.text.peek());
    };
    const plan = () => {
      if (timer !== undefined || frame !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        frame = requestAnimationFrame(show);
      }, cost.current * REST);
    };
    const stop = draft.text.subscribe(plan);
    return () => {
      stop();
      clearTimeout(timer);
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }, [draft]);
  return text;
}
