import { parseMarkdown } from '@surfaces/core/markdown';
import type { Root, RootContent } from 'mdast';

/** One top-level block, with the key under which it stays the same thing while the text grows. */
export interface Block {
  readonly key: number;
  readonly node: RootContent;
}

/** Blocks at the end that a growing text may still change. A list or quote can take in what follows it. */
const OPEN = 2;

/**
 * Parses a text that grows: finished blocks are kept as they are (the same objects), only the tail is
 * parsed again, so that a long answer costs its last paragraphs per update and not all of itself.
 */
export class GrowingBlocks {
  #text = '';
  #done: Block[] = [];
  /** UTF-16 units of `#text` that the kept blocks stand for. */
  #end = 0;

  update(text: string): readonly Block[] {
    if (!text.startsWith(this.#text.slice(0, this.#end))) {
      this.#done = [];
      this.#end = 0;
    }
    this.#text = text;
    const tail = parseMarkdown(text.slice(this.#end));
    const fresh = tail.children.map((node, index) => ({ key: this.#done.length + index, node }));
    // A definition or footnote reaches back: then the whole text is one parse, and nothing is kept.
    if (tail.children.some(reachesBack)) return this.#whole();
    const keep = Math.max(0, fresh.length - OPEN);
    const blocks = [...this.#done, ...fresh];
    const last = tail.children[keep - 1]?.position?.end.offset;
    if (last !== undefined) {
      this.#done = blocks.slice(0, this.#done.length + keep);
      this.#end += last;
    }
    return blocks;
  }

  #whole(): readonly Block[] {
    this.#done = [];
    this.#end = 0;
    return keyed(parseMarkdown(this.#text));
  }
}

/** A finished text in blocks. */
export function allBlocks(text: string): readonly Block[] {
  return keyed(parseMarkdown(text));
}

function keyed(root: Root): Block[] {
  return root.children.map((node, key) => ({ key, node }));
}

function reachesBack(node: RootContent): boolean {
  return node.type === 'definition' || node.type === 'footnoteDefinition';
}
