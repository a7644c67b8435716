/**
 * What happens to an answer when the way to the agent breaks: the expected outcome for each set of agreed
 * features and each point. The suite tests every cell; docs/agent-protocol-table.md is made from it.
 */

/** The features that decide. `cancel` and `confirm` change nothing unless the row says so. */
export const COLUMNS = ['neither', 'idempotent', 'resume', 'both'] as const;
export type Column = (typeof COLUMNS)[number];

/**
 * `answered`: every event once, as if nothing had happened. `restarted`: the caller is told that what it has
 * is void, then gets every event once. `interrupted`: the call fails with that code. `cancelled`: it fails
 * with the reason of its signal. The number says how often the agent did the work.
 */
export type Outcome = `${'answered' | 'restarted' | 'interrupted' | 'cancelled'} ${1 | 2}` | 'interrupted 0';

export type PointId =
  | 'before_status'
  | 'after_hello'
  | 'after_message'
  | 'after_first_chunk'
  | 'mid_answer'
  | 'pending_confirm'
  | 'end_not_delivered'
  | 'host_killed'
  | 'host_killed_after_end'
  | 'cancelled_without_feature';

export interface Row {
  readonly point: PointId;
  readonly what: string;
  /** Tested only where the agent has this feature, or has it not. */
  readonly with?: 'confirm';
  readonly without?: 'cancel';
  readonly cells: Readonly<Record<Column, Outcome>>;
}

const always = (outcome: Outcome): Record<Column, Outcome> => ({
  neither: outcome,
  idempotent: outcome,
  resume: outcome,
  both: outcome,
});

export const RESUME_TABLE: readonly Row[] = [
  {
    point: 'before_status',
    what: 'The connection breaks before STATUS arrives. Nothing was sent: it is opened again.',
    cells: always('answered 1'),
  },
  {
    point: 'after_hello',
    what: 'The client wrote HELLO and USER_MESSAGE; the agent got neither. The client cannot know that.',
    cells: {
      neither: 'interrupted 0',
      idempotent: 'answered 1',
      resume: 'interrupted 0',
      both: 'answered 1',
    },
  },
  {
    point: 'after_message',
    what: 'The agent has the message; none of its events arrived.',
    cells: { neither: 'interrupted 1', idempotent: 'answered 1', resume: 'answered 1', both: 'answered 1' },
  },
  {
    point: 'after_first_chunk',
    what: 'The first text arrived, the next event did not.',
    cells: { neither: 'interrupted 1', idempotent: 'restarted 1', resume: 'answered 1', both: 'answered 1' },
  },
  {
    point: 'mid_answer',
    what: 'Text and tool progress arrived; the rest was written and lost.',
    cells: { neither: 'interrupted 1', idempotent: 'restarted 1', resume: 'answered 1', both: 'answered 1' },
  },
  {
    point: 'pending_confirm',
    what: 'The agent asks the person; the reply is given while the connection is broken. It asks again and gets it.',
    with: 'confirm',
    cells: { neither: 'interrupted 1', idempotent: 'restarted 1', resume: 'answered 1', both: 'answered 1' },
  },
  {
    point: 'end_not_delivered',
    what: 'The agent finished; its END was lost.',
    cells: { neither: 'interrupted 1', idempotent: 'restarted 1', resume: 'answered 1', both: 'answered 1' },
  },
  {
    point: 'host_killed',
    what: 'The host dies in mid-answer and comes back with its turn log: it does not know the unfinished turn.',
    cells: {
      neither: 'interrupted 1',
      idempotent: 'restarted 2',
      resume: 'interrupted 1',
      both: 'restarted 2',
    },
  },
  {
    point: 'host_killed_after_end',
    what: 'The host logs the finished turn, loses its END, dies and comes back.',
    cells: { neither: 'interrupted 1', idempotent: 'restarted 1', resume: 'answered 1', both: 'answered 1' },
  },
  {
    point: 'cancelled_without_feature',
    what: 'The caller cancels in mid-answer and the agent has no `cancel`: the connection is closed.',
    without: 'cancel',
    cells: always('cancelled 1'),
  },
];

/** The table as Markdown. */
export function resumeTableMarkdown(): string {
  const head = ['point', 'what happens', ...COLUMNS.map((column) => COLUMN_TITLES[column])];
  const rows = RESUME_TABLE.map((row) => [
    `\`${row.point}\``,
    row.what,
    ...COLUMNS.map((column) => row.cells[column].replace(/ (\d)$/, ' ($1)')),
  ]);
  return [
    '# What happens when the connection breaks',
    '',
    'Made from `packages/testkit/src/agent/resume-table.ts`, which the agent suite tests cell by cell, each',
    'with and without `cancel` and `confirm`. A test keeps this file equal to it.',
    '',
    '- **answered**: every event arrives once, as if nothing had happened.',
    '- **restarted**: the caller is told that what it has is void, then gets every event once.',
    '- **interrupted**: the call fails with the code `interrupted`; the person is offered a retry.',
    "- **cancelled**: the call fails with its signal's reason.",
    '',
    'The number says how often the agent began the work. It is never above 1 unless the agent lost the turn.',
    '',
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ].join('\n');
}

const COLUMN_TITLES: Record<Column, string> = {
  neither: 'neither',
  idempotent: '`idempotent`',
  resume: '`resume`',
  both: '`resume` + `idempotent`',
};
