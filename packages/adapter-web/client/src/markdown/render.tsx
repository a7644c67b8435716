/** mdast to elements. No HTML is ever set: raw HTML is shown as text, links go to known schemes only. */
import type { AlignType, Definition, Nodes, RootContent, Table } from 'mdast';
import type { ComponentChild } from 'preact';
import { CodeBlock } from './code-block.tsx';

/** Deeper than anybody writes; beyond it the text is shown without its marks. */
const MAX_DEPTH = 40;
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

export type Definitions = ReadonlyMap<string, Definition>;

/** The link targets that `[text][name]` refers to. */
export function definitionsOf(blocks: readonly RootContent[]): Definitions {
  const found = new Map<string, Definition>();
  for (const block of blocks) {
    if (block.type === 'definition' && !found.has(block.identifier)) found.set(block.identifier, block);
  }
  return found;
}

/** The address where it may be opened, else `undefined`. */
export function safeHref(url: string): string | undefined {
  const parsed = URL.parse(url);
  return parsed !== null && SCHEMES.has(parsed.protocol) ? parsed.href : undefined;
}

/** The text of a node without its marks. */
export function plainText(node: Nodes): string {
  if ('value' in node) return node.value;
  if (node.type === 'break') return '\n';
  if ('alt' in node) return node.alt ?? '';
  if ('children' in node) return node.children.map(plainText).join(node.type === 'list' ? '\n' : '');
  return '';
}

export function renderNode(node: RootContent, defs: Definitions, depth = 0): ComponentChild {
  if (depth > MAX_DEPTH) return plainText(node);
  const inside = (parent: { children: readonly RootContent[] }) =>
    parent.children.map((child) => renderNode(child, defs, depth + 1));
  switch (node.type) {
    case 'text':
      return node.value;
    case 'paragraph':
      return <p dir="auto">{inside(node)}</p>;
    case 'heading':
      return heading(node.depth, inside(node));
    case 'emphasis':
      return <em>{inside(node)}</em>;
    case 'strong':
      return <strong>{inside(node)}</strong>;
    case 'delete':
      return <del>{inside(node)}</del>;
    case 'inlineCode':
      return <code dir="ltr">{node.value}</code>;
    case 'break':
      return <br />;
    case 'thematicBreak':
      return <hr />;
    case 'blockquote':
      return <blockquote dir="auto">{inside(node)}</blockquote>;
    case 'code':
      return <CodeBlock value={node.value} lang={node.lang ?? undefined} />;
    case 'html':
      return depth === 0 ? <p dir="auto">{node.value}</p> : node.value;
    case 'list': {
      const items = node.children.map((item) => (
        <li dir="auto" class={typeof item.checked === 'boolean' ? 'task' : undefined}>
          {typeof item.checked === 'boolean' && <input type="checkbox" disabled checked={item.checked} />}
          {item.children.map((child) =>
            // A tight list has no space between its items.
            child.type === 'paragraph' && item.spread !== true && node.spread !== true ? (
              <span>{inside(child)}</span>
            ) : (
              renderNode(child, defs, depth + 1)
            ),
          )}
        </li>
      ));
      return node.ordered === true ? <ol start={node.start ?? 1}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return table(node, defs, depth);
    case 'link':
      return link(node.url, inside(node));
    case 'linkReference': {
      const target = defs.get(node.identifier);
      return target === undefined ? [`[`, ...inside(node), `]`] : link(target.url, inside(node));
    }
    case 'image':
      return link(node.url, node.alt || node.url);
    case 'imageReference': {
      const target = defs.get(node.identifier);
      return target === undefined ? (node.alt ?? '') : link(target.url, node.alt || target.url);
    }
    case 'footnoteReference':
      return <sup>[{node.label ?? node.identifier}]</sup>;
    case 'footnoteDefinition':
      return (
        <div class="footnote">
          <sup>[{node.label ?? node.identifier}]</sup> {inside(node)}
        </div>
      );
    case 'definition':
      return null;
    default:
      return plainText(node);
  }
}

/** A message is a part of the page: its headings stand below the page's own. */
function heading(depth: number, children: ComponentChild): ComponentChild {
  const Tag = (['h3', 'h4', 'h5', 'h6'] as const)[Math.min(depth, 4) - 1] ?? 'h6';
  return <Tag dir="auto">{children}</Tag>;
}

function link(url: string, children: ComponentChild): ComponentChild {
  const href = safeHref(url);
  if (href === undefined) return children;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function table(node: Table, defs: Definitions, depth: number): ComponentChild {
  const [head, ...rows] = node.children;
  const align = (index: number): AlignType => node.align?.[index] ?? null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div class="table-scroll" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head?.children.map((cell, i) => (
              <th dir="auto" data-align={align(i)}>
                {cell.children.map((child) => renderNode(child, defs, depth + 1))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.children.map((cell, i) => (
                <td dir="auto" data-align={align(i)}>
                  {cell.children.map((child) => renderNode(child, defs, depth + 1))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
