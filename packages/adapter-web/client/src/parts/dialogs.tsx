/** What is shown above the page, one at a time. */

import { LOCALES, Locale } from '@surfaces/protocol';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PageFile } from '../../../src/frames.ts';
import { link, session } from '../app-state.ts';
import { bytes, LOCALE_NAMES, locale, t, type WordKey } from '../i18n/index.ts';
import { focusComposer, openDialog } from '../view-state.ts';
import { addressOf } from './attachment.tsx';
import { Icon } from './icons.tsx';
import { Jump } from './jump.tsx';

const close = () => {
  openDialog.value = undefined;
};

export function Dialogs() {
  const open = openDialog.value;
  switch (open?.kind) {
    case undefined:
      return null;
    case 'settings':
      return (
        <Dialog name="settings" title={t('settings')}>
          <Settings />
        </Dialog>
      );
    case 'help':
      return (
        <Dialog name="help" title={t('keyboard')}>
          <Keys />
        </Dialog>
      );
    case 'jump':
      return (
        <Dialog name="jump" title={t('jump')}>
          <Jump />
        </Dialog>
      );
    case 'image':
      return (
        <Dialog name="image" title={open.file.name}>
          <LargeImage file={open.file} />
        </Dialog>
      );
  }
}

interface DialogProps {
  readonly name: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

function Dialog({ name, title, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else focusComposer();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by keyboard
    <dialog
      ref={dialog}
      class="dialog"
      data-testid={`${name}-dialog`}
      aria-label={title}
      onClose={close}
      onClick={(event) => {
        // Beside it.
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="dialog-body">
        <div class="dialog-top">
          <h2 dir="auto">{title}</h2>
          <button
            type="button"
            class="quiet square"
            data-testid="close-dialog"
            aria-label={t('close')}
            title={t('close')}
            onClick={close}
          >
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

function Settings() {
  const chat = session.shownId.value;
  const offline = link.state.value !== 'online' || chat === null;
  const set = (what: string, outcome: { refused?: () => void } = {}) => {
    if (chat !== null) session.command(chat, 'settings', what, outcome);
  };
  return (
    <div class="settings">
      <label class="setting">
        {t('language')}
        <select
          class="outlined"
          data-testid="language"
          value={locale.value}
          disabled={offline}
          onChange={(event) => {
            const before = locale.value;
            const chosen = Locale.parse(event.currentTarget.value);
            locale.value = chosen;
            const refused = () => {
              locale.value = before;
            };
            set(`language ${chosen}`, { refused });
          }}
        >
          {LOCALES.map((one) => (
            <option key={one} value={one} lang={one}>
              {LOCALE_NAMES[one]}
            </option>
          ))}
        </select>
      </label>
      <label class="setting">
        {t('streaming')}
        <input
          type="checkbox"
          data-testid="streaming"
          checked={session.settings.value?.streaming ?? true}
          disabled={offline}
          onChange={(event) => set(`streaming ${event.currentTarget.checked ? 'on' : 'off'}`)}
        />
      </label>
      {offline && <p class="problem">{t('settingsOffline')}</p>}
    </div>
  );
}

const KEYS: readonly (readonly [keys: readonly string[], does: WordKey])[] = [
  [['Enter'], 'keySend'],
  [['Shift', 'Enter'], 'keyLine'],
  [['/'], 'keyCommand'],
  [['Ctrl', 'K'], 'keyJump'],
  [['Alt', '↑ ↓'], 'keyNext'],
  [['↑ ↓', 'Enter'], 'keyList'],
  [['F2'], 'keyRename'],
  [['Tab'], 'keyTab'],
  [['Esc'], 'keyEscape'],
  [['Ctrl', '/'], 'keyHelp'],
];

function Keys() {
  const apple = /Mac|iPhone|iPad/.test(navigator.userAgent);
  const shown = (key: string) => (apple ? ({ Ctrl: '⌘', Alt: '⌥' }[key] ?? key) : key);
  return (
    <dl class="keys">
      {KEYS.map(([keys, does]) => (
        <div key={does}>
          <dt>
            {keys.map((key) => (
              <kbd key={key}>{shown(key)}</kbd>
            ))}
          </dt>
          <dd>{t(does)}</dd>
        </div>
      ))}
    </dl>
  );
}

function LargeImage({ file }: { file: PageFile }) {
  const [broken, setBroken] = useState(false);
  const { name } = file;
  return (
    <>
      {broken ? (
        <p>{t('noPreview')}</p>
      ) : (
        <img class="large" src={addressOf(file, true)} alt={name} onError={() => setBroken(true)} />
      )}
      <p class="actions">
        <a class="outlined button" href={addressOf(file)} download={name}>
          <Icon name="download" />
          {t('download', { name: bytes(file.size) })}
        </a>
      </p>
    </>
  );
}
