/** Answers to questions about a file, from its facts. */
import type { ColumnFacts } from './column.ts';
import { code, columnTable, distinct, figure, often } from './describe.ts';
import type { FileFacts } from './examine.ts';
import type { FilePhrases, Label } from './file-phrases.ts';
import { allNodes, type OutlineNode } from './json-facts.ts';
import type { Counted, Question, Statistic } from './requests.ts';

const SHOWN_COLUMNS = 50;

/** `undefined`: it was no question about this file after all. */
export function answerFrom(
  facts: FileFacts,
  question: Exclude<Question, { kind: 'first' }>,
  say: FilePhrases,
): string | undefined {
  const name = code(facts.name);
  if (facts.is === 'empty') return `${name}: ${say.empty}`;
  if (facts.is === 'binary') return say.noText(name);
  if (question.kind === 'count') return countAnswer(facts, question.of, say);
  if (question.kind === 'columns') {
    if (facts.csv === undefined) return say.noTable(name);
    const count = `${say.labels.columns}: ${figure(facts.csv.columnCount, say)} (${name})`;
    return `${count}\n\n${columnList(facts.csv.columns, say)}`;
  }
  if (facts.csv !== undefined) return columnAnswer(facts.csv.columns, question, say);
  if (facts.json !== undefined) return nodeAnswer(facts.json.outline, question, say);
  return question.sure ? say.noTable(name) : undefined;
}

function countAnswer(facts: Extract<FileFacts, { is: 'text' }>, of: Counted, say: FilePhrases): string {
  const { csv, text } = facts;
  const name = code(facts.name);
  if (of === 'rows' || of === 'columns') {
    if (csv === undefined) return say.noTable(name);
    return `${say.labels[of]}: ${figure(of === 'rows' ? csv.rows : csv.columnCount, say)} (${name})`;
  }
  return `${say.labels[of]}: ${figure(text[of], say)} (${name})`;
}

function columnList(columns: readonly ColumnFacts[], say: FilePhrases): string {
  const lines = columns
    .slice(0, SHOWN_COLUMNS)
    .map(({ name, type }) => `- ${code(name)}: ${say.types[type]}`);
  if (columns.length > SHOWN_COLUMNS)
    lines.push(say.moreColumns(figure(columns.length - SHOWN_COLUMNS, say)));
  return lines.join('\n');
}

type Asked = Extract<Question, { kind: 'statistic' }>;

function columnAnswer(columns: readonly ColumnFacts[], asked: Asked, say: FilePhrases): string | undefined {
  const column = findColumn(columns, asked.column);
  if (column === undefined) {
    if (!asked.sure) return undefined;
    const names = columns.slice(0, SHOWN_COLUMNS).map(({ name }) => code(name));
    return say.noColumn(code(asked.column), names.join(', ') + (columns.length > SHOWN_COLUMNS ? ', …' : ''));
  }
  if (asked.what === 'all') return columnTable({ columns: [column] }, say);
  if (asked.what === 'distinct') return valuesAnswer(column, say);
  if (column.numbers === undefined) return say.noNumbers(code(column.name));
  const answer = line(asked.what, code(column.name), column.numbers[asked.what], say);
  const isSample = asked.what === 'median' && column.numbers.sampled;
  return isSample ? `${answer}\n\n${say.sampled(figure(column.numbers.sample, say))}` : answer;
}

function findColumn(columns: readonly ColumnFacts[], asked: string): ColumnFacts | undefined {
  const same = (name: string) => name.normalize('NFC').toLowerCase() === asked.normalize('NFC').toLowerCase();
  return columns.find(({ name }) => name === asked) ?? columns.find(({ name }) => same(name));
}

function valuesAnswer(column: ColumnFacts, say: FilePhrases): string {
  const { labels } = say;
  const name = code(column.name);
  if (column.values === undefined) {
    const range = column.numbers && `${figure(column.numbers.min, say)} … ${figure(column.numbers.max, say)}`;
    return `${name}: ${range ?? say.types.empty}`;
  }
  const lines = [`${labels.distinct} (${name}): ${distinct(column, say)}`];
  const frequent = often(column, say);
  if (frequent !== '') lines.push(`${labels.often}: ${frequent}`);
  return lines.join('\n\n');
}

function nodeAnswer(outline: OutlineNode | undefined, asked: Asked, say: FilePhrases): string | undefined {
  const wanted = asked.column.toLowerCase();
  const found = [...allNodes(outline)].filter(
    ({ name, path }) => path !== '' && (name.toLowerCase() === wanted || path.toLowerCase() === wanted),
  );
  if (found.length === 0) {
    if (!asked.sure) return undefined;
    const names = [...allNodes(outline)]
      .filter(({ numbers }) => numbers !== undefined)
      .map(({ path }) => path);
    return say.noColumn(code(asked.column), names.slice(0, SHOWN_COLUMNS).map(code).join(', ') || '–');
  }
  const { what } = asked;
  if (what === 'median' || what === 'distinct') return say.onlyJson;
  const answers = found.map(({ path, numbers }) => {
    if (numbers === undefined) return say.noNumbers(code(path));
    const values = { ...numbers, mean: numbers.sum / numbers.count };
    const kinds = what === 'all' ? (['min', 'max', 'mean', 'sum'] as const) : [what];
    return kinds.map((kind) => line(kind, code(path), values[kind], say)).join('\n\n');
  });
  return answers.join('\n\n');
}

function line(what: Exclude<Statistic, 'all'>, of: string, value: number, say: FilePhrases): string {
  const label: Label = what;
  return `${say.labels[label]} (${of}): ${figure(value, say)}`;
}
