/** Which chat is shown stands in the address, so that a reload and going back lead to it. */
import { ChatRef } from '../../src/frames.ts';

/** `null`: the address names none. */
export function chatInAddress(): string | null {
  const named = ChatRef.safeParse(location.hash.slice(1));
  return named.success ? named.data : null;
}

/** `moved`: the page went there by itself, so there is nothing to go back to. */
export function showInAddress(chat: string, moved: boolean): void {
  if (chatInAddress() === chat) return;
  const address = new URL(`#${chat}`, location.href);
  if (moved || chatInAddress() === null) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
}

export function onAddress(changed: (chat: string | null) => void): void {
  // Also runs when somebody writes an address, or goes back to it.
  window.addEventListener('popstate', () => changed(chatInAddress()));
}
