/** `npm run dead-letters`: what could not be delivered; to be sent again or dropped. */
import { OperationId } from '@surfaces/protocol';
import type { Chosen, DeadLetter } from '../operator/messages.ts';
import type { OpenOperator } from '../operator/open-operator.ts';
import { OperatorError } from '../operator/operator-error.ts';
import { printable } from '../printable.ts';
import { readArguments } from '../read-arguments.ts';
import { UsageError } from '../usage-error.ts';
import { type CommandWorld, counted, DONE, FAILED, runCommand } from './command.ts';

const USAGE = `Usage: npm run dead-letters -- [what] [ID…] [options]

Answers that a messenger refused for good, or did not take for a day.

  list                 the newest first (default)
  show ID              with the whole text
  replay ID…|--all     sends them again: at once, or at the next start when no app runs
  drop ID…|--all       deletes them

  --limit N            list: at most so many (default: 100)
  --json               JSON for programs
  --help

A running app does it; when none runs on this data directory (SURFACES_DATA_DIR), it is done here.
Exit code: 0 done, 1 it failed or there was no such dead letter, 2 wrong usage, 130 ended by Ctrl-C.
`;

interface Options {
  readonly what: 'list' | 'show' | 'replay' | 'drop';
  readonly ids: readonly OperationId[];
  readonly all: boolean;
  readonly limit: number;
  readonly json: boolean;
}

export function deadLettersCommand(args: readonly string[], world: CommandWorld): Promise<number> {
  return runCommand(args, world, { usage: USAGE, parse, run });
}

function parse(args: readonly string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, OPTIONS, { allowPositionals: true });
  if (values.help) return 'help';
  const [what = 'list', ...names] = positionals;
  if (what !== 'list' && what !== 'show' && what !== 'replay' && what !== 'drop') {
    throw new UsageError(`Expected list, show, replay or drop, not "${what}".`);
  }
  const ids = names.map((name) => {
    const id = OperationId.safeParse(name);
    if (!id.success) throw new UsageError(`"${name}" is no id of a dead letter.`);
    return id.data;
  });
  const all = values.all ?? false;
  const limit = Number(values.limit ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new UsageError('--limit: expected a whole number from 1 to 100000.');
  }
  if (what === 'list' && ids.length > 0) throw new UsageError('list takes no ID: did you mean show?');
  if (what === 'show' && ids.length !== 1) throw new UsageError('show: which one?');
  if (all && (what === 'list' || what === 'show')) throw new UsageError('--all is for replay and drop.');
  if ((what === 'replay' || what === 'drop') && all === ids.length > 0) {
    throw new UsageError(`${what}: name the dead letters by their ids, or all of them with --all.`);
  }
  return { what, ids, all, limit, json: values.json ?? false };
}

const OPTIONS = {
  all: { type: 'boolean' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

async function run(
  { what, ids, all, limit, json }: Options,
  { operator, running }: OpenOperator,
  { out }: CommandWorld,
): Promise<number> {
  const chosen: Chosen = all ? { all: true } : { ids: [...ids] };
  switch (what) {
    case 'list': {
      const letters = await operator.deadLetters(limit);
      if (json) for (const letter of letters) await out(`${JSON.stringify(letter)}\n`);
      else if (letters.length === 0) await out('There are no dead letters.\n');
      else await out(letters.map(inBrief).join('\n'));
      return DONE;
    }
    case 'show': {
      const [id] = ids;
      const letter = id === undefined ? undefined : await operator.deadLetter(id);
      if (letter === undefined) throw new OperatorError('There is no such dead letter.');
      await out(
        json
          ? `${JSON.stringify(letter)}\n`
          : `${inBrief({ ...letter, text: '' })}\n${withLines(letter.text)}\n`,
      );
      return DONE;
    }
    case 'replay':
    case 'drop': {
      const count = await operator[what](chosen);
      const missing = all ? 0 : new Set(ids).size - count;
      const letters = counted(count, 'dead letter', 'dead letters');
      const done = {
        drop: `${letters} dropped.`,
        replay:
          running === undefined ? `${letters} will be sent at the next start.` : `${letters} sent again.`,
      }[what];
      if (json) await out(`${JSON.stringify({ count, missing })}\n`);
      else await out(`${done}${missing > 0 ? ` ${missing} of those named are none.` : ''}\n`);
      return missing > 0 ? FAILED : DONE;
    }
  }
}

function inBrief({ id, at, surface, place, chat, why, text, file, attempts }: DeadLetter): string {
  const words = file === undefined ? printable(text).slice(0, 80) : `the file ${printable(file)}`;
  const lines = [
    `${new Date(at).toISOString()}  ${id}`,
    `  to ${surface}: ${printable(place)}, chat ${printable(chat)}`,
    `  because: ${printable(why)}${attempts > 0 ? ` (after ${counted(attempts, 'attempt', 'attempts')})` : ''}`,
    ...(words === '' ? [] : [`  ${words}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** As it is, but for what would steer the terminal. */
function withLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
