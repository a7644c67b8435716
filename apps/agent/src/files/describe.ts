/** Facts about a file as Markdown, in the person's language. */
import type { ColumnFacts } from './column.ts';
import type { CsvFacts } from './csv-facts.ts';
import type { FileFacts, ReadableFacts } from './examine.ts';
import type { FilePhrases } from './file-phrases.ts';
import type { FileProblem } from './file-problem.ts';
import type { JsonFacts, JsonKind, OutlineNode } from './json-facts.ts';

const SHOWN_COLUMNS = 30;
const SHOWN_NODES = 60;
const SHOWN_HEADINGS = 12;

export function describe(facts: FileFacts, say: FilePhrases): string {
  const title = `**${code(facts.name)}**`;
  if (facts.is === 'empty') return `${title}\n\n${say.empty}`;
  const size = sizeText(facts.size, say);
  if (facts.is === 'binary') {
    const wrong = facts.claims === undefined ? '' : ` ${say.notAsNamed(say.kinds[facts.claims])}`;
    return `${title}: ${size}\n\n${say.binary(facts.format)}${wrong}`;
  }
  const blocks = [
    `${title}: ${say.kinds[facts.kind]}, ${size}, ${facts.encoding.name.toUpperCase()}`,
    figures(facts, say),
    ...remarks(facts, say),
  ];
  if (facts.csv !== undefined) blocks.push(columnTable(facts.csv, say), ...csvRemarks(facts.csv, say));
  if (facts.json !== undefined) blocks.push(...jsonBlocks(facts.json, say));
  if (facts.headings !== undefined && facts.headings.count > 0) {
    const shown = facts.headings.headings.slice(0, SHOWN_HEADINGS);
    const lines = shown.map(({ level, text }) => `${'  '.repeat(level - 1)}- ${code(text)}`);
    if (facts.headings.count > shown.length) lines.push('- …');
    blocks.push(lines.join('\n'));
  }
  return blocks.join('\n\n');
}

/** What may be asked about it next. */
export function offer(facts: FileFacts, say: FilePhrases): string | undefined {
  if (facts.is !== 'text') return undefined;
  return facts.csv === undefined ? say.offerText : say.offerTable;
}

export function describeProblem(problem: FileProblem, say: FilePhrases): string {
  return say.problems[problem.code](code(problem.file));
}

function figures({ text, csv, json, headings }: ReadableFacts, say: FilePhrases): string {
  const { labels } = say;
  const rows: [string, string][] = [];
  if (csv !== undefined) {
    const separator = csv.separator === '\t' ? say.tab : code(csv.separator);
    rows.push([labels.rows, figure(csv.rows, say)], [labels.columns, figure(csv.columnCount, say)]);
    rows.push([labels.separator, separator]);
  }
  if (json !== undefined) {
    if (json.values > 1) rows.push([labels.values, figure(json.values, say)]);
    rows.push([labels.depth, figure(json.depth, say)]);
  }
  rows.push([labels.lines, figure(text.lines, say)]);
  rows.push([labels.words, figure(text.words, say)]);
  rows.push([labels.characters, figure(text.characters, say)]);
  if (headings !== undefined) rows.push([labels.headings, figure(headings.count, say)]);
  // Of JSON it is often a bracket alone.
  if (text.firstLine.length > (json === undefined ? 0 : 1))
    rows.push([labels.firstLine, code(text.firstLine)]);
  return rows.map(([label, value]) => `- ${label}: ${value}`).join('\n');
}

function remarks({ encoding, text }: ReadableFacts, say: FilePhrases): string[] {
  const said: string[] = [];
  if (encoding.guessed) said.push(say.guessedEncoding(encoding.name.toUpperCase()));
  if (text.unreadable > 0) said.push(say.unreadable(figure(text.unreadable, say)));
  return said;
}

function csvRemarks({ columns, columnCount, header, ragged, problem }: CsvFacts, say: FilePhrases): string[] {
  const said: string[] = [];
  if (!header && columnCount > 0) said.push(say.noHeader);
  if (columns.length > SHOWN_COLUMNS) said.push(say.moreColumns(figure(columnCount - SHOWN_COLUMNS, say)));
  if (columnCount > columns.length) said.push(say.unexamined(figure(columns.length, say)));
  const sampled = columns.flatMap(({ numbers }) => (numbers?.sampled ? [numbers.sample] : []));
  if (sampled.length > 0) said.push(say.sampled(figure(Math.max(...sampled), say)));
  if (ragged.count > 0) said.push(say.ragged(figure(ragged.count, say), figure(ragged.firstLine, say)));
  if (problem !== undefined) said.push(say.csvProblems[problem.what](figure(problem.line, say)));
  return said;
}

/** The columns of a table as a table, or what can be told of one column alone. */
export function columnTable({ columns }: Pick<CsvFacts, 'columns'>, say: FilePhrases): string {
  const { labels } = say;
  const heads = ['column', 'type', 'filled', 'min', 'max', 'mean', 'median', 'distinct', 'often'] as const;
  const lines = [
    `| ${heads.map((head) => labels[head]).join(' | ')} |`,
    '|---|---|---:|---:|---:|---:|---:|---:|---|',
  ];
  for (const column of columns.slice(0, SHOWN_COLUMNS)) {
    const { numbers } = column;
    const of = (value: number | undefined) => (value === undefined ? '' : figure(value, say));
    const cells = [
      cell(column.name),
      say.types[column.type],
      figure(column.filled, say),
      of(numbers?.min),
      of(numbers?.max),
      of(numbers?.mean),
      of(numbers?.median),
      distinct(column, say),
      often(column, say),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

export function distinct({ values }: ColumnFacts, say: FilePhrases): string {
  return values === undefined ? '' : `${values.more ? '> ' : ''}${figure(values.distinct, say)}`;
}

export function often({ values }: ColumnFacts, say: FilePhrases): string {
  if (values === undefined) return '';
  // Where no value comes twice none is frequent.
  const shown = values.top.filter(([, count], index) => count > 1 || (index < 3 && values.distinct <= 3));
  return shown.map(([value, count]) => `${cell(value.slice(0, 40))} (${figure(count, say)})`).join(', ');
}

function jsonBlocks({ outline, cut, problem }: JsonFacts, say: FilePhrases): string[] {
  const blocks: string[] = [];
  if (problem === undefined) blocks.push(say.jsonValid);
  else {
    const why = say.jsonProblems[problem.code](code(problem.found));
    blocks.push(say.jsonInvalid(figure(problem.line, say), figure(problem.column, say), why));
  }
  if (outline === undefined) return blocks;
  const lines: string[] = [];
  outlineLines(outline, 0, say, lines);
  blocks.push(fenced(lines.slice(0, SHOWN_NODES).join('\n')));
  if (cut || lines.length > SHOWN_NODES) blocks.push(say.outlineCut);
  return blocks;
}

function outlineLines(node: OutlineNode, depth: number, say: FilePhrases, lines: string[]): void {
  const kinds = Object.entries(node.kinds).map(([kind, count]) => {
    // The keys of `kinds` are its key type.
    const name = say.json[kind as JsonKind];
    return count > 1 ? `${name} × ${figure(count, say)}` : name;
  });
  const { numbers } = node;
  const range =
    numbers === undefined || numbers.count < 2
      ? ''
      : ` (${figure(numbers.min, say)} … ${figure(numbers.max, say)})`;
  const name = node.name === '[]' ? `${say.listItems}: ` : depth === 0 ? '' : `${oneLine(node.name, 60)}: `;
  lines.push(`${'  '.repeat(depth)}${name}${kinds.join(', ')}${range}`);
  for (const child of node.children) outlineLines(child, depth + 1, say, lines);
}

/** A figure as it is written in that language. */
export function figure(value: number, { tag }: FilePhrases): string {
  const digits = Math.abs(value) < 1 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 4 };
  const huge = Math.abs(value) >= 1e15 ? { notation: 'scientific' as const } : {};
  return new Intl.NumberFormat(tag, { ...digits, ...huge }).format(value);
}

export function sizeText(bytes: number, { tag }: FilePhrases): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const format = new Intl.NumberFormat(tag, {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  });
  return format.format(bytes / 1000 ** step);
}

/** As code, so that nothing in it is taken for markup. */
export function code(text: string): string {
  const line = oneLine(text, 300);
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') || line === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Code that may stand in a cell of a table. */
function cell(text: string): string {
  return code(text).replaceAll('|', '\\|');
}

function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function oneLine(text: string, limit: number): string {
  const line = text.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return line.length <= limit ? line : `${line.slice(0, limit).toWellFormed()}…`;
}
