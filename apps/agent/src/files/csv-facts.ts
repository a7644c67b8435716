/** A table as text: its columns and what is in them, row by row; no row is kept. */
import { type CsvError, type Parser, parse } from 'csv-parse';
import { Column, type ColumnFacts, kindOfCell } from './column.ts';

export interface CsvProblem {
  /** `quote`: one was opened and never closed. `row`: a row too long to be one. */
  readonly what: 'quote' | 'row' | 'other';
  readonly line: number;
}

export interface CsvFacts {
  readonly separator: string;
  /** Of data, a header line not counted. */
  readonly rows: number;
  /** The first line names the columns. Without one they are called 1, 2, 3, … */
  readonly header: boolean;
  readonly columnCount: number;
  /** At most 1000 of them are examined. */
  readonly columns: readonly ColumnFacts[];
  /** Rows with fewer or more cells than there are columns. */
  readonly ragged: { readonly count: number; readonly firstLine: number };
  /** Where it could not be read on. The facts are those of the rows before. */
  readonly problem?: CsvProblem;
}

const MOST_COLUMNS = 1000;
/** Of all columns together: numbers kept for medians, and different texts counted. */
const SAMPLE_TOTAL = 1_000_000;
const DISTINCT_TOTAL = 100_000;
const ROW_CHARACTERS = 4 * 1024 * 1024;
const SEPARATORS = [',', ';', '\t', '|'];

/** The separator that is in the first line most often, quoted text left out. */
export function guessSeparator(head: string): string {
  const [line = ''] = head
    .replace(/"[^"]*"/g, '')
    .trimStart()
    .split(/[\r\n]/, 1);
  const counts = SEPARATORS.map((separator) => line.split(separator).length);
  const most = Math.max(...counts);
  return SEPARATORS[counts.indexOf(most)] ?? ',';
}

export class CsvReader {
  private readonly separator: string;
  private readonly parser: Parser;
  private readonly ended: Promise<void>;
  private first: readonly string[] | undefined;
  private columns: Column[] = [];
  private columnCount = 0;
  private header = false;
  private rows = 0;
  private ragged = 0;
  private firstRagged = 0;
  private problem: CsvProblem | undefined;

  constructor(separator: string) {
    this.separator = separator;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.parser = parse({
      delimiter: separator,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: ROW_CHARACTERS,
      on_record: (record: string[], { lines }) => {
        this.take(record, lines);
        // Nothing is passed on: nothing is kept.
        return null;
      },
    });
    this.parser.on('error', (error: CsvError) => {
      const what = { CSV_QUOTE_NOT_CLOSED: 'quote', CSV_MAX_RECORD_SIZE: 'row' } as const;
      const known = Object.entries(what).find(([code]) => code === error.code)?.[1];
      const line = typeof error.lines === 'number' ? error.lines : 0;
      this.problem ??= { what: known ?? 'other', line };
      resolve();
    });
    this.parser.on('end', resolve);
    this.parser.resume();
  }

  feed(text: string): Promise<void> | undefined {
    if (this.problem !== undefined) return undefined;
    // Called back in any case, also after an error.
    return new Promise((resolve) => {
      this.parser.write(text, () => resolve());
    });
  }

  async facts(): Promise<CsvFacts> {
    if (this.problem === undefined) this.parser.end();
    await this.ended;
    if (this.first !== undefined) this.begin(this.first, undefined, 1);
    const { separator, rows, header, columnCount, ragged, firstRagged, problem } = this;
    return {
      separator,
      rows,
      header,
      columnCount,
      columns: this.columns.map((column) => column.facts(rows)),
      ragged: { count: ragged, firstLine: firstRagged },
      ...(problem === undefined ? {} : { problem }),
    };
  }

  /** Frees what is held when the reading was given up. */
  close(): void {
    this.parser.destroy();
  }

  private take(record: readonly string[], line: number): void {
    if (this.columnCount > 0) this.row(record, line);
    else if (this.first === undefined) this.first = record;
    else this.begin(this.first, record, line);
  }

  /** Knows the columns as soon as the first two rows are there. */
  private begin(first: readonly string[], second: readonly string[] | undefined, line: number): void {
    this.first = undefined;
    this.header = this.looksLikeHeader(first, second);
    this.columnCount = first.length;
    const examined = Math.min(first.length, MOST_COLUMNS);
    const limits = {
      sample: Math.max(100, Math.min(50_000, Math.floor(SAMPLE_TOTAL / examined))),
      distinct: Math.max(100, Math.min(1000, Math.floor(DISTINCT_TOTAL / examined))),
      comma: this.separator !== ',',
    };
    const taken = new Map<string, number>();
    this.columns = first.slice(0, examined).map((cell, index) => {
      const name = (this.header && cell.trim().slice(0, 200)) || String(index + 1);
      const times = (taken.get(name) ?? 0) + 1;
      taken.set(name, times);
      return new Column(times === 1 ? name : `${name} (${times})`, limits);
    });
    if (!this.header) this.row(first, 1);
    if (second !== undefined) this.row(second, line);
  }

  private looksLikeHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
    const kind = (cell: string | undefined) => kindOfCell((cell ?? '').trim(), this.separator !== ',');
    const isNumber = (cell: string | undefined) => ['integer', 'number', 'date'].includes(kind(cell));
    if (!first.some(isNumber)) return true;
    return second !== undefined && first.some((cell, i) => kind(cell) === 'text' && isNumber(second[i]));
  }

  private row(record: readonly string[], line: number): void {
    this.rows++;
    if (record.length !== this.columnCount) {
      if (this.ragged === 0) this.firstRagged = line;
      this.ragged++;
    }
    for (const [index, column] of this.columns.entries()) {
      const cell = record[index];
      if (cell !== undefined) column.add(cell);
    }
  }
}
