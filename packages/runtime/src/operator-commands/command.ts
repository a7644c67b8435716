/** What the commands of operators have in common: their world, their exit codes, how they fail. */
import { createScrubber, isFileError } from '@surfaces/core';
import { type OpenOperator, type OperatorWorld, openOperator } from '../operator/open-operator.ts';
import { isOperatorError } from '../operator/operator-error.ts';
import type { Environment } from '../settings.ts';
import { exitCodeOf } from '../start-error.ts';
import { UsageError } from '../usage-error.ts';

export interface CommandWorld {
  readonly env: Environment;
  /** Where `.env` is, and where relative paths begin. */
  readonly directory: string;
  /** Resolves when it may go on: whoever reads slowly is waited for. */
  readonly out: (text: string) => Promise<void>;
  readonly err: (text: string) => void;
  /** Asks whoever sits there; `undefined` when nobody does. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

export const DONE = 0;
export const FAILED = 1;
const WRONG_USAGE = 2;
const INTERRUPTED = 130;

/** The exit code. Never rejects for what an operator, a file or the app did wrong. */
export async function runCommand<O>(
  args: readonly string[],
  world: CommandWorld,
  command: {
    readonly usage: string;
    parse(args: readonly string[]): O | 'help';
    run(options: O, access: OpenOperator, world: CommandWorld): Promise<number>;
  },
): Promise<number> {
  const scrub = createScrubber([]);
  let access: OpenOperator | undefined;
  try {
    const options = command.parse(args);
    if (options === 'help') {
      await world.out(command.usage);
      return DONE;
    }
    const given: OperatorWorld = { ...world, scrub };
    access = await openOperator(given);
    return await command.run(options, access, world);
  } catch (error) {
    if (world.signal.aborted) {
      world.err('Interrupted.\n');
      return INTERRUPTED;
    }
    if (error instanceof UsageError) {
      world.err(`${scrub(error.message)}\nTry --help.\n`);
      return WRONG_USAGE;
    }
    if (isOperatorError(error) || isFileError(error) || exitCodeOf(error) !== undefined || hasCode(error)) {
      world.err(`${scrub(error instanceof Error ? error.message : String(error))}\n`);
      return FAILED;
    }
    throw error;
  } finally {
    await access?.close();
  }
}

/** An error of the operating system says itself what is wrong. */
function hasCode(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

export function counted(n: number, one: string, more: string): string {
  return `${n} ${n === 1 ? one : more}`;
}
