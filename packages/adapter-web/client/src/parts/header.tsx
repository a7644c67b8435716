import { LOCALES, Locale } from '@surfaces/protocol';
import { chat, link, type Theme, theme } from '../app-state.ts';
import { chooseLocale, LOCALE_NAMES, locale, t } from '../i18n/index.ts';
import { composerText } from './composer-text.ts';
import { Icon } from './icons.tsx';

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };
const LABEL = { auto: 'themeAuto', light: 'themeLight', dark: 'themeDark' } as const;

export function Header() {
  const person = chat.person.value;
  return (
    <header class="top">
      <h1>Surfaces</h1>
      <Connection />
      <span class="space" />
      {person !== undefined && person.id !== 'local' && (
        <span class="person" dir="auto" title={person.name}>
          {person.name}
        </span>
      )}
      <select
        class="quiet"
        data-testid="language"
        aria-label={t('language')}
        value={locale.value}
        onChange={(event) => chooseLocale(Locale.parse(event.currentTarget.value))}
      >
        {LOCALES.map((one) => (
          <option key={one} value={one} lang={one}>
            {LOCALE_NAMES[one]}
          </option>
        ))}
      </select>
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
      {chat.canLogOut.value && (
        <form
          method="post"
          action="./logout"
          onSubmit={() => {
            // The next person at this browser need not read it.
            composerText.value = '';
          }}
        >
          <button type="submit" class="quiet">
            {t('logOut')}
          </button>
        </form>
      )}
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
