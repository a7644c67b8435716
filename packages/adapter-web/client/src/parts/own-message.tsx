import type { Entry } from '../../../src/frames.ts';
import { chat, link } from '../app-state.ts';
import type { Pending } from '../chat.ts';
import { count, t, type WordKey } from '../i18n/index.ts';
import { composerText } from './composer-text.ts';
import { Time } from './time.tsx';

const REASONS: Readonly<Record<string, WordKey>> = {
  empty: 'empty',
  stopping: 'stoppingServer',
  unavailable: 'unavailable',
};

type Own = Pending | Extract<Entry, { by: 'person' }>;

export function OwnMessage({ message }: { message: Own }) {
  const state = 'state' in message ? message.state : 'accepted';
  const refused = 'state' in message ? message.refused : undefined;
  return (
    <article class="own" data-testid="message" data-role="person" data-state={state} aria-label={t('you')}>
      <div class="bubble" dir="auto">
        {message.text}
      </div>
      <p class="meta">
        {state === 'sending' && <span>{t(link.state.value === 'online' ? 'sending' : 'waiting')}</span>}
        {state === 'failed' && <span class="bad">{t('failed')}</span>}
        <Time at={message.at} />
      </p>
      {refused !== undefined && state !== 'accepted' && (
        <div class={state === 'failed' ? 'refusal bad' : 'refusal'} role="alert">
          <p dir="auto">
            {refused.reason === 'too_long'
              ? t('tooLong', { length: count(message.text.length), limit: count(chat.textLimit.value) })
              : (refused.notice ?? t(REASONS[refused.reason] ?? 'refused'))}
          </p>
          {state === 'failed' && (
            <p class="actions">
              {refused.retry && (
                <button
                  type="button"
                  class="outlined"
                  data-testid="retry"
                  onClick={() => chat.retry(message.id)}
                >
                  {t('retry')}
                </button>
              )}
              <button
                type="button"
                class="outlined"
                onClick={() => {
                  composerText.value = [message.text, composerText.value]
                    .filter((text) => text.trim() !== '')
                    .join('\n\n');
                  chat.discard(message.id);
                }}
              >
                {t('edit')}
              </button>
              <button type="button" class="quiet" onClick={() => chat.discard(message.id)}>
                {t('discard')}
              </button>
            </p>
          )}
        </div>
      )}
    </article>
  );
}
