/** What the agent says about files. The words of each language are in a file of their own. */
import type { ColumnType } from './column.ts';
import type { TextKind } from './examine.ts';
import type { FileProblemCode } from './file-problem.ts';
import type { JsonKind } from './json-facts.ts';
import type { JsonProblemCode } from './json-scanner.ts';

/** Countable things, as labels before a figure. */
export type Label =
  | 'lines'
  | 'words'
  | 'characters'
  | 'rows'
  | 'columns'
  | 'headings'
  | 'firstLine'
  | 'separator'
  | 'values'
  | 'depth'
  | 'mean'
  | 'median'
  | 'min'
  | 'max'
  | 'sum'
  | 'distinct'
  | 'type'
  | 'filled'
  | 'column'
  | 'often';

/** Names come already marked as code. */
export interface FilePhrases {
  /** For figures: a BCP 47 tag. */
  readonly tag: string;
  readonly kinds: Readonly<Record<TextKind, string>>;
  readonly types: Readonly<Record<ColumnType, string>>;
  readonly json: Readonly<Record<JsonKind, string>>;
  readonly labels: Readonly<Record<Label, string>>;
  readonly tab: string;
  readonly listItems: string;
  readonly empty: string;
  binary(format: string | undefined): string;
  notAsNamed(kind: string): string;
  guessedEncoding(encoding: string): string;
  unreadable(places: string): string;
  readonly noHeader: string;
  ragged(rows: string, firstLine: string): string;
  readonly csvProblems: Readonly<Record<'quote' | 'row' | 'other', (line: string) => string>>;
  sampled(numbers: string): string;
  moreColumns(count: string): string;
  unexamined(count: string): string;
  readonly jsonValid: string;
  jsonInvalid(line: string, column: string, why: string): string;
  readonly jsonProblems: Readonly<Record<JsonProblemCode, (found: string) => string>>;
  readonly outlineCut: string;
  readonly offerTable: string;
  readonly offerText: string;
  readonly problems: Readonly<Record<FileProblemCode, (name: string) => string>>;
  readonly reading: (name: string) => string;
  readonly read: (name: string) => string;
  readonly percent: (name: string, percent: string) => string;
  readonly yourFiles: string;
  readonly noFiles: string;
  andMore(count: string): string;
  readonly noFileYet: string;
  readonly reportTitle: string;
  reported(name: string): string;
  reportedAside(name: string, kept: string): string;
  askOverwrite(name: string): string;
  askDelete(name: string): string;
  deleted(name: string): string;
  kept(name: string): string;
  readonly neverAgain: string;
  sent(name: string): string;
  noColumn(column: string, columns: string): string;
  noNumbers(column: string): string;
  noTable(name: string): string;
  noText(name: string): string;
  readonly onlyJson: string;
}
