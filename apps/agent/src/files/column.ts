/** What is in one column of a table, gathered cell by cell within a bounded memory. */

export type ColumnType = 'integer' | 'number' | 'date' | 'boolean' | 'text' | 'mixed' | 'empty';

export interface Numbers {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly mean: number;
  readonly median: number;
  /** The median is that of a random sample. */
  readonly sampled: boolean;
  /** Numbers that the median was taken from. */
  readonly sample: number;
}

export interface ColumnFacts {
  readonly name: string;
  readonly type: ColumnType;
  readonly filled: number;
  readonly empty: number;
  /** Of the cells that are numbers; absent where there are none. */
  readonly numbers?: Numbers;
  /** Of all other cells; `more`: there are more different ones than were counted. */
  readonly values?: {
    readonly distinct: number;
    readonly more: boolean;
    readonly top: readonly (readonly [value: string, count: number])[];
  };
}

export interface ColumnLimits {
  /** Numbers kept for the median. */
  readonly sample: number;
  /** Different texts counted. */
  readonly distinct: number;
  /** The fraction of a number may follow a comma. */
  readonly comma: boolean;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const COMMA_NUMBER = /^[+-]?\d+,\d+$/;
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
const BOOLEAN = /^(?:true|false|yes|no|да|нет|예|아니요)$/i;
/** A longer text is told apart from no other. */
const VALUE_LIMIT = 200;
const TOP = 5;

export type CellKind = 'empty' | 'integer' | 'number' | 'date' | 'boolean' | 'text';

/** What a cell looks like, blanks around it left out. */
export function kindOfCell(cell: string, comma: boolean): CellKind {
  if (cell === '') return 'empty';
  const code = cell.charCodeAt(0);
  // Digits and signs begin a number or a date; most text is told apart by its first character.
  if (code <= 57) {
    if (NUMBER.test(cell))
      return Number.isFinite(Number(cell)) ? (/^[+-]?\d+$/.test(cell) ? 'integer' : 'number') : 'text';
    if (comma && COMMA_NUMBER.test(cell)) return 'number';
    if (DATE.test(cell)) return 'date';
    return 'text';
  }
  return cell.length <= 5 && BOOLEAN.test(cell) ? 'boolean' : 'text';
}

export class Column {
  readonly name: string;
  private readonly limits: ColumnLimits;
  private readonly seen: Record<CellKind, number> = {
    empty: 0,
    integer: 0,
    number: 0,
    date: 0,
    boolean: 0,
    text: 0,
  };
  private readonly sample: number[] = [];
  private readonly distinct = new Map<string, number>();
  private more = false;
  private count = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private sum = 0;
  /** What adding to `sum` lost (Kahan). */
  private lost = 0;
  /** The same file gives the same sample every time. */
  private random = 0x9e3779b9;

  constructor(name: string, limits: ColumnLimits) {
    this.name = name;
    this.limits = limits;
  }

  add(raw: string): void {
    const cell = raw.trim();
    const kind = kindOfCell(cell, this.limits.comma);
    this.seen[kind]++;
    if (kind === 'integer' || kind === 'number') this.addNumber(Number(cell.replace(',', '.')));
    else if (kind !== 'empty') this.addValue(cell);
  }

  /** `rows`: cells beyond a short row count as empty. */
  facts(rows: number): ColumnFacts {
    const { empty: _, ...kinds } = this.seen;
    const filled = Object.values(kinds).reduce((sum, count) => sum + count, 0);
    const { name } = this;
    const type = this.type(filled);
    const numbers = this.numbers();
    const top = [...this.distinct].sort(([, a], [, b]) => b - a).slice(0, TOP);
    return {
      name,
      type,
      filled,
      empty: rows - filled,
      ...(numbers === undefined ? {} : { numbers }),
      ...(this.distinct.size === 0 && !this.more
        ? {}
        : { values: { distinct: this.distinct.size, more: this.more, top } }),
    };
  }

  private type(filled: number): ColumnType {
    const { integer, number, date, boolean, text } = this.seen;
    if (filled === 0) return 'empty';
    if (integer === filled) return 'integer';
    if (integer + number === filled) return 'number';
    if (date === filled) return 'date';
    if (boolean === filled) return 'boolean';
    return integer + number > 0 && text < filled ? 'mixed' : 'text';
  }

  private numbers(): Numbers | undefined {
    const { count, min, max, sum, sample } = this;
    if (count === 0) return undefined;
    const sorted = Float64Array.from(sample).sort();
    const middle = (sorted.length - 1) / 2;
    const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
    return {
      count,
      min,
      max,
      sum,
      mean: sum / count,
      median,
      sampled: count > sample.length,
      sample: sample.length,
    };
  }

  private addNumber(value: number): void {
    this.count++;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const term = value - this.lost;
    const next = this.sum + term;
    this.lost = next - this.sum - term;
    this.sum = next;
    if (this.sample.length < this.limits.sample) this.sample.push(value);
    else {
      const place = Math.floor(this.nextRandom() * this.count);
      if (place < this.sample.length) this.sample[place] = value;
    }
  }

  private addValue(value: string): void {
    const count = this.distinct.get(value);
    if (count !== undefined) this.distinct.set(value, count + 1);
    else if (value.length <= VALUE_LIMIT && this.distinct.size < this.limits.distinct)
      this.distinct.set(value, 1);
    else this.more = true;
  }

  /** xorshift: from 0 to before 1. */
  private nextRandom(): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return (x >>> 0) / 2 ** 32;
  }
}
