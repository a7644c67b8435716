/** Where in a YAML file something stands. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';

export type Path = readonly (string | number)[];

export interface Place {
  /** Both begin at 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  /** `agents[1].base_url`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** Of one anchor, or of nested ones together: the time that they take grows with the square. */
const MOST_ALIASES = 1000;

export class YamlText {
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #known = new Map<YAMLMap, ReadonlyMap<string, Pair>>();

  constructor(text: string) {
    // Its own error texts quote the line below them, where a secret may stand: `prettyErrors` is off.
    // Keys that are there twice are looked for here, because the parser compares each with all others.
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false,
    });
  }

  /** What is wrong with the text itself. `fatal`: its values say nothing. */
  get problems(): readonly (Problem & { readonly fatal: boolean })[] {
    const broken = this.#document.errors.map((error) => ({
      ...this.#place(error.pos[0]),
      key: '',
      message: error.message,
      fatal: true,
    }));
    return broken.length > 0 ? broken : this.#repeated();
  }

  #repeated(): (Problem & { readonly fatal: boolean })[] {
    const found: (Problem & { readonly fatal: boolean })[] = [];
    visit(this.#document, {
      Map: (_, map) => {
        const keys = new Set<string>();
        for (const { key } of map.items) {
          if (!isScalar(key)) continue;
          const name = String(key.value);
          const place = this.#place(rangeOf(key) ?? 0);
          if (keys.has(name))
            found.push({ ...place, key: name, message: 'this key stands here twice', fatal: false });
          keys.add(name);
        }
      },
    });
    return found;
  }

  /** Throws, with words for the operator, where there are too many aliases. */
  toValue(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (cause) {
      if (!(cause instanceof ReferenceError)) throw cause;
      throw new Error('has too many aliases (*name): write out what they stand for', { cause });
    }
  }

  /** Of the key, or of the entry of a list; of the nearest that is there, where it is not. */
  placeOf(path: Path): Place {
    let node: unknown = this.#document.contents;
    let at = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const step of path) {
      const container = this.#resolve(node);
      if (isMap(container)) {
        const pair = this.#pairs(container).get(String(step));
        if (pair === undefined) break;
        at = rangeOf(pair.key) ?? at;
        node = pair.value;
      } else if (isSeq(container) && typeof step === 'number' && container.items[step] !== undefined) {
        node = container.items[step];
        at = rangeOf(node) ?? at;
      } else break;
    }
    return this.#place(at);
  }

  problem(path: Path, message: string): Problem {
    return { ...this.placeOf(path), key: keyOf(path), message };
  }

  /** Looked up by key: a file may have many people and many mistakes. */
  #pairs(map: YAMLMap): ReadonlyMap<string, Pair> {
    let pairs = this.#known.get(map);
    if (pairs === undefined) {
      pairs = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
      this.#known.set(map, pairs);
    }
    return pairs;
  }

  #resolve(node: unknown): Node | undefined {
    if (isAlias(node)) return node.resolve(this.#document);
    return isNode(node) ? node : undefined;
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function rangeOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** `agents[1].base_url`, `user_agents["matrix:@a:b"]`. */
function keyOf(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_]\w*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return i === 0 ? step : `.${step}`;
    })
    .join('');
}
