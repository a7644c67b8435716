import { useLayoutEffect, useRef } from 'preact/hooks';
import { chat, scroll } from '../app-state.ts';
import { locale, t } from '../i18n/index.ts';
import { BotMessage } from './bot-message.tsx';
import { composerText } from './composer-text.ts';
import { Icon } from './icons.tsx';
import { type Item, itemsOf } from './items.ts';
import { OwnMessage } from './own-message.tsx';

/** What the demo agent is asked to show, in words that it knows. */
const EXAMPLES = ['exampleHelp', 'exampleTable', 'exampleSlow', 'exampleConfirm'] as const;

export function Messages() {
  const box = useRef<HTMLElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const release = useRef<(() => void) | undefined>(undefined);
  const items = itemsOf(chat.entries.value, chat.pending.value, chat.drafts.value);
  const older = chat.older.value;

  useLayoutEffect(() => {
    if (box.current === null || list.current === null) return;
    return scroll.attach(box.current, list.current, () => {
      if (chat.older.peek() === 'some') chat.loadOlder();
    });
  }, []);

  const first = chat.entries.value[0]?.seq;
  useLayoutEffect(() => release.current?.(), [first]);
  release.current = older === 'loading' ? scroll.hold() : undefined;

  const empty = chat.ready.value && items.length === 0;
  const waits = chat.busy.value && chat.drafts.value.length === 0;
  return (
    <div class="stage">
      <main class="scroll" ref={box}>
        <div class="column" ref={list}>
          {older !== 'none' && (
            <button
              type="button"
              class="quiet older"
              disabled={older === 'loading'}
              onClick={() => chat.loadOlder()}
            >
              {older === 'failed' ? t('historyFailed') : t(older === 'loading' ? 'loading' : 'loadOlder')}
            </button>
          )}
          {empty && <Empty />}
          {!chat.ready.value && items.length === 0 && <Skeleton />}
          <ol class="messages" aria-label={t('conversation')}>
            {withDays(items, locale.value).map(({ item, day }) => (
              <li key={item.key}>
                {day !== undefined && <p class="day">{day}</p>}
                <Shown item={item} />
              </li>
            ))}
          </ol>
          {waits && (
            <p class="working" role="status">
              <span class="pulse" aria-hidden="true" />
              {t('working')}
            </p>
          )}
        </div>
      </main>
      {!scroll.atEnd.value && (
        <button type="button" class="pill" onClick={() => scroll.toEnd()}>
          <Icon name="down" />
          {t(scroll.unseen.value ? 'newMessages' : 'toBottom')}
        </button>
      )}
    </div>
  );
}

function Shown({ item }: { item: Item }) {
  if (item.kind === 'draft') return <BotMessage draft={item.draft} />;
  if (item.kind === 'pending') return <OwnMessage message={item.message} />;
  return item.entry.by === 'person' ? <OwnMessage message={item.entry} /> : <BotMessage entry={item.entry} />;
}

function Empty() {
  return (
    <section class="empty">
      <h2>{t('emptyTitle')}</h2>
      <p>{t('emptyLead')}</p>
      <div class="examples">
        {EXAMPLES.map((example) => (
          <button
            type="button"
            class="outlined"
            key={example}
            onClick={() => {
              composerText.value = '';
              chat.send(t(example));
            }}
          >
            {t(example)}
          </button>
        ))}
      </div>
    </section>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

/** Each first message of a day gets that day's name. */
function withDays(
  items: readonly Item[],
  language: string,
): readonly { item: Item; day: string | undefined }[] {
  let before = '';
  return items.map((item) => {
    const at = item.kind === 'entry' ? item.entry.at : item.kind === 'pending' ? item.message.at : Date.now();
    const date = new Date(at);
    const now = date.toDateString();
    const day = now === before ? undefined : dayName(date, language);
    before = now;
    return { item, day };
  });
}

function dayName(date: Date, language: string): string {
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return t('today');
  today.setDate(today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return t('yesterday');
  return date.toLocaleDateString(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
}
