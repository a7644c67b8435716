/** What the agent writes down, one line of JSON each, for the check whether a request was run twice. */
import { existsSync, readFileSync } from 'node:fs';

export interface AgentLine {
  /** `begun`: the handler was called; `answered`: it is done; `logged`: it can be fetched from the turn log. */
  readonly what: 'begun' | 'answered' | 'cancelled' | 'logged';
  readonly context: string;
  readonly request: string;
  readonly text?: string;
  /** The agent's process. */
  readonly life: number;
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
