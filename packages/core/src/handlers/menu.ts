/** Lists of choices with buttons: `<kind>:<list>:<value>`, where each list has a name of its own. */
import type { Button, Settled } from '@surfaces/protocol';
import { cleanName } from '../names.ts';
import type { Operation } from '../ports/index.ts';

/** So many choices have buttons; all can be said in words. */
const BUTTONS = 20;
/** In UTF-16 units. */
const LABEL = 40;

export interface Choice {
  readonly label: string;
  readonly value: string;
}

/** Buttons of one list; the newest choices are the last. */
export function menuButtons(kind: string, choices: readonly Choice[], cancel?: string): Button[] {
  const list = crypto.randomUUID().slice(0, 8);
  const buttons: Button[] = choices.slice(-BUTTONS).flatMap(({ label, value }) => {
    const action = `${kind}:${list}:${value}`;
    // A value that fits no button can still be said.
    return action.length > 64 ? [] : [{ label: shorten(label), action, style: 'plain' }];
  });
  if (cancel !== undefined && buttons.length > 0) {
    buttons.push({ label: cancel, action: `${kind}:${list}:cancel`, style: 'danger' });
  }
  return buttons;
}

/** What a pressed button of a list says. */
export function pressed(action: string): {
  readonly list: string;
  readonly value: string;
  readonly settles: readonly Settled[];
} {
  const [kind = '', list = '', ...rest] = action.split(':');
  return { list, value: rest.join(':'), settles: [{ about: `${kind}:${list}`, chosen: action }] };
}

/** The lists of a kind that were shown and are still open, by what settles them. `operations`: newest first. */
export function openMenus(kind: string, operations: readonly Operation[]): Settled[] {
  const settled = new Set(
    operations.flatMap(({ message }) => message.settles ?? []).map(({ about }) => about),
  );
  const shown = operations.flatMap(({ message }) => message.buttons).map(({ action }) => action.split(':'));
  const about = shown.filter(([first]) => first === kind).map(([, list]) => `${kind}:${list}`);
  return [...new Set(about)].filter((one) => !settled.has(one)).map((one) => ({ about: one }));
}

/** The number that somebody says, such as `2`, `#2` or `2.`; 0 when it is none. */
export function numberIn(args: string): number {
  const found = /^#?(\d{1,6})\.?$/.exec(args.trim());
  return found ? Number(found[1]) : 0;
}

/** What somebody calls by its number in a list or by its name; of several of one name the newest. */
export function called<T>(
  list: readonly T[],
  args: string,
  names: (one: T) => readonly string[],
): T | undefined {
  const byNumber = list[numberIn(args) - 1];
  const wanted = folded(args);
  if (byNumber !== undefined || wanted === '') return byNumber;
  return list.findLast((one) => names(one).some((name) => folded(name) === wanted));
}

function folded(name: string): string {
  return cleanName(name).normalize('NFKC').toLowerCase();
}

function shorten(label: string): string {
  const name = cleanName(label) || '…';
  return name.length <= LABEL ? name : `${name.slice(0, LABEL - 1)}…`.toWellFormed();
}
