import type { Nodes, Parents, RootContent } from 'mdast';
import { isCostly } from './costly.ts';
import { parseMarkdown } from './parse.ts';

export interface SplitOptions {
  /** The longest part, in the unit of `measure`. At least 16. */
  readonly limit: number;
  /** The size of a text as the messenger counts it. UTF-16 units by default. */
  readonly measure?: (text: string) => number;
}

/** The size of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}

/** A stretch of the answer that is better kept whole, and the white space that stood before it. */
interface Piece {
  readonly gap: string;
  readonly text: string;
}

/**
 * Splits Markdown into parts that each fit one message: between blocks where it can, inside a block
 * at its own joints where it must (rows, items, lines, words, in that order). A fenced block is
 * closed at the end of a part and opened again in the next; a table's head is repeated; a link, an
 * inline code and a character stay whole unless they alone are over the limit.
 * Of a text that would cost too much to parse only the fences are seen to.
 *
 * The parts are never empty; for an empty text there are none.
 */
export function splitMarkdown(markdown: string, options: SplitOptions): string[] {
  const limit = options.limit;
  if (limit < 16) throw new RangeError(`split limit ${limit} is below 16`);
  const measure = options.measure ?? ((text: string) => text.length);
  const whole = markdown.trim();
  if (whole === '') return [];
  if (measure(whole) <= limit) return [whole];
  const splitter = new Splitter(markdown, limit, measure);
  const pieces = isCostly(markdown) ? splitter.unparsed() : splitter.children(parseMarkdown(markdown));
  const parts = splitter.pack(pieces);
  // A block can be nothing but its own marks, such as a fence over the limit: it is shown as it is.
  return parts.length > 0 ? parts : [...hardCut(whole, limit, measure)];
}

class Splitter {
  readonly #source: string;
  readonly #limit: number;
  readonly #measure: (text: string) => number;

  constructor(source: string, limit: number, measure: (text: string) => number) {
    this.#source = source;
    this.#limit = limit;
    this.#measure = measure;
  }

  /** Fills parts greedily. */
  pack(pieces: Iterable<Piece>): string[] {
    const parts: string[] = [];
    let current = '';
    let size = 0;
    for (const piece of pieces) {
      const added = this.#measure(piece.gap) + this.#measure(piece.text);
      if (current !== '' && size + added <= this.#limit) {
        current += piece.gap + piece.text;
        size += added;
        continue;
      }
      if (current !== '') parts.push(current);
      current = piece.text;
      size = this.#measure(current);
    }
    if (current !== '') parts.push(current);
    return parts.map((part) => part.replace(/^\n+/, '').trimEnd()).filter((part) => part.trim() !== '');
  }

  /** The children of a node as pieces that each fit; what stands between them becomes the gap. */
  *children(node: Parents): Generator<Piece> {
    let end = start(node);
    for (const child of node.children) {
      let gap = this.#source.slice(end, start(child));
      // What is no child of its own but not white space either: the marker of a list item.
      const marker = gap.trim();
      if (marker !== '') {
        yield* withGap(gap.slice(0, gap.indexOf(marker)), this.#words(marker));
        gap = gap.slice(gap.indexOf(marker) + marker.length);
      }
      end = stop(child);
      const text = this.#source.slice(start(child), end);
      if (this.#measure(text) <= this.#limit) yield { gap, text };
      else yield* withGap(gap, this.#block(child as RootContent, text));
    }
    const rest = this.#source.slice(end, stop(node));
    if (rest.trim() !== '') yield* this.#words(rest);
  }

  /** The text as lines and fenced blocks, found without a parser. */
  *unparsed(): Generator<Piece> {
    let block: string[] = [];
    let fence: string | undefined;
    const flush = function* (this: Splitter) {
      if (block.length === 0) return;
      const text = block.join('\n');
      block = [];
      if (this.#measure(text) <= this.#limit) yield { gap: '\n', text };
      else yield* withGap('\n', fence === undefined ? this.#lines(text) : this.#code(text));
    }.bind(this);
    for (const line of this.#source.split('\n')) {
      const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
      if (fence === undefined && mark !== undefined) {
        yield* flush();
        fence = mark;
        block.push(line);
        continue;
      }
      block.push(line);
      if (fence !== undefined && mark?.startsWith(fence) && line.trim() === mark) {
        yield* flush();
        fence = undefined;
      }
    }
    yield* flush();
  }

  #block(node: RootContent, text: string): Iterable<Piece> {
    switch (node.type) {
      case 'code':
        return this.#code(text);
      case 'table':
        return this.#table(
          node.children.map((row) => this.#source.slice(start(row), stop(row))),
          text,
        );
      case 'list':
      case 'listItem':
        return this.children(node);
      case 'paragraph':
        return this.#inline(node);
      default:
        return this.#lines(text);
    }
  }

  /** A code block over the limit: every part has its own fence. */
  *#code(text: string): Generator<Piece> {
    const lines = text.split('\n');
    const fence = /^[ \t]*(`{3,}|~{3,})/.exec(lines[0] ?? '')?.[1];
    if (fence === undefined) return yield* this.#lines(text);
    const indent = /^[ \t]*/.exec(lines.at(-1) ?? '')?.[0] ?? '';
    const closed = lines.length > 1 && (lines.at(-1) ?? '').trim().startsWith(fence);
    const body = lines.slice(1, closed ? -1 : undefined);
    // A long info string must not eat the room of the code: then it is said once, before it.
    const info = lines[0] ?? '';
    const short = this.#measure(info) <= this.#limit / 2;
    if (!short) yield* this.#words(info.trim().slice(fence.length));
    const open = short ? info : `${indent}${fence}`;
    const close = `${indent}${fence}`;
    const room = this.#limit - this.#measure(open) - this.#measure(close) - 2;
    // Any character must fit between the fences, whatever its bytes, and the end of its line.
    if (room < 5) return yield* this.#lines(body.join('\n'));
    let chunk: string[] = [];
    let size = 0;
    const flush = () => ({ gap: '\n\n', text: `${open}\n${chunk.join('\n')}\n${close}` });
    for (const line of body.flatMap((line) => [...hardCut(line, room - 1, this.#measure)])) {
      const added = this.#measure(line) + 1;
      if (chunk.length > 0 && size + added > room) {
        yield flush();
        chunk = [];
        size = 0;
      }
      chunk.push(line);
      size += added;
    }
    if (chunk.length > 0) yield flush();
  }

  /** A table over the limit: every part repeats the head. */
  *#table(rows: readonly string[], text: string): Generator<Piece> {
    const head = text.split('\n').slice(0, 2).join('\n');
    const room = this.#limit - this.#measure(head) - 1;
    if (rows.length < 2 || rows.slice(1).some((row) => this.#measure(row) > room))
      return yield* this.#lines(text);
    let chunk = '';
    for (const row of rows.slice(1)) {
      if (chunk !== '' && this.#measure(chunk) + this.#measure(row) + 1 > room) {
        yield { gap: '\n\n', text: `${head}\n${chunk}` };
        chunk = '';
      }
      chunk = chunk === '' ? row : `${chunk}\n${row}`;
    }
    if (chunk !== '') yield { gap: '\n\n', text: `${head}\n${chunk}` };
  }

  /** Cuts a paragraph between words, never inside a link, a code span or emphasis that fits. */
  *#inline(node: Parents): Generator<Piece> {
    let glued = '';
    for (const child of node.children) {
      const text = this.#source.slice(start(child), stop(child));
      if (child.type !== 'text' && child.type !== 'break') {
        glued += text;
        continue;
      }
      const words = text.split(/(?<=\s)(?=\S)/);
      for (const word of words) {
        glued += word;
        if (!/\s$/.test(word)) continue;
        yield* this.#words(glued);
        glued = '';
      }
    }
    yield* this.#words(glued);
  }

  *#lines(text: string): Generator<Piece> {
    for (const [index, line] of text.split('\n').entries()) {
      yield* withGap(index === 0 ? '' : '\n', this.#words(line));
    }
  }

  /** Words, and of a word over the limit its characters. White space stays with the word before it. */
  *#words(text: string): Generator<Piece> {
    if (this.#measure(text) <= this.#limit) return yield { gap: '', text };
    for (const word of text.split(/(?<=\s)(?=\S)/)) {
      for (const cut of hardCut(word, this.#limit, this.#measure)) yield { gap: '', text: cut };
    }
  }
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Pieces of at most `limit`, cut between characters as people see them; a character over the limit, between code points. */
function* hardCut(text: string, limit: number, measure: (text: string) => number): Generator<string> {
  if (measure(text) <= limit) return yield text;
  let piece = '';
  let size = 0;
  for (const { segment } of characters.segment(text)) {
    const units = measure(segment) <= limit ? [segment] : [...segment];
    for (const unit of units) {
      const added = measure(unit);
      if (piece !== '' && size + added > limit) {
        yield piece;
        piece = '';
        size = 0;
      }
      piece += unit;
      size += added;
    }
  }
  if (piece !== '') yield piece;
}

function* withGap(gap: string, pieces: Iterable<Piece>): Generator<Piece> {
  let first = true;
  for (const piece of pieces) {
    yield first ? { gap, text: piece.text } : piece;
    first = false;
  }
}

/** Nodes of a parsed text always have positions; made-up ones do not get here. */
function start(node: Nodes): number {
  return node.position?.start.offset ?? 0;
}
function stop(node: Nodes): number {
  return node.position?.end.offset ?? 0;
}
