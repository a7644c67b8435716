import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { chat, link, scroll } from '../app-state.ts';
import { count, t } from '../i18n/index.ts';
import { composerText } from './composer-text.ts';
import { Icon } from './icons.tsx';

/** UTF-16 units that are surely as high as the composer may become. */
const FULL_HEIGHT = 20_000;

export function Composer() {
  const box = useRef<HTMLTextAreaElement>(null);
  const [stopping, setStopping] = useState(false);
  const text = composerText.value;
  const limit = chat.textLimit.value;
  const tooLong = text.length > limit;
  const working = chat.busy.value || chat.drafts.value.length > 0;

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.style.height = 'auto';
    // Laying out a megabyte takes long, and it is as high as the style sheet allows anyway.
    element.style.height = text.length > FULL_HEIGHT ? '100dvh' : `${element.scrollHeight}px`;
  }, [text]);

  if (stopping && !working) setStopping(false);

  const send = () => {
    if (text.trim() === '' || tooLong) return;
    chat.send(text);
    composerText.value = '';
    scroll.toEnd();
    box.current?.focus();
  };

  const notice = chat.notice.value;
  const problem = tooLong
    ? t('tooLong', { length: count(text.length), limit: count(limit) })
    : notice && (notice.notice ?? t('actionFailed'));
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="field">
        <textarea
          ref={box}
          rows={1}
          dir="auto"
          data-testid="composer"
          aria-label={t('composerLabel')}
          placeholder={t('composerPlaceholder')}
          value={text}
          autofocus
          onInput={(event) => {
            composerText.value = event.currentTarget.value;
            chat.notice.value = undefined;
          }}
          onKeyDown={(event) => {
            // While a word is being composed (Korean, Japanese, …) Enter belongs to the input method.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
            event.preventDefault();
            send();
          }}
        />
        {working && (
          <button
            type="button"
            class="square outlined"
            data-testid="stop"
            aria-label={t(stopping ? 'stopping' : 'stop')}
            title={t(stopping ? 'stopping' : 'stop')}
            disabled={stopping || link.state.value !== 'online'}
            onClick={() => {
              setStopping(true);
              chat.act('stop', () => setStopping(false));
            }}
          >
            <Icon name="stop" />
          </button>
        )}
        <button
          type="submit"
          class="square primary"
          data-testid="send"
          aria-label={t('send')}
          title={t('send')}
          disabled={text.trim() === '' || tooLong}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
