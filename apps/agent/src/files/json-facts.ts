/** What a JSON text is made of: an outline of its nesting, gathered piece by piece within a bounded memory. */
import { type JsonListener, type JsonProblem, JsonScanner, type ScalarKind } from './json-scanner.ts';

export type JsonKind = ScalarKind | 'object' | 'array';

/** One place of the outline: all values that stand there, whichever item of a list they belong to. */
export interface OutlineNode {
  /** The key; `[]` for the items of a list; empty at the top. */
  readonly name: string;
  /** From the top: `items[].price`. */
  readonly path: string;
  readonly kinds: Readonly<Partial<Record<JsonKind, number>>>;
  readonly numbers?: {
    readonly count: number;
    readonly min: number;
    readonly max: number;
    readonly sum: number;
  };
  readonly children: readonly OutlineNode[];
}

export interface JsonFacts {
  /** Absent where there was no value at all. */
  readonly outline: OutlineNode | undefined;
  /** The outline shows only a part: it is too deep or has too many different keys. */
  readonly cut: boolean;
  readonly depth: number;
  readonly counts: Readonly<Record<JsonKind, number>>;
  /** Values at the top: more than one in JSON Lines. */
  readonly values: number;
  readonly problem?: JsonProblem;
}

const MOST_NODES = 500;
const OUTLINE_DEPTH = 8;

class Node {
  readonly name: string;
  readonly path: string;
  readonly kinds: Partial<Record<JsonKind, number>> = {};
  readonly children = new Map<string, Node>();
  private numbers: { count: number; min: number; max: number; sum: number } | undefined;

  constructor(name: string, path: string) {
    this.name = name;
    this.path = path;
  }

  saw(kind: JsonKind): void {
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
  }

  sawNumber(value: number): void {
    this.numbers ??= { count: 0, min: value, max: value, sum: 0 };
    this.numbers.count++;
    this.numbers.min = Math.min(this.numbers.min, value);
    this.numbers.max = Math.max(this.numbers.max, value);
    this.numbers.sum += value;
  }

  facts(): OutlineNode {
    const { name, path, kinds, numbers } = this;
    const children = [...this.children.values()].map((child) => child.facts());
    return { name, path, kinds, ...(numbers === undefined ? {} : { numbers }), children };
  }
}

export class JsonReader implements JsonListener {
  private readonly scanner: JsonScanner;
  private readonly top = new Node('', '');
  /** The nodes of the open brackets, as deep as the outline goes; below it only `depth` counts. */
  private readonly path: (Node | undefined)[] = [];
  private depth = 0;
  private deepest = 0;
  private nodes = 1;
  private cut = false;
  private currentKey: string | undefined;
  private readonly counts: Record<JsonKind, number> = {
    object: 0,
    array: 0,
    string: 0,
    number: 0,
    boolean: 0,
    null: 0,
  };

  /** `lines`: JSON Lines, one value after another. */
  constructor(options: { readonly lines: boolean }) {
    this.scanner = new JsonScanner(this, { several: options.lines });
  }

  feed(text: string): void {
    this.scanner.feed(text);
  }

  facts(): JsonFacts {
    this.scanner.end();
    const { counts, cut, deepest, scanner } = this;
    const { problem, valueCount } = scanner;
    const any = Object.values(counts).some((count) => count > 0);
    return {
      outline: any ? this.top.facts() : undefined,
      cut,
      depth: deepest,
      counts,
      values: valueCount,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  open(kind: 'object' | 'array'): void {
    const node = this.here();
    this.counts[kind]++;
    node?.saw(kind);
    this.depth++;
    this.deepest = Math.max(this.deepest, this.depth);
    if (this.depth <= OUTLINE_DEPTH) this.path.push(node);
    else this.cut = true;
    this.currentKey = kind === 'array' ? '[]' : undefined;
  }

  close(): void {
    if (this.depth <= OUTLINE_DEPTH) this.path.pop();
    this.depth--;
    // The next item of the list around it, if it is one; an object names its next value first.
    this.currentKey = '[]';
  }

  key(name: string): void {
    this.currentKey = readable(name);
  }

  scalar(kind: ScalarKind, text: string): void {
    this.counts[kind]++;
    const node = this.here();
    node?.saw(kind);
    if (kind === 'number') {
      const value = Number(text);
      if (Number.isFinite(value)) node?.sawNumber(value);
    }
    this.currentKey = '[]';
  }

  /** The node of the value that comes now; none where the outline does not reach. */
  private here(): Node | undefined {
    if (this.depth === 0) return this.top;
    if (this.depth > OUTLINE_DEPTH) return undefined;
    const around = this.path.at(-1);
    if (around === undefined) return undefined;
    const name = this.currentKey ?? '[]';
    const known = around.children.get(name);
    if (known !== undefined) return known;
    if (this.nodes >= MOST_NODES) {
      this.cut = true;
      return undefined;
    }
    this.nodes++;
    const joint = name === '[]' || around.path === '' ? '' : '.';
    // A copy: a piece of a large text would keep all of it in memory.
    const own = Buffer.from(name).toString();
    const made = new Node(own, around.path + joint + own);
    around.children.set(own, made);
    return made;
  }
}

/** A key without its escapes. Cut in the middle of one, it stays as it was written. */
function readable(name: string): string {
  if (!name.includes('\\')) return name;
  try {
    return String(JSON.parse(`"${name}"`));
  } catch {
    return name;
  }
}

/** Every place of the outline, from the top down. */
export function* allNodes(node: OutlineNode | undefined): Generator<OutlineNode> {
  if (node === undefined) return;
  yield node;
  for (const child of node.children) yield* allNodes(child);
}
