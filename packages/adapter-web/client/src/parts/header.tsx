import { link, session, type Theme, theme } from '../app-state.ts';
import { t } from '../i18n/index.ts';
import { titleOf } from '../title.ts';
import { drawerOpen, narrow } from '../view-state.ts';
import { Icon } from './icons.tsx';

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };
const LABEL = { auto: 'themeAuto', light: 'themeLight', dark: 'themeDark' } as const;

export function Header() {
  const shown = session.list.all.value.find(({ id }) => id === session.shownId.value);
  const title = shown === undefined ? 'Surfaces' : titleOf(shown);
  const unread = session.list.unread.value.size > 0;
  return (
    <header class="top">
      {narrow.value && (
        <button
          type="button"
          class="quiet square"
          data-testid="show-chats"
          data-unread={unread}
          aria-label={unread ? `${t('showChats')}, ${t('unread')}` : t('showChats')}
          title={t('showChats')}
          aria-expanded={drawerOpen.value}
          aria-controls="chats"
          onClick={() => {
            drawerOpen.value = true;
          }}
        >
          <Icon name="menu" />
        </button>
      )}
      <h1 dir="auto" title={title}>
        {title}
      </h1>
      <Connection />
      <span class="space" />
      <button
        type="button"
        class="quiet square"
        data-testid="theme"
        aria-label={t(LABEL[theme.value])}
        title={t(LABEL[theme.value])}
        onClick={() => {
          theme.value = NEXT[theme.value];
        }}
      >
        <Icon name={theme.value} />
      </button>
    </header>
  );
}

function Connection() {
  const state = link.state.value;
  const online = state === 'online';
  const words = online ? t('online') : t(state === 'connecting' ? 'connecting' : 'offline');
  return (
    <span
      class="connection"
      role="status"
      data-testid="connection"
      data-state={online ? 'online' : 'offline'}
      title={words}
    >
      <span class="dot" aria-hidden="true" />
      <span class="words">{words}</span>
    </span>
  );
}
