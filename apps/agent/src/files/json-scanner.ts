/**
 * Reads JSON piece by piece, as strictly as `JSON.parse`, and tells what comes. It keeps no more than how
 * the open brackets are nested and the beginning of one string.
 */

export type ScalarKind = 'string' | 'number' | 'boolean' | 'null';

export interface JsonListener {
  open(kind: 'object' | 'array'): void;
  close(): void;
  key(name: string): void;
  /** `text`: as written; of a string its beginning, escapes left as they are. */
  scalar(kind: ScalarKind, text: string): void;
}

export type JsonProblemCode =
  /** Something else should stand here. */
  | 'unexpected'
  | 'control_character'
  | 'bad_escape'
  | 'bad_number'
  | 'bad_word'
  /** The text ends before the value does. */
  | 'ends'
  | 'no_value'
  | 'too_deep';

export interface JsonProblem {
  readonly code: JsonProblemCode;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** What stands there; empty at the end. */
  readonly found: string;
}

type State = 'value' | 'first_item' | 'first_key' | 'key' | 'colon' | 'after' | 'done' | 'string' | 'plain';

/** Brackets open at a time. */
export const MOST_DEPTH = 100_000;
const STRING_KEPT = 200;
const PLAIN_KEPT = 400;
const ESCAPES = new Set('"\\/bfnrtu');
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export class JsonScanner {
  private readonly listener: JsonListener;
  /** Several values may follow each other (JSON Lines). */
  private readonly several: boolean;
  private readonly nesting: ('object' | 'array')[] = [];
  private state: State = 'value';
  private isKey = false;
  private token = '';
  private plainLength = 0;
  /** After a backslash: 1; inside of \uXXXX: hexadecimal digits still to come, plus 1. */
  private escape = 0;
  private line = 1;
  private lineStart = 0;
  /** Characters of the pieces before this one. */
  private before = 0;
  private at = 0;
  private values = 0;
  private failed: JsonProblem | undefined;

  constructor(listener: JsonListener, options: { readonly several?: boolean } = {}) {
    this.listener = listener;
    this.several = options.several ?? false;
  }

  get problem(): JsonProblem | undefined {
    return this.failed;
  }

  /** Whole values at the top. */
  get valueCount(): number {
    return this.values;
  }

  feed(text: string): void {
    for (this.at = 0; this.at < text.length && this.failed === undefined; ) {
      if (this.state === 'string') this.inString(text);
      else if (this.state === 'plain') this.inPlain(text);
      else this.between(text);
    }
    this.before += text.length;
    this.at = 0;
  }

  end(): void {
    if (this.failed !== undefined) return;
    if (this.state === 'plain') this.endPlain();
    if (this.failed !== undefined || this.state === 'done') return;
    if (this.state === 'value' && this.nesting.length === 0) {
      if (this.values === 0) this.fail('no_value', '');
      return;
    }
    this.fail('ends', '');
  }

  private between(text: string): void {
    const character = text[this.at] ?? '';
    if (character === ' ' || character === '\t' || character === '\r' || character === '\n') {
      this.at++;
      if (character === '\n') {
        this.line++;
        this.lineStart = this.before + this.at;
      }
      return;
    }
    const { state } = this;
    if (state === 'first_item' && character === ']') this.pop();
    else if (state === 'first_key' && character === '}') this.pop();
    else if (state === 'value' || state === 'first_item') this.value(character);
    else if ((state === 'key' || state === 'first_key') && character === '"') this.beginString(true);
    else if (state === 'colon' && character === ':') this.goOn('value');
    else if (state === 'after') this.afterItem(character);
    else this.fail('unexpected', character);
  }

  /** Between two items of a bracket, or behind the last. */
  private afterItem(character: string): void {
    const isObject = this.nesting.at(-1) === 'object';
    if (character === ',') this.goOn(isObject ? 'key' : 'value');
    else if (character === (isObject ? '}' : ']')) this.pop();
    else this.fail('unexpected', character);
  }

  private goOn(state: State): void {
    this.state = state;
    this.at++;
  }

  private value(character: string): void {
    if (character === '{' || character === '[') {
      if (this.nesting.length >= MOST_DEPTH) {
        this.fail('too_deep', character);
        return;
      }
      const kind = character === '{' ? 'object' : 'array';
      this.nesting.push(kind);
      this.listener.open(kind);
      this.goOn(kind === 'object' ? 'first_key' : 'first_item');
    } else if (character === '"') this.beginString(false);
    else if (/[-\w]/.test(character)) {
      this.token = '';
      this.plainLength = 0;
      this.state = 'plain';
    } else this.fail('unexpected', character);
  }

  private beginString(isKey: boolean): void {
    this.isKey = isKey;
    this.token = '';
    this.escape = 0;
    this.goOn('string');
  }

  private inString(text: string): void {
    while (this.at < text.length && this.state === 'string' && this.failed === undefined) {
      if (this.escape > 0) {
        this.inEscape(text[this.at] ?? '');
        continue;
      }
      const from = this.at;
      let code = text.charCodeAt(from);
      while (code !== 34 && code !== 92 && code >= 32) code = text.charCodeAt(++this.at);
      this.keep(text.slice(from, Math.min(this.at, from + STRING_KEPT)));
      // Past the end the code is NaN.
      if (code === 34) this.endString();
      else if (code === 92) {
        this.keep('\\');
        this.escape = 1;
        this.at++;
      } else if (code < 32) this.fail('control_character', text[this.at] ?? '');
    }
  }

  private keep(text: string): void {
    if (this.token.length < STRING_KEPT) this.token += text;
  }

  private inEscape(character: string): void {
    const allowed = this.escape === 1 ? ESCAPES.has(character) : /[\da-f]/i.test(character);
    if (!allowed) {
      this.fail('bad_escape', character);
      return;
    }
    this.keep(character);
    if (this.escape === 1) this.escape = character === 'u' ? 5 : 0;
    else this.escape = this.escape === 2 ? 0 : this.escape - 1;
    this.at++;
  }

  private endString(): void {
    this.at++;
    if (this.isKey) {
      this.listener.key(this.token);
      this.state = 'colon';
    } else {
      this.listener.scalar('string', this.token);
      this.afterValue();
    }
  }

  /** A number, or a word: true, false, null. */
  private inPlain(text: string): void {
    for (; this.at < text.length; this.at++) {
      const character = text[this.at] ?? '';
      if (!/[-+.\w]/.test(character)) {
        this.endPlain();
        return;
      }
      if (this.token.length < PLAIN_KEPT) this.token += character;
      this.plainLength++;
    }
  }

  private endPlain(): void {
    const kind = kindOfPlain(this.token);
    if (kind === undefined) {
      const code = /^[-\d]/.test(this.token) ? 'bad_number' : 'bad_word';
      this.fail(code, this.token.slice(0, 40), this.plainLength);
    } else {
      this.listener.scalar(kind, this.token);
      this.afterValue();
    }
  }

  private pop(): void {
    this.nesting.pop();
    this.listener.close();
    this.at++;
    this.afterValue();
  }

  private afterValue(): void {
    if (this.nesting.length > 0) this.state = 'after';
    else {
      this.values++;
      this.state = this.several ? 'value' : 'done';
    }
  }

  /** `back`: so many characters before the one that is read. */
  private fail(code: JsonProblemCode, found: string, back = 0): void {
    const column = this.before + this.at - back - this.lineStart + 1;
    this.failed = { code, line: this.line, column, found };
  }
}

function kindOfPlain(token: string): ScalarKind | undefined {
  if (token === 'true' || token === 'false') return 'boolean';
  if (token === 'null') return 'null';
  // Of a number longer than any that means something the beginning is looked at.
  const isNumber = JSON_NUMBER.test(token) || (token.length >= PLAIN_KEPT && /^-?\d/.test(token));
  return isNumber ? 'number' : undefined;
}
