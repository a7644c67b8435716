import type { Nodes, Parents, Table } from 'mdast';
import type { ComponentChildren, JSX } from 'preact';
import { Code, type CodeLabels } from './code.tsx';
import { safeLink } from './links.ts';

/**
 * mdast → elements. No HTML string is ever made: raw HTML in an answer is shown as the text it is.
 */
export function renderNode(node: Nodes, labels: CodeLabels, key?: number): ComponentChildren {
  const inside = () => children(node, labels);
  switch (node.type) {
    case 'root':
      return inside();
    case 'text':
      return node.value;
    case 'html':
      return node.value;
    case 'paragraph':
      return (
        <p key={key} dir="auto">
          {inside()}
        </p>
      );
    case 'heading': {
      // The page has a heading of its own: an answer's begin below it.
      const Tag = `h${Math.min(node.depth + 2, 6)}` as 'h3' | 'h4' | 'h5' | 'h6';
      return (
        <Tag key={key} dir="auto">
          {inside()}
        </Tag>
      );
    }
    case 'blockquote':
      return (
        <blockquote key={key} dir="auto">
          {inside()}
        </blockquote>
      );
    case 'list':
      return node.ordered ? (
        <ol key={key} start={node.start ?? 1} dir="auto">
          {inside()}
        </ol>
      ) : (
        <ul key={key} dir="auto">
          {inside()}
        </ul>
      );
    case 'listItem':
      return (
        <li key={key} class={typeof node.checked === 'boolean' ? 'md-task' : undefined}>
          {typeof node.checked === 'boolean' && <input type="checkbox" checked={node.checked} disabled />}
          {inside()}
        </li>
      );
    case 'code':
      return <Code key={key} value={node.value} lang={node.lang ?? undefined} labels={labels} />;
    case 'inlineCode':
      return <code key={key}>{node.value}</code>;
    case 'emphasis':
      return <em key={key}>{inside()}</em>;
    case 'strong':
      return <strong key={key}>{inside()}</strong>;
    case 'delete':
      return <del key={key}>{inside()}</del>;
    case 'break':
      return <br key={key} />;
    case 'thematicBreak':
      return <hr key={key} />;
    case 'link':
      return link(node.url, inside(), key);
    case 'image':
      // Not loaded: an answer must not be able to call out from the reader's browser.
      return link(node.url, `🖼 ${node.alt || node.url}`, key);
    case 'table':
      return table(node, labels, key);
    case 'linkReference':
    case 'footnoteReference':
      return 'children' in node ? <span key={key}>{inside()}</span> : <sup key={key}>{node.identifier}</sup>;
    case 'imageReference':
      return node.alt ?? '';
    case 'footnoteDefinition':
      return (
        <div key={key} class="md-footnote">
          <sup>{node.identifier}</sup> {inside()}
        </div>
      );
    case 'definition':
      return (
        <p key={key} class="md-definition">
          [{node.label ?? node.identifier}] {link(node.url, node.url)}
        </p>
      );
    default:
      return 'children' in node ? inside() : null;
  }
}

function children(node: Nodes, labels: CodeLabels): ComponentChildren {
  if (!('children' in node)) return null;
  return (node as Parents).children.map((child, index) => renderNode(child, labels, index));
}

function link(url: string, inside: ComponentChildren, key?: number): JSX.Element {
  const href = safeLink(url);
  if (href === undefined) return <span key={key}>{inside}</span>;
  return (
    <a key={key} href={href} target="_blank" rel="noopener noreferrer nofollow">
      {inside}
    </a>
  );
}

function table(node: Table, labels: CodeLabels, key?: number): JSX.Element {
  const [head, ...rows] = node.children;
  const align = (column: number) => {
    const side = node.align?.[column];
    return side ? `md-${side}` : undefined;
  };
  return (
    // Focusable, so that a wide table can be scrolled by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable
    <div key={key} class="md-table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head?.children.map((cell, column) => (
              <th key={cell.position?.start.offset} class={align(column)} dir="auto">
                {children(cell, labels)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.position?.start.offset}>
              {row.children.map((cell, column) => (
                <td key={cell.position?.start.offset} class={align(column)} dir="auto">
                  {children(cell, labels)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
