import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { ChatSummary } from '../../../src/frames.ts';
import { link, session } from '../app-state.ts';
import { t } from '../i18n/index.ts';
import { titleOf } from '../title.ts';
import { drawerOpen, focusComposer, renaming } from '../view-state.ts';
import { Icon } from './icons.tsx';
import { ShortTime } from './time.tsx';

interface ItemProps {
  readonly chat: ChatSummary;
  readonly shown: boolean;
  readonly unread: boolean;
  /** Something that was written here was not taken. */
  readonly failed: boolean;
  /** There is no other active chat. */
  readonly only: boolean;
  /** The Tab key stops here. */
  readonly stop: boolean;
  readonly renaming: boolean;
}

/** One row; with 200 of them it is drawn again only when something of its own changed. */
export function ChatItem({ chat, shown, unread, failed, only, stop, renaming: writes }: ItemProps) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (shown) row.current?.scrollIntoView({ block: 'nearest' });
  }, [shown]);
  if (writes) {
    return (
      <li class="chat-row" ref={row} data-shown={shown}>
        <NameField chat={chat} />
      </li>
    );
  }
  const title = titleOf(chat);
  return (
    <li class="chat-row" ref={row} data-shown={shown}>
      <a
        href={`#${chat.id}`}
        class="chat-item"
        data-testid="chat-item"
        data-chat={chat.id}
        data-state={chat.state}
        data-unread={unread}
        data-busy={chat.busy}
        aria-current={shown ? 'page' : undefined}
        tabIndex={stop ? 0 : -1}
        title={chat.number === '' ? title : `${chat.number} · ${title}`}
        draggable={false}
        onClick={(event) => {
          // With a modifier the browser opens it elsewhere.
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          drawerOpen.value = false;
          session.open(chat.id);
          focusComposer();
        }}
      >
        <span class="name" dir="auto" data-named={chat.name !== ''}>
          {title}
        </span>
        {failed && (
          <span class="bad" role="img" aria-label={t('failed')} title={t('failed')}>
            <Icon name="alert" />
          </span>
        )}
        {chat.busy && <span class="pulse" role="img" aria-label={t('busyChat')} title={t('busyChat')} />}
        {unread && <span class="unread" role="img" aria-label={t('unread')} title={t('unread')} />}
        {chat.at > 0 && <ShortTime at={chat.at} />}
      </a>
      <Actions chat={chat} only={only} />
    </li>
  );
}

function Actions({ chat, only }: { chat: ChatSummary; only: boolean }) {
  const offline = link.state.value !== 'online';
  const why = offline ? t('offline') : chat.busy ? t('archiveBusy') : only ? t('archiveLast') : undefined;
  return (
    <span class="row-actions">
      <button
        type="button"
        class="quiet square"
        data-testid="rename"
        aria-label={t('rename')}
        title={`${t('rename')} (F2)`}
        disabled={offline}
        onClick={() => {
          renaming.value = chat.id;
        }}
      >
        <Icon name="rename" />
      </button>
      {chat.state === 'active' && (
        <button
          type="button"
          class="quiet square"
          data-testid="archive"
          aria-label={why === undefined ? t('archive') : `${t('archive')}. ${why}`}
          title={why ?? t('archive')}
          disabled={why !== undefined}
          onClick={() => session.command(chat.id, 'archive')}
        >
          <Icon name="archive" />
        </button>
      )}
    </span>
  );
}

function NameField({ chat }: { chat: ChatSummary }) {
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  // At once: what is typed next is the name.
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const end = (name: string | undefined, back: boolean) => {
    // The field goes away, and is left by that once more.
    if (done.current) return;
    done.current = true;
    const row = field.current?.closest('li');
    renaming.value = undefined;
    if (name !== undefined) session.rename(chat.id, name.trim());
    if (back) requestAnimationFrame(() => row?.querySelector<HTMLElement>('a')?.focus());
  };
  return (
    <input
      ref={field}
      class="name-field"
      data-testid="rename-field"
      type="text"
      dir="auto"
      maxLength={200}
      aria-label={t('renameLabel')}
      defaultValue={chat.name}
      onBlur={(event) => end(event.currentTarget.value, false)}
      onKeyDown={(event) => {
        if (event.isComposing || event.keyCode === 229) return;
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        event.preventDefault();
        end(event.key === 'Enter' ? event.currentTarget.value : undefined, true);
      }}
    />
  );
}
