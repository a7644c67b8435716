import type { Button } from '@surfaces/protocol';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Entry } from '../../../src/frames.ts';
import { link, session } from '../app-state.ts';
import { kindOf } from '../buttons.ts';
import type { Chat, Draft } from '../chat.ts';
import { t } from '../i18n/index.ts';
import { Markdown } from '../markdown/markdown.tsx';
import { focusComposer } from '../view-state.ts';
import { Attachment } from './attachment.tsx';
import { Icon } from './icons.tsx';
import { Time } from './time.tsx';

type Stored = Extract<Entry, { by: 'bot' }>;

/** How long we rest after showing a piece of a growing answer, in times of what it took to show. */
const REST = 3;

/** An answer, stored or still growing: one component for both, so that nothing flickers in between. */
export function BotMessage({ chat, entry, draft }: { chat: Chat; entry?: Stored; draft?: Draft }) {
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
      {message?.file === undefined || message.markdown !== '' ? (
        <Markdown text={message?.markdown ?? growing} growing={message === undefined} />
      ) : null}
      {message?.file !== undefined && <Attachment file={message.file} />}
      {message === undefined && (
        <p class="working">
          <span class="pulse" aria-hidden="true" />
          <span class="progress" dir="auto">
            {draft?.progress.value ?? t('working')}
          </span>
        </p>
      )}
      {message !== undefined && message.buttons.length > 0 && (
        <Buttons chat={chat} buttons={message.buttons} old={entry?.seq !== chat.newestList.value} />
      )}
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

/** `old`: there is a newer list to choose from. */
function Buttons({ chat, buttons, old }: { chat: Chat; buttons: readonly Button[]; old: boolean }) {
  const [pressed, setPressed] = useState<string | undefined>();
  const about = [...chat.settled.value.keys()].find((key) =>
    buttons.some(({ action }) => action === key || action.startsWith(`${key}:`)),
  );
  const chosen = (about === undefined ? undefined : chat.settled.value.get(about)) ?? pressed;
  const question = buttons.some(({ action }) => kindOf(action) === 'confirm-option');
  return (
    <p class={question ? 'actions question' : 'actions'} data-settled={about !== undefined}>
      {buttons.map((button) => (
        <button
          type="button"
          key={button.action}
          class={button.style === 'primary' ? 'primary' : button.style === 'danger' ? 'danger' : 'outlined'}
          data-testid={kindOf(button.action)}
          // On the way to the chats the Tab key need not stop at every list that was ever shown.
          tabIndex={old && kindOf(button.action) === 'option' ? -1 : undefined}
          aria-pressed={chosen === button.action}
          disabled={about !== undefined || pressed !== undefined || link.state.value !== 'online'}
          onClick={() => {
            setPressed(button.action);
            const again = () => setPressed(undefined);
            // Refused or lost: it can be pressed again. What asks once is settled by its answer.
            const once = kindOf(button.action) !== 'option';
            session.act(
              chat.id,
              button.action,
              once ? { refused: again } : { refused: again, accepted: again },
            );
            // The button goes out: what is typed next belongs into the composer.
            focusComposer();
          }}
        >
          {chosen === button.action && <Icon name="check" />}
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
