/** What the browser keeps for the page. A browser that keeps nothing (private, full) costs only comfort. */

const PREFIX = 'surfaces.';

export function kept(key: string): string | null {
  try {
    return globalThis.localStorage?.getItem(PREFIX + key) ?? null;
  } catch {
    return null;
  }
}

export function keep(key: string, value: string | null): void {
  try {
    if (value === null) globalThis.localStorage?.removeItem(PREFIX + key);
    else globalThis.localStorage?.setItem(PREFIX + key, value);
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
