import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { link, scrollOf, session, shownWriting } from '../app-state.ts';
import type { Chat } from '../chat.ts';
import { commandOf, completed, completions, isWrittenOut } from '../completion.ts';
import { bytes, count, locale, t } from '../i18n/index.ts';
import type { Command } from '../session.ts';
import { canRetry, type Uploads } from '../uploads.ts';
import { isTouch } from '../view-state.ts';
import { COMPLETION_ID, CompletionList, optionId } from './completion-list.tsx';
import { Icon } from './icons.tsx';
import { UploadTray } from './upload-tray.tsx';

/** What a field of several lines is while it has a list, though the types of elements know it only as a text box. */
const COMBOBOX: object = { role: 'combobox' };

/** UTF-16 units that are surely as high as the composer may become. */
const FULL_HEIGHT = 20_000;

/** Without a chat (it is not known yet) one can begin to write. */
export function Composer({ chat }: { chat: Chat | undefined }) {
  const box = useRef<HTMLTextAreaElement>(null);
  const [blocked, setBlocked] = useState(false);
  const writing = shownWriting();
  const text = writing.text.value;
  const limit = session.limits.value.text;
  const tooLong = text.length > limit;
  const archived = session.list.archived.value.some(({ id }) => id === chat?.id);
  const menu = useCompletion(text, (command) => {
    writing.text.value = completed(command);
    box.current?.focus();
  });

  useHeight(box, text);
  useFirstFocus(box);
  if (blocked && !writing.uploads.failed.value) setBlocked(false);

  const send = () => {
    if (chat === undefined || tooLong) return;
    const result = writing.send();
    setBlocked(result === 'blocked');
    if (result === 'sent') scrollOf(chat.id).toEnd();
    box.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Problem text={tooLong ? text : undefined} blocked={blocked && writing.uploads} />
      {writing.waits.value && (
        <p class="waits" role="status" data-testid="send-waits">
          {t('sendWaits')}{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              writing.waits.value = false;
            }}
          >
            {t('sendNotYet')}
          </button>
        </p>
      )}
      <UploadTray writing={writing} />
      {menu.open && <CompletionList {...menu.list} />}
      <Hint text={text} />
      <div class="field">
        <Attach />
        <textarea
          ref={box}
          rows={1}
          dir="auto"
          data-testid="composer"
          aria-label={t('composerLabel')}
          placeholder={t(archived ? 'composerArchived' : 'composerPlaceholder')}
          value={text}
          autofocus
          {...menu.aria}
          onInput={(event) => {
            writing.text.value = event.currentTarget.value;
            menu.typed(event.currentTarget.value);
            session.notice.value = undefined;
          }}
          onKeyDown={(event) => {
            // While a word is being composed (Korean, Japanese, …) keys belong to the input method.
            if (event.isComposing || event.keyCode === 229) return;
            if (menu.key(event)) {
              event.preventDefault();
              return;
            }
            if (event.key !== 'Enter' || event.shiftKey) return;
            event.preventDefault();
            send();
          }}
        />
        {chat !== undefined && <Stop chat={chat} />}
        <button
          type="submit"
          class="square primary"
          data-testid="send"
          aria-label={t('send')}
          title={t('send')}
          disabled={chat === undefined || !writing.sendable.value || writing.waits.value}
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

/** Why what stands here cannot go, or what the last press of a button was refused with. */
function Problem({ text, blocked }: { text: string | undefined; blocked: Uploads | false }) {
  const notice = session.notice.value;
  const problem =
    text !== undefined
      ? t('tooLong', { length: count(text.length), limit: count(session.limits.value.text) })
      : blocked
        ? t(blocked.all.value.some(canRetry) ? 'sendBlocked' : 'sendBlockedFinal')
        : notice && (notice.notice ?? t('actionFailed'));
  if (problem === undefined) return null;
  return (
    <p class="problem" role="alert">
      {problem}
    </p>
  );
}

/** What the command that is being written takes. */
function Hint({ text }: { text: string }) {
  const command = commandOf(session.commands.value, text);
  if (command?.takes === undefined) return null;
  return (
    <p class="hint" data-testid="command-hint">
      <span class="command">
        /{command.name} <span class="takes">{command.takes}</span>
      </span>{' '}
      {command.help[locale.value]}
    </p>
  );
}

function Attach() {
  const input = useRef<HTMLInputElement>(null);
  const { fileBytes } = session.limits.value;
  const none = session.person.value !== undefined && fileBytes === 0;
  const label = none ? t('attachNone') : `${t('attach')}${fileBytes > 0 ? ` (≤ ${bytes(fileBytes)})` : ''}`;
  return (
    <>
      <button
        type="button"
        class="square quiet"
        data-testid="attach"
        aria-label={none ? t('attachNone') : t('attach')}
        title={label}
        disabled={fileBytes === 0}
        onClick={() => input.current?.click()}
      >
        <Icon name="attach" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="file-input"
        aria-label={t('attach')}
        onChange={(event) => {
          shownWriting().uploads.add([...(event.currentTarget.files ?? [])]);
          // So that the same file can be chosen again.
          event.currentTarget.value = '';
          document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus();
        }}
      />
    </>
  );
}

function Stop({ chat }: { chat: Chat }) {
  const [stopping, setStopping] = useState(false);
  const working = chat.busy.value || chat.drafts.value.length > 0;
  if (stopping && !working) setStopping(false);
  if (!working) return null;
  const label = t(stopping ? 'stopping' : 'stop');
  return (
    <button
      type="button"
      class="square outlined"
      data-testid="stop"
      aria-label={label}
      title={label}
      disabled={stopping || link.state.value !== 'online'}
      onClick={() => {
        setStopping(true);
        session.act(chat.id, 'stop', { refused: () => setStopping(false) });
      }}
    >
      <Icon name="stop" />
    </button>
  );
}

/** The list of commands while a text is one word after a `/`. */
function useCompletion(text: string, choose: (command: Command) => void) {
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState(false);
  const commands = completions(session.commands.value, text);
  const open = commands.length > 0 && !dismissed;
  const active = Math.min(chosen, commands.length - 1);
  const command = commands[active];
  const key = (event: KeyboardEvent): boolean => {
    if (!open || command === undefined || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) {
      return false;
    }
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        setChosen((active + (event.key === 'ArrowDown' ? 1 : -1) + commands.length) % commands.length);
        return true;
      case 'Escape':
        setDismissed(true);
        return true;
      case 'Enter':
        // What is written out is meant.
        if (isWrittenOut(command, text)) return false;
        choose(command);
        return true;
      case 'Tab':
        choose(command);
        return true;
      default:
        return false;
    }
  };
  const aria = open
    ? ({
        ...COMBOBOX,
        'aria-autocomplete': 'list',
        'aria-haspopup': 'listbox',
        'aria-expanded': true,
        'aria-controls': COMPLETION_ID,
        'aria-activedescendant': optionId(active),
      } as const)
    : {};
  const typed = (now: string) => {
    setChosen(0);
    if (!now.startsWith('/')) setDismissed(false);
  };
  return { open, key, aria, typed, list: { commands, active, onActive: setChosen, onChoose: choose } };
}

function useHeight(box: { readonly current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.style.height = 'auto';
    // Laying out a megabyte takes long, and it is as high as the style sheet allows anyway.
    element.style.height = text.length > FULL_HEIGHT ? '100dvh' : `${element.scrollHeight}px`;
  }, [text]);
}

/** A chat that is opened is to be written in. */
function useFirstFocus(box: { readonly current: HTMLTextAreaElement | null }): void {
  const focus = () => {
    const element = box.current;
    if (element === null || isTouch() || document.querySelector('dialog[open]') !== null) return;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  };
  useLayoutEffect(focus, []);
  // A dialog that this was chosen in takes the focus along when it closes.
  useEffect(focus, []);
}
