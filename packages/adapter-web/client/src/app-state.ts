/** The parts put together: the chats of one person over one connection. */
import { computed, effect, signal, untracked } from '@preact/signals';
import { type Entry, MAIN_CHAT } from '../../src/frames.ts';
import { adoptLocale, askedLocale, forgetOldChoice, locale, t } from './i18n/index.ts';
import { keep, kept, onForgotten } from './kept.ts';
import { Link } from './link.ts';
import { plainWords } from './markdown/plain-words.ts';
import { chatInAddress, onAddress, showInAddress } from './place.ts';
import { Scroll } from './scroll.ts';
import { dropFile, sendFile } from './send-file.ts';
import { Session } from './session.ts';
import { titleOf } from './title.ts';
import { UploadSlots } from './uploads.ts';
import { type Writing, Writings } from './writing.ts';

/** What a screen reader is told: finished answers, not each word. */
export const announced = signal('');

export const session: Session = new Session({
  post: (frame) => link.post(frame),
  locale: askedLocale,
  arrived(entries: readonly Entry[]) {
    const words = entries.map((entry) => (entry.by === 'bot' ? saidBy(entry) : ''));
    shownScroll.peek()?.added();
    announced.value = words.join('\n');
  },
  shown(chat, moved, insteadOf) {
    showInAddress(chat, moved);
    if (insteadOf !== undefined) writings.move(insteadOf, chat);
  },
  settings: (settings) => {
    adoptLocale(settings);
    const earlier = forgetOldChoice();
    if (earlier === undefined || settings.localeChosen) return;
    session.command(session.shownId.peek() ?? MAIN_CHAT, 'settings', `language ${earlier}`);
  },
  otherPerson: () => location.reload(),
});

export const link: Link = new Link({
  hello: () => session.hello(),
  frame: (frame) => session.receive(frame),
  closed: () => session.closed(),
});

const scrolls = new Map<string, Scroll>();
export function scrollOf(chat: string): Scroll {
  const known = scrolls.get(chat);
  if (known !== undefined) return known;
  const scroll = new Scroll();
  scrolls.set(chat, scroll);
  return scroll;
}
const shownScroll = computed(() =>
  session.shownId.value === null ? undefined : scrollOf(session.shownId.value),
);

const slots = new UploadSlots(sendFile, () => session.live.peek(), dropFile);
export const writings = new Writings(session.personId ?? '', {
  slots,
  limits: () => session.limits.value,
  send: (chat, text, files) => {
    session.chat(chat).own.send(text, files);
    scrollOf(chat).toEnd();
  },
});

/** What is typed before it is known into which chat. */
export const UNKNOWN_CHAT = '';

export function shownWriting(): Writing {
  return writings.of(session.shownId.value ?? UNKNOWN_CHAT);
}

export type Theme = 'auto' | 'light' | 'dark';
const storedTheme = kept('theme');
export const theme = signal<Theme>(storedTheme === 'light' || storedTheme === 'dark' ? storedTheme : 'auto');

/** Somebody looks at the page. */
const attended = signal(true);

function saidBy(entry: Extract<Entry, { by: 'bot' }>): string {
  const { markdown, file } = entry.message;
  return file === undefined ? plainWords(markdown) : t('fileCame', { name: file.name });
}

export function start(): void {
  const asked = chatInAddress();
  if (asked !== null) session.open(asked, true);
  onAddress((chat) => {
    const list = session.list;
    const there = chat !== null && (list.get(chat) !== undefined || !session.live.peek());
    const next = there ? chat : (list.active.peek()[0]?.id ?? null);
    if (next !== null) {
      session.open(next, true);
      showInAddress(next, true);
    }
  });
  watchPage();
  onForgotten((key) => writings.forgotten(key));
  link.connect();
}

function watchPage(): void {
  effect(() => {
    document.documentElement.lang = locale.value;
  });
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
    keep('theme', theme.value === 'auto' ? null : theme.value);
  });
  effect(() => {
    const unread = session.list.unread.value.size;
    const summary = session.list.all.value.find(({ id }) => id === session.shownId.value);
    const name = summary === undefined ? 'Surfaces' : `${titleOf(summary)} · Surfaces`;
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  });
  let known: ReadonlySet<string> | undefined;
  effect(() => {
    const { unread, all } = session.list;
    const before = known;
    // What is unread at first sight is no news.
    known = all.value.length > 0 ? unread.value : undefined;
    if (before === undefined) return;
    const isNews = (id: string) => unread.value.has(id) && !before.has(id) && id !== session.shownId.peek();
    const news = all.value.filter(({ id }) => isNews(id));
    if (news.length === 0) return;
    announced.value = untracked(() => news.map((chat) => t('newIn', { name: titleOf(chat) })).join('\n'));
  });
  effect(() => {
    const person = session.person.value?.id;
    if (person !== undefined) untracked(() => writings.belongTo(person));
  });
  effect(() => {
    if (!session.live.value) return;
    untracked(() => {
      slots.wake();
      writings.resumeUploads();
    });
  });
  effect(() => {
    // What was typed meanwhile belongs to the chat that it turned out to be.
    const chat = session.shownId.value;
    if (chat === null) return;
    untracked(() => writings.move(UNKNOWN_CHAT, chat));
  });
  effect(() => {
    const chat = session.shown.value;
    const seen = chat?.ready.value === true && session.live.value && attended.value;
    const last = chat?.entries.value.at(-1)?.seq;
    if (chat !== undefined && seen && last !== undefined && shownScroll.value?.atEnd.value === true) {
      session.seen(chat.id, last);
    }
  });
  const attend = () => {
    attended.value = document.visibilityState === 'visible' && document.hasFocus();
  };
  attend();
  for (const event of ['focus', 'blur']) window.addEventListener(event, attend);
  document.addEventListener('visibilitychange', attend);
}
