import type { Entry } from '../../../src/frames.ts';
import { link, session, writings } from '../app-state.ts';
import type { Chat } from '../chat.ts';
import { count, t, type WordKey } from '../i18n/index.ts';
import type { Pending, Refused } from '../own-messages.ts';
import { Attachment } from './attachment.tsx';
import { Time } from './time.tsx';

const REASONS: Readonly<Record<string, WordKey>> = {
  empty: 'empty',
  stopping: 'stoppingServer',
  unavailable: 'unavailable',
  no_file: 'noFile',
  no_chat: 'noChat',
  no_files: 'file_no_files',
};

type Own = Pending | Extract<Entry, { by: 'person' }>;

export function OwnMessage({ chat, message }: { chat: Chat; message: Own }) {
  const state = 'state' in message ? message.state : 'accepted';
  const refused = 'state' in message ? message.refused : undefined;
  return (
    <article class="own" data-testid="message" data-role="person" data-state={state} aria-label={t('you')}>
      {message.files.map((file) => (
        <Attachment key={file.id} file={file} />
      ))}
      {(message.text !== '' || message.files.length === 0) && (
        <div class="bubble" dir="auto">
          {message.text}
        </div>
      )}
      <p class="meta">
        {state === 'sending' && <span>{t(link.state.value === 'online' ? 'sending' : 'waiting')}</span>}
        {state === 'failed' && <span class="bad">{t('failed')}</span>}
        <Time at={message.at} />
      </p>
      {refused !== undefined && state !== 'accepted' && (
        <div class={state === 'failed' ? 'refusal bad' : 'refusal'} role="alert">
          <p dir="auto">{whyNot(refused, message.text)}</p>
          {state === 'failed' && (
            <p class="actions">
              {(refused.retry || refused.reason === 'no_chat') && (
                <button
                  type="button"
                  class="outlined"
                  data-testid="retry"
                  onClick={() => chat.own.retry(message.id)}
                >
                  {t('retry')}
                </button>
              )}
              <button
                type="button"
                class="outlined"
                onClick={() => {
                  // Which of the files is gone is not known: none goes along again.
                  writings.of(chat.id).edit(message.text, refused.reason === 'no_file' ? [] : message.files);
                  chat.own.discard(message.id);
                }}
              >
                {t('edit')}
              </button>
              <button type="button" class="quiet" onClick={() => chat.own.discard(message.id)}>
                {t('discard')}
              </button>
            </p>
          )}
        </div>
      )}
    </article>
  );
}

function whyNot(refused: Refused, text: string): string {
  if (refused.reason === 'too_long') {
    return t('tooLong', { length: count(text.length), limit: count(session.limits.value.text) });
  }
  if (refused.reason === 'files_full' && refused.notice === undefined) {
    return t('file_too_many', { limit: count(session.limits.value.files) });
  }
  return refused.notice ?? t(REASONS[refused.reason] ?? 'refused');
}
