import { useEffect, useState } from 'preact/hooks';
import { announced, chat, link } from '../app-state.ts';
import { t } from '../i18n/index.ts';
import { Composer } from './composer.tsx';
import { Header } from './header.tsx';
import { Messages } from './messages.tsx';

export function App() {
  return (
    <div class="app">
      <Header />
      <Banner />
      <Messages />
      <Composer />
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
      return chat.ready.value ? null : <p class="unseen">{t('connecting')}</p>;
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
