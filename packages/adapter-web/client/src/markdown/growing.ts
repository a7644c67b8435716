/**
 * Markdown that grows at its end, parsed so that the work per update does not grow with it. A
 * top-level block that others follow cannot change any more, so only the last ones are parsed again.
 */
import { parseMarkdown } from '@surfaces/core/markdown';
import type { Code, RootContent } from 'mdast';

/** How a block begins may depend on the one before it (a list after a paragraph), so two stay open. */
const OPEN = 2;

const OPEN_FENCE = /^(`{3,}|~{3,})([\w+#-]*)\n/;

export class GrowingMarkdown {
  #text = '';
  #finished: readonly RootContent[] = [];
  /** UTF-16 units of `#text` that `#finished` stands for. */
  #stable = 0;
  #blocks: readonly RootContent[] = [];

  /** The blocks of the whole text; those that did not change are the same objects as before. */
  update(text: string): readonly RootContent[] {
    if (text === this.#text) return this.#blocks;
    if (!text.startsWith(this.#text)) {
      this.#finished = [];
      this.#stable = 0;
    }
    this.#text = text;
    const tail = text.slice(this.#stable);
    const code = openCode(tail);
    if (code !== undefined) {
      this.#blocks = [...this.#finished, code];
      return this.#blocks;
    }
    const parsed = parse(tail);
    this.#blocks = [...this.#finished, ...parsed];
    // A fence that is open is what it is, whatever stood before it.
    const fence = parsed.length > 1 ? lineStart(tail, parsed.at(-1)) : undefined;
    if (fence !== undefined && openCode(tail.slice(fence)) !== undefined) this.#finish(1, fence);
    else if (parsed.length > OPEN) this.#finish(OPEN, lineStart(tail, parsed.at(-OPEN)));
    return this.#blocks;
  }

  /** Leaves the last blocks open; `at`: where they begin in the tail. */
  #finish(open: number, at: number | undefined): void {
    if (at === undefined) return;
    this.#finished = this.#blocks.slice(0, -open);
    this.#stable += at;
  }
}

function lineStart(text: string, block: RootContent | undefined): number | undefined {
  const start = block?.position?.start.offset;
  return start === undefined ? undefined : text.lastIndexOf('\n', start - 1) + 1;
}

/** A text that no parser takes is shown as it is. */
function parse(text: string): RootContent[] {
  try {
    return parseMarkdown(text).children;
  } catch {
    return [{ type: 'code', value: text }];
  }
}

/** A fenced block that is not closed yet: no need to parse what can only be its content. */
function openCode(text: string): Code | undefined {
  const open = OPEN_FENCE.exec(text);
  const fence = open?.[1];
  if (open === null || fence === undefined) return undefined;
  const rest = text.slice(open[0].length);
  const close = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}[ \\t]*$`, 'm');
  if (close.test(rest) || /[\r\0]/.test(rest)) return undefined;
  const value = rest.endsWith('\n') ? rest.slice(0, -1) : rest;
  return { type: 'code', lang: open[2] || null, meta: null, value };
}
