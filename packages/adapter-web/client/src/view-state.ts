/** What of the page is open: the drawer of chats, a dialog, the name that is being written. */
import { signal } from '@preact/signals';
import type { PageFile } from '../../src/frames.ts';

export type OpenDialog =
  | { readonly kind: 'settings' | 'help' | 'jump' }
  | { readonly kind: 'image'; readonly file: PageFile };

export const openDialog = signal<OpenDialog | undefined>(undefined);
/** On narrow screens the chats are in a drawer. */
export const drawerOpen = signal(false);
export const narrow = signal(false);
/** The chat whose name is being written. */
export const renaming = signal<string | undefined>(undefined);

/** As the style sheet has it. */
const NARROW = '(max-width: 48rem)';

export function watchWidth(): void {
  const query = matchMedia(NARROW);
  const look = () => {
    narrow.value = query.matches;
  };
  query.addEventListener('change', look);
  look();
}

/** Typing would open a keyboard over half of the screen. */
export function isTouch(): boolean {
  return matchMedia('(pointer: coarse)').matches;
}

/** When what is closing is gone: behind it nothing can have the focus. */
export function focusComposer(): void {
  if (isTouch()) return;
  requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus());
}
