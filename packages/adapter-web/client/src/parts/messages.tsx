import { useLayoutEffect, useRef } from 'preact/hooks';
import { scrollOf, session } from '../app-state.ts';
import type { Chat } from '../chat.ts';
import { formatTag, locale, t } from '../i18n/index.ts';
import type { Scroll } from '../scroll.ts';
import { BotMessage } from './bot-message.tsx';
import { Icon } from './icons.tsx';
import { type Item, itemsOf } from './items.ts';
import { OwnMessage } from './own-message.tsx';

const EXAMPLES = ['exampleHelp', 'exampleTable', 'exampleSlow', 'exampleConfirm'] as const;

export function Messages({ chat }: { chat: Chat }) {
  const scroll = scrollOf(chat.id);
  const box = useRef<HTMLElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const items = itemsOf(chat.entries.value, chat.own.pending.value, chat.drafts.value);
  const older = chat.older.value;

  useLayoutEffect(() => {
    if (box.current === null || list.current === null) return;
    return scroll.attach(box.current, list.current, () => {
      if (chat.older.peek() === 'some') chat.loadOlder();
    });
  }, []);

  const first = chat.entries.value[0]?.seq;
  useHeldPlace(scroll, first);

  const empty = chat.ready.value && items.length === 0;
  const archived = session.list.archived.value.some(({ id }) => id === chat.id);
  const waits = chat.busy.value && chat.drafts.value.length === 0;
  return (
    <div class="stage">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <main class="scroll" ref={box} tabIndex={0} aria-label={t('conversation')}>
        {/* Its own words would be read with every piece of an answer; what is new is said once, elsewhere. */}
        <div class="column" ref={list} role="log" aria-live="off" aria-label={t('conversation')}>
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
          {empty && <Empty chat={chat} />}
          {!chat.ready.value && items.length === 0 && <Skeleton />}
          <ol class="messages">
            {withDays(items, formatTag(locale.value)).map(({ item, day }) => (
              <li key={item.key}>
                {day !== undefined && <p class="day">{day}</p>}
                <Shown chat={chat} item={item} />
              </li>
            ))}
          </ol>
          {archived && (
            <p class="aside" data-testid="archived-chat">
              {t('archivedBanner')}
            </p>
          )}
          {waits && (
            <p class="working" role="status">
              <span class="pulse" aria-hidden="true" />
              {t('working')}
            </p>
          )}
        </div>
      </main>
      {!scroll.atEnd.value && (
        <button type="button" class="pill" data-testid="to-end" onClick={() => scroll.toEnd()}>
          <Icon name="down" />
          {t(scroll.unseen.value ? 'newMessages' : 'toBottom')}
        </button>
      )}
    </div>
  );
}

/** Earlier messages come in above: what is read stays where it is. */
function useHeldPlace(scroll: Scroll, first: number | undefined): void {
  const before = useRef(first);
  // While this is computed the page still shows what was there before.
  const release = before.current !== undefined && first !== before.current ? scroll.hold() : undefined;
  useLayoutEffect(() => {
    before.current = first;
    if (!scroll.atEnd.peek()) release?.();
  }, [first]);
}

function Shown({ chat, item }: { chat: Chat; item: Item }) {
  if (item.kind === 'draft') return <BotMessage chat={chat} draft={item.draft} />;
  if (item.kind === 'pending') return <OwnMessage chat={chat} message={item.message} />;
  const { entry } = item;
  return entry.by === 'person' ? (
    <OwnMessage chat={chat} message={entry} />
  ) : (
    <BotMessage chat={chat} entry={entry} />
  );
}

function Empty({ chat }: { chat: Chat }) {
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
            data-testid="example"
            onClick={() => chat.own.send(t(example))}
          >
            {t(example)}
          </button>
        ))}
      </div>
    </section>
  );
}

export function Skeleton() {
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
