/** Only links that a page may safely follow; everything else is shown as text. */
const SAFE = new Set(['http:', 'https:', 'mailto:']);

/** The address of a link, or `undefined` when it must not be one. */
export function safeLink(url: string): string | undefined {
  try {
    return SAFE.has(new URL(url).protocol) ? url : undefined;
  } catch {
    // Relative: an answer has no page of its own that it could be relative to.
    return undefined;
  }
}
