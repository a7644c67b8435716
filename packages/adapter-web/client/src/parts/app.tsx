import { useEffect, useState } from 'preact/hooks';
import { announced, link, session, UNKNOWN_CHAT } from '../app-state.ts';
import { dropping } from '../given-files.ts';
import { t } from '../i18n/index.ts';
import { drawerOpen, narrow } from '../view-state.ts';
import { Chats } from './chats.tsx';
import { Composer } from './composer.tsx';
import { Dialogs } from './dialogs.tsx';
import { Header } from './header.tsx';
import { Messages, Skeleton } from './messages.tsx';

export function App() {
  const chat = session.shown.value;
  return (
    <div class="app">
      <Chats />
      <div class="pane" inert={narrow.value && drawerOpen.value}>
        <Header />
        <Banner />
        {chat === undefined ? (
          <main class="stage">
            <div class="column">
              <Skeleton />
            </div>
          </main>
        ) : (
          <Messages key={chat.id} chat={chat} />
        )}
        <Composer key={chat?.id ?? UNKNOWN_CHAT} chat={chat} />
        {dropping.value && (
          <p class="drop" data-testid="drop">
            {t('drop')}
          </p>
        )}
      </div>
      <Dialogs />
      <div class="unseen" aria-live="polite">
        {announced.value}
      </div>
    </div>
  );
}

/** What is wrong with the connection, and what happens with what one writes. */
function Banner() {
  switch (link.state.value) {
    case 'offline':
      return <Offline />;
    case 'logged_out':
      return (
        <p class="banner">
          {t('loggedOut')} <a href="./login">{t('logIn')}</a>
        </p>
      );
    case 'outdated':
      return (
        <p class="banner">
          {t('reload')}{' '}
          <button type="button" class="link" onClick={() => location.reload()}>
            {t('reloadNow')}
          </button>
        </p>
      );
    default:
      return session.shown.value?.ready.value === true ? null : <p class="unseen">{t('connecting')}</p>;
  }
}

/** Losses shorter than this, in milliseconds, are only seen in the header: the page need not jump. */
const SHORT_LOSS = 700;

function Offline() {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    const later = setTimeout(() => setLasting(true), SHORT_LOSS);
    return () => clearTimeout(later);
  }, []);
  if (!lasting) return null;
  return (
    <p class="banner" role="status" data-testid="offline">
      {t('offlineBanner')}
    </p>
  );
}
