/**
 * Markdown that grows at its end, parsed so that the work per update does not grow with it. A
 * top-level block that another follows cannot change any more, so only the last one is parsed again.
 */
import { parseMarkdown } from '@surfaces/core/markdown';
import type { Code, RootContent } from 'mdast';

const OPEN_FENCE = /^ {0,3}(`{3,}|~{3,})([^\n`]*)\n/;

export class GrowingMarkdown {
  #text = '';
  #finished: RootContent[] = [];
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
    const last = parsed.at(-1);
    const start = last?.position?.start.offset;
    if (parsed.length > 1 && start !== undefined) {
      this.#finished = [...this.#finished, ...parsed.slice(0, -1)];
      this.#stable += tail.lastIndexOf('\n', start - 1) + 1;
      this.#blocks = [...this.#finished, ...parsed.slice(-1)];
    } else {
      this.#blocks = [...this.#finished, ...parsed];
    }
    return this.#blocks;
  }
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
  const close = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}[ \\t]*$`, 'm');
  const value = text.slice(open[0].length);
  if (close.test(value)) return undefined;
  const [lang] = (open[2] ?? '').trim().split(/\s+/, 1);
  return { type: 'code', ...(lang ? { lang } : {}), value };
}
