/** What the agent writes down, one line of JSON each, for the check whether a request was run twice. */
import { existsSync, readFileSync } from 'node:fs';

export interface AgentLine {
  /**
   * `begun`: the handler was called; `asked`: a question is on its way; `chosen`: it is answered;
   * `answered`: the handler is done; `logged`: the turn can be fetched from the turn log.
   */
  readonly what: 'begun' | 'asked' | 'chosen' | 'answered' | 'cancelled' | 'logged';
  readonly context: string;
  readonly request: string;
  readonly text?: string;
  /** Paths of the files that came with it. */
  readonly files?: readonly string[];
  /** The option that was chosen. */
  readonly option?: string;
  /** The agent's process. */
  readonly life: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A line that a kill cut short was never said. */
export function readAgentRecord(file: string): AgentLine[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as AgentLine]; // written by the agent of this suite
      } catch {
        return [];
      }
    });
}

/** The last process that began each message, by its text: only what that one wrote may be shown. */
export function lastRuns(lines: readonly AgentLine[]): ReadonlyMap<string, number> {
  return new Map(
    lines.flatMap(({ what, text, life }) =>
      what === 'begun' && text !== undefined ? [[text, life] as const] : [],
    ),
  );
}
