/** What the browser keeps for the page. A browser that keeps nothing (private, full) costs only comfort. */

const PREFIX = 'surfaces.';

/** `tab`: over a reload of this tab, and unknown to the others. */
export type Keeper = 'browser' | 'tab';

function storage(keeper: Keeper): Storage | undefined {
  return keeper === 'tab' ? globalThis.sessionStorage : globalThis.localStorage;
}

export function kept(key: string, keeper: Keeper = 'browser'): string | null {
  try {
    return storage(keeper)?.getItem(PREFIX + key) ?? null;
  } catch {
    return null;
  }
}

export function keep(key: string, value: string | null, keeper: Keeper = 'browser'): void {
  try {
    if (value === null) storage(keeper)?.removeItem(PREFIX + key);
    else storage(keeper)?.setItem(PREFIX + key, value);
  } catch {
    // Nothing to do: it stays in memory.
  }
}

/** Keys that begin so, without the prefix that all of ours have. */
export function keptKeys(start: string): string[] {
  try {
    return Object.keys(globalThis.localStorage ?? {})
      .filter((key) => key.startsWith(PREFIX + start))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** Tells the keys, without the prefix, that another tab let go of. */
export function onForgotten(forgotten: (key: string) => void): void {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (newValue === null && key?.startsWith(PREFIX)) forgotten(key.slice(PREFIX.length));
  });
}
