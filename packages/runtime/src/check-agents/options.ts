/** The command line of `check-agents`. */
import { agentUrl } from '@surfaces/sdk';
import { readArguments } from '../read-arguments.ts';
import { UsageError } from '../usage-error.ts';

export const USAGE = `Usage: npm run check-agents -- [options]

Opens the real WebSocket of every agent, waits for its STATUS, and says what to do where one fails.
Contexts are random and disposed of afterwards; no person's chat is touched.

  --config FILE      the registry (default: AGENTS_CONFIG, or config/agents.yaml)
  --agent ID         only this agent; may be given again
  --base-url URL     without a registry: the one agent there, with the key in AGENT_BEARER and its
                     directory in AGENT_WORKSPACE_PATH. With --config: goes there instead; a URL
                     without a path keeps the path of each agent, one with a path wants one agent
  --message TEXT     also says this to each agent and waits for the end of its answer; where a
                     workspace is configured, a file goes along that shows whether it is shared
  --timeout S        seconds for each stage (default: 10, and 60 for the answer)
  --concurrency N    how many agents at once (default: 8)
  --json             the result as JSON on standard output
  --help

Stages: config, connect, status, message (with --message), mount (with workspace_path).
Exit code: 0 all is well, 1 an agent or the registry fails, 2 wrong usage, 130 ended by Ctrl-C.
`;

export interface CheckOptions {
  readonly config: string | undefined;
  /** Empty: all. */
  readonly agents: readonly string[];
  readonly baseUrl: string | undefined;
  readonly message: string | undefined;
  readonly timeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly concurrency: number;
  readonly json: boolean;
}

/** Throws a `UsageError`. */
export function parseOptions(args: readonly string[]): CheckOptions | 'help' {
  const { values } = readArguments(args, OPTIONS);
  if (values.help) return 'help';
  const seconds = numberOf('--timeout', values.timeout, { least: 0.001, most: 3600 });
  if (values['base-url'] !== undefined) {
    try {
      agentUrl(values['base-url'], '0');
    } catch (error) {
      throw new UsageError(`--base-url: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (values.config === undefined && values.agent !== undefined) {
      throw new UsageError('--agent chooses from a registry: give --config too.');
    }
  }
  if (values.message?.trim() === '') throw new UsageError('--message: expected some text.');
  return {
    config: values.config,
    agents: [...new Set(values.agent)],
    baseUrl: values['base-url'],
    message: values.message,
    timeoutMs: (seconds ?? 10) * 1000,
    answerTimeoutMs: (seconds ?? 60) * 1000,
    concurrency: numberOf('--concurrency', values.concurrency, { least: 1, most: 1000, whole: true }) ?? 8,
    json: values.json ?? false,
  };
}

const OPTIONS = {
  config: { type: 'string' },
  agent: { type: 'string', multiple: true },
  'base-url': { type: 'string' },
  message: { type: 'string' },
  timeout: { type: 'string' },
  concurrency: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function numberOf(
  name: string,
  text: string | undefined,
  { least, most, whole = false }: { least: number; most: number; whole?: boolean },
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
  throw new UsageError(
    `${name}: expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not "${text}".`,
  );
}
