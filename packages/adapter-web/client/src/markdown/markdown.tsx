import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { useMemo, useRef } from 'preact/hooks';
import { allBlocks, type Block, GrowingBlocks } from './blocks.ts';
import type { CodeLabels } from './code.tsx';
import { renderNode } from './nodes.tsx';

interface MarkdownProps {
  readonly text: string;
  /** The text still grows. */
  readonly streaming?: boolean;
  readonly labels: CodeLabels;
}

/** An answer's Markdown as elements; see `renderNode` for what is let through. */
export function Markdown({ text, streaming = false, labels }: MarkdownProps): JSX.Element {
  const growing = useRef<GrowingBlocks>();
  const blocks = useMemo(() => {
    if (!streaming) return allBlocks(text);
    growing.current ??= new GrowingBlocks();
    return growing.current.update(text);
  }, [text, streaming]);
  return (
    <div class="md">
      {blocks.map((block) => (
        <BlockView key={block.key} node={block.node} labels={labels} />
      ))}
    </div>
  );
}

/** Finished blocks are the same objects at each update: they are not rendered again. */
const BlockView = memo(function BlockView({ node, labels }: { node: Block['node']; labels: CodeLabels }) {
  return <>{renderNode(node, labels)}</>;
});
