/** Counts what a text is made of, piece by piece: no piece is kept. */

export interface TextFacts {
  readonly lines: number;
  /** Between blanks. */
  readonly words: number;
  /** Code points, line ends included. */
  readonly characters: number;
  /** The first line that is not blank, at most 300 UTF-16 units of it. */
  readonly firstLine: string;
  /** Places whose bytes are no text of this encoding. */
  readonly unreadable: number;
}

const FIRST_LINE = 300;
const LF = 10;
const CR = 13;

export class TextCounter {
  private lines = 0;
  private words = 0;
  private characters = 0;
  private unreadable = 0;
  private inWord = false;
  /** Something stands in the line that has no end yet. */
  private inLine = false;
  private afterCr = false;
  private firstLine = '';
  private firstLineDone = false;

  feed(text: string): void {
    if (!this.firstLineDone) this.feedFirstLine(text);
    let { lines, words, characters, inWord, inLine, afterCr } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      // The second half of a character is none of its own.
      if ((code & 0xfc00) !== 0xdc00) characters++;
      if (code === 0xfffd) this.unreadable++;
      if (code === LF) {
        if (!afterCr) lines++;
        inLine = false;
      } else if (code === CR) {
        lines++;
        inLine = false;
      } else inLine = true;
      afterCr = code === CR;
      if (isBlank(code)) inWord = false;
      else if (!inWord) {
        inWord = true;
        words++;
      }
    }
    Object.assign(this, { lines, words, characters, inWord, inLine, afterCr });
  }

  facts(): TextFacts {
    return {
      lines: this.lines + (this.inLine ? 1 : 0),
      words: this.words,
      characters: this.characters,
      firstLine: copied(this.firstLine.trim()),
      unreadable: this.unreadable,
    };
  }

  private feedFirstLine(text: string): void {
    const from = this.firstLine === '' ? text.search(/\S/) : 0;
    if (from < 0) return;
    const piece = text.slice(from, from + FIRST_LINE);
    const [line = ''] = piece.split(/[\r\n]/, 1);
    this.firstLine = (this.firstLine + line).slice(0, FIRST_LINE);
    this.firstLineDone = line.length < piece.length || this.firstLine.length === FIRST_LINE;
  }
}

function isBlank(code: number): boolean {
  if (code < 0x80) return code === 32 || (code >= 9 && code <= 13);
  return (
    code === 0xa0 ||
    code === 0x85 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    (code >= 0x2028 && code <= 0x2029) ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

export interface Heading {
  readonly level: number;
  readonly text: string;
}

const HEADINGS = 50;
const LINE = 1000;

/** The headings of a Markdown text, those inside of code left out. */
export class HeadingReader {
  private readonly headings: Heading[] = [];
  private line = '';
  private fence: string | undefined;
  private count = 0;

  feed(text: string): void {
    const lines = text.split(/\r\n|\r|\n/);
    for (const [index, piece] of lines.entries()) {
      if (index > 0) this.endLine();
      if (this.line.length < LINE) this.line += piece.slice(0, LINE);
    }
  }

  /** At most 50 of them, and how many there are. */
  facts(): { readonly headings: readonly Heading[]; readonly count: number } {
    this.endLine();
    return { headings: this.headings, count: this.count };
  }

  private endLine(): void {
    const { line } = this;
    this.line = '';
    const fence = /^ {0,3}(```|~~~)/.exec(line)?.[1];
    if (fence !== undefined && (this.fence === undefined || this.fence === fence)) {
      this.fence = this.fence === undefined ? fence : undefined;
      return;
    }
    const [, marks, text] = (this.fence === undefined && /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line)) || [];
    if (marks === undefined || text === undefined) return;
    this.count++;
    // A copy: a piece of a large text would keep all of it in memory.
    if (this.headings.length < HEADINGS)
      this.headings.push({ level: marks.length, text: copied(text.slice(0, 120)) });
  }
}

/** Well-formed, and free of the large text it was cut from. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}
