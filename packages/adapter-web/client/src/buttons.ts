/** What pressing a button of a message means, by its action. */
import type { Entry } from '../../src/frames.ts';

export type ButtonKind = 'retry' | 'confirm-option' | 'option';

export function kindOf(action: string): ButtonKind {
  if (action.startsWith('retry:')) return 'retry';
  return action.startsWith('confirm:') ? 'confirm-option' : 'option';
}

/** Where the newest list to choose from is; `undefined`: there is none. */
export function newestList(entries: readonly Entry[]): number | undefined {
  return entries.findLast(
    (entry) => entry.by === 'bot' && entry.message.buttons.some(({ action }) => kindOf(action) === 'option'),
  )?.seq;
}
