/** All chats of the person: beside the one that is shown, or in a drawer where there is no room. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ChatSummary } from '../../../src/frames.ts';
import { link, session, writings } from '../app-state.ts';
import { t } from '../i18n/index.ts';
import { drawerOpen, focusComposer, narrow, openDialog, renaming } from '../view-state.ts';
import { ChatItem } from './chat-item.tsx';
import { Icon } from './icons.tsx';

const archiveOpen = signal(false);

export function newChat(): void {
  const chat = session.shownId.value;
  if (chat === null || link.state.value !== 'online') return;
  drawerOpen.value = false;
  session.command(chat, 'new');
  focusComposer();
}

export function Chats() {
  const side = useRef<HTMLElement>(null);
  const hidden = narrow.value && !drawerOpen.value;
  const asDrawer = narrow.value && drawerOpen.value;
  useEffect(() => {
    if (!asDrawer) return;
    side.current?.querySelector<HTMLElement>('[aria-current="page"], [data-testid="new-chat"]')?.focus();
  }, [asDrawer]);
  return (
    <>
      {asDrawer && (
        // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; Escape does it by keyboard
        // biome-ignore lint/a11y/useKeyWithClickEvents: the same
        <div
          class="shade"
          onClick={() => {
            drawerOpen.value = false;
          }}
        />
      )}
      <aside class="chats" id="chats" ref={side} data-open={asDrawer} inert={hidden} aria-label={t('chats')}>
        <div class="chats-top">
          <span class="brand">Surfaces</span>
          <button
            type="button"
            class="quiet square"
            data-testid="open-jump"
            aria-label={t('jump')}
            title={`${t('jump')} (Ctrl K)`}
            onClick={() => {
              openDialog.value = { kind: 'jump' };
            }}
          >
            <Icon name="search" />
          </button>
          {narrow.value && (
            <button
              type="button"
              class="quiet square"
              aria-label={t('close')}
              title={t('close')}
              onClick={() => {
                drawerOpen.value = false;
              }}
            >
              <Icon name="close" />
            </button>
          )}
        </div>
        <button
          type="button"
          class="outlined new-chat"
          data-testid="new-chat"
          disabled={link.state.value !== 'online'}
          onClick={(event) => {
            // A double click means one.
            if (event.detail < 2) newChat();
          }}
        >
          <Icon name="plus" />
          {t('newChat')}
        </button>
        <List />
        <Foot />
      </aside>
    </>
  );
}

function List() {
  const { active, archived, unread } = session.list;
  const shown = session.shownId.value;
  const inArchive = archived.value.some(({ id }) => id === shown);
  const open = archiveOpen.value || inArchive;
  const hidden = !open && archived.value.some(({ id }) => unread.value.has(id));
  return (
    <nav class="chat-list" aria-label={t('chats')} onKeyDown={onKey}>
      <Items chats={active.value} />
      {archived.value.length > 0 && (
        <>
          <button
            type="button"
            class="quiet fold"
            data-testid="archived"
            data-unread={hidden}
            aria-expanded={open}
            onClick={() => {
              archiveOpen.value = !open;
            }}
          >
            <Icon name={open ? 'unfolded' : 'folded'} />
            {t('archived')} <span class="amount">{archived.value.length}</span>
          </button>
          {open && <Items chats={archived.value} />}
        </>
      )}
    </nav>
  );
}

function Items({ chats }: { chats: readonly ChatSummary[] }) {
  const shown = session.shownId.value;
  const unread = session.list.unread.value;
  const failed = session.failedIn.value;
  const only = session.list.active.value.length === 1;
  // One stop for the Tab key: from there the arrows lead on.
  const stop = chats.some(({ id }) => id === shown) ? shown : chats[0]?.id;
  return (
    <ul class="chat-items">
      {chats.map((chat) => (
        <ChatItem
          key={chat.id}
          chat={chat}
          shown={chat.id === shown}
          unread={unread.has(chat.id)}
          failed={failed.has(chat.id)}
          only={only && chat.state === 'active'}
          stop={chat.id === stop}
          renaming={chat.id === renaming.value}
        />
      ))}
    </ul>
  );
}

const STEPS: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

function onKey(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const { target } = event;
  if (event.altKey || event.ctrlKey || event.metaKey || !(target instanceof HTMLElement)) return;
  const id = target.dataset.chat;
  if (event.key === 'F2' && id !== undefined && link.state.value === 'online') {
    event.preventDefault();
    renaming.value = id;
    return;
  }
  const step = STEPS[event.key];
  if (step === undefined || target instanceof HTMLInputElement) return;
  event.preventDefault();
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-testid="chat-item"]')];
  const row = target.closest('li');
  const at = items.findIndex((item) => item.closest('li') === row);
  items[step(at, items.length - 1)]?.focus();
}

function Foot() {
  const person = session.person.value;
  return (
    <div class="chats-foot">
      {person !== undefined && person.id !== 'local' && (
        <span class="person" dir="auto" title={person.name}>
          {person.name}
        </span>
      )}
      <span class="space" />
      {session.canLogOut.value && (
        <form method="post" action="./logout" onSubmit={() => writings.forget()}>
          <button type="submit" class="quiet">
            {t('logOut')}
          </button>
        </form>
      )}
      {(['help', 'settings'] as const).map((kind) => (
        <button
          type="button"
          key={kind}
          class="quiet square"
          data-testid={kind}
          aria-label={t(kind === 'help' ? 'keyboard' : 'settings')}
          title={t(kind === 'help' ? 'keyboard' : 'settings')}
          onClick={() => {
            openDialog.value = { kind };
          }}
        >
          <Icon name={kind} />
        </button>
      ))}
    </div>
  );
}
