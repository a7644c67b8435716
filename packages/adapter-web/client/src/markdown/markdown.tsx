import type { RootContent } from 'mdast';
import { Component, type ComponentChild } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { GrowingMarkdown } from './growing.ts';
import { type Definitions, definitionsOf, plainText, renderNode } from './render.tsx';

/** Above this a finished text keeps the blocks that were parsed while it grew. UTF-16 units. */
const REPARSE_LIMIT = 50_000;

/** Finished long texts are not parsed anew when their chat is shown again. UTF-16 units; how many. */
const LONG = 5_000;
const REMEMBERED = 12;
const remembered = new Map<string, readonly RootContent[]>();

function remember(text: string, blocks: readonly RootContent[]): void {
  if (text.length < LONG) return;
  // The one that was wanted longest ago goes first.
  remembered.delete(text);
  remembered.set(text, blocks);
  const [oldest] = remembered.keys();
  if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}

/** One top-level block; drawn again only when it changed. What cannot be drawn is shown as text. */
class Block extends Component<{ node: RootContent; defs: Definitions }, { broken: boolean }> {
  static override getDerivedStateFromError() {
    return { broken: true };
  }

  override shouldComponentUpdate(next: { node: RootContent; defs: Definitions }, state: { broken: boolean }) {
    return next.node !== this.props.node || next.defs !== this.props.defs || state !== this.state;
  }

  override render({ node, defs }: { node: RootContent; defs: Definitions }): ComponentChild {
    return this.state.broken ? <p>{plainText(node)}</p> : renderNode(node, defs);
  }
}

const NO_DEFS: Definitions = new Map();

/** `growing`: more may be added at the end. */
export function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const parser = useRef<GrowingMarkdown | null>(null);
  const blocks = useMemo(() => {
    const known = growing ? undefined : remembered.get(text);
    if (known !== undefined && parser.current === null) {
      remember(text, known);
      return known;
    }
    // A finished text is parsed as a whole once: references may point forward.
    if (parser.current === null || (!growing && text.length <= REPARSE_LIMIT)) {
      parser.current = new GrowingMarkdown();
    }
    const parsed = parser.current.update(text);
    if (!growing) remember(text, parsed);
    return parsed;
  }, [text, growing]);
  const defs = useMemo(() => (growing ? NO_DEFS : orNone(definitionsOf(blocks))), [blocks, growing]);
  return (
    <div class="markdown">
      {/* Blocks are only added at the end: their place is their name. */}
      {blocks.map((node, i) => (
        <div class="block" key={i}>
          <Block node={node} defs={defs} />
        </div>
      ))}
    </div>
  );
}

/** The same object when there is none, so that no block is drawn again for it. */
function orNone(defs: Definitions): Definitions {
  return defs.size === 0 ? NO_DEFS : defs;
}
