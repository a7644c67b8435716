import { useState } from 'preact/hooks';
import { session } from '../app-state.ts';
import { findChats } from '../chat-list.ts';
import { t } from '../i18n/index.ts';
import { titleOf } from '../title.ts';
import { drawerOpen, openDialog } from '../view-state.ts';
import { newChat } from './chats.tsx';
import { ShortTime } from './time.tsx';

const LIST = 'jump-list';

/** Chats by name, and a new one where none is meant. */
export function Jump() {
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = findChats(session.list.all.value, query);
  const size = found.length + 1;
  const active = Math.min(chosen, size - 1);
  const go = (at: number) => {
    const chat = found[at];
    openDialog.value = undefined;
    drawerOpen.value = false;
    if (chat === undefined) newChat();
    else session.open(chat.id);
  };
  const option = (at: number) => ({
    id: `jump-${at}`,
    role: 'option' as const,
    tabIndex: -1,
    'aria-selected': at === active,
    'data-testid': 'jump-option',
    ref: (element: HTMLElement | null) => {
      if (at === active) element?.scrollIntoView({ block: 'nearest' });
    },
    onClick: () => go(at),
  });
  return (
    <>
      <input
        class="jump-field"
        data-testid="jump-field"
        type="text"
        dir="auto"
        role="combobox"
        aria-label={t('jumpHint')}
        placeholder={t('jumpHint')}
        aria-autocomplete="list"
        aria-expanded={true}
        aria-controls={LIST}
        aria-activedescendant={`jump-${active}`}
        value={query}
        autofocus
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (event.isComposing || event.keyCode === 229) return;
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (step !== undefined) setChosen((active + step + size) % size);
          else if (event.key === 'Enter') go(active);
          else return;
          event.preventDefault();
        }}
      />
      {found.length === 0 && (
        <p class="jump-none" role="status">
          {t('jumpNone')}
        </p>
      )}
      <div class="jump-list" id={LIST} role="listbox" aria-label={t('chats')} tabIndex={-1}>
        {found.map((chat, at) => (
          <div key={chat.id} class="jump-option" {...option(at)}>
            <span class="name" dir="auto">
              {titleOf(chat)}
            </span>
            {chat.state === 'archived' && <span class="takes">{t('archived')}</span>}
            {chat.at > 0 && <ShortTime at={chat.at} />}
          </div>
        ))}
        <div class="jump-option new" {...option(found.length)}>
          {t('newChat')}
        </div>
      </div>
    </>
  );
}
