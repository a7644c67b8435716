/** The parts put together: one chat over one connection. */
import { effect, signal } from '@preact/signals';
import type { Entry } from '../../src/frames.ts';
import { Chat } from './chat.ts';
import { initialLocale, locale } from './i18n/index.ts';
import { keep, kept } from './kept.ts';
import { Link } from './link.ts';
import { plainWords } from './markdown/plain-words.ts';
import { Scroll } from './scroll.ts';

export const scroll = new Scroll();
/** What a screen reader is told: finished answers, not each word. */
export const announced = signal('');
const unread = signal(0);

export const chat = new Chat((frame) => link.post(frame), {
  arrived(entries: readonly Entry[]) {
    if (entries.length === 0) return;
    scroll.added();
    if (document.hidden) unread.value += entries.length;
    announced.value = entries
      .map((entry) => (entry.by === 'bot' ? plainWords(entry.message.markdown) : ''))
      .join('\n');
  },
});

export const link: Link = new Link({
  hello: () => ({
    type: 'hello',
    after: chat.lastSeq,
    ...(chat.person.value === undefined && initialLocale === undefined ? {} : { locale: locale.value }),
  }),
  frame(frame) {
    if (frame.type === 'welcome' && initialLocale === undefined && chat.person.value === undefined) {
      locale.value = frame.locale;
    }
    chat.receive(frame);
  },
  closed: () => chat.closed(),
});

export type Theme = 'auto' | 'light' | 'dark';
const storedTheme = kept('theme');
export const theme = signal<Theme>(storedTheme === 'light' || storedTheme === 'dark' ? storedTheme : 'auto');

export function start(): void {
  effect(() => {
    document.documentElement.lang = locale.value;
    if (chat.live.peek()) link.post({ type: 'locale', locale: locale.value });
  });
  effect(() => {
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
    keep('theme', theme.value === 'auto' ? null : theme.value);
  });
  effect(() => {
    document.title = unread.value > 0 ? `(${unread.value}) Surfaces` : 'Surfaces';
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) unread.value = 0;
  });
  link.connect();
}
