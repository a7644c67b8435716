/** `npm run check-agents`: whether every agent of the registry answers, and what to do where one does not. */
import { resolve } from 'node:path';
import { createScrubber } from '@surfaces/core';
import { APP_VARIABLES } from '../config.ts';
import { readEnvironment } from '../environment-file.ts';
import { closest, linesOf, type RegisteredAgent, readRegistry, shownName } from '../registry/index.ts';
import type { Environment } from '../settings.ts';
import { isStartError } from '../start-error.ts';
import { urlSecrets } from '../url-secrets.ts';
import { UsageError } from '../usage-error.ts';
import { type CheckedAgent, checkAgent } from './check-agent.ts';
import { type CheckOptions, parseOptions, USAGE } from './options.ts';
import { type AgentReport, type CheckReport, showReport } from './report.ts';

export interface CheckWorld {
  readonly env: Environment;
  /** Where `.env` is, and where relative paths begin. */
  readonly directory: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Progress is shown by `err`. */
  readonly isTerminal: boolean;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

const OK = 0;
const FAILED = 1;
const WRONG_USAGE = 2;
const INTERRUPTED = 130;

/** The exit code. Never rejects for what an agent, a file or an operator did wrong. */
export async function checkAgents(args: readonly string[], world: CheckWorld): Promise<number> {
  const scrub = createScrubber([]);
  try {
    const options = parseOptions(args);
    if (options === 'help') {
      world.out(USAGE);
      return OK;
    }
    const env = readEnvironment(world.directory, world.env);
    const selection = await select(options, env, world.directory);
    scrub.learn(selection.secrets);
    const agents = await checkAll(selection.agents, options, world);
    const { problems, warnings } = selection;
    const all = [...selection.wrong, ...agents];
    const ok = problems.length === 0 && all.every((agent) => agent.ok);
    const report = { ok, problems, warnings, agents: all };
    world.out(`${scrub(options.json ? JSON.stringify(report, null, 2) : showReport(report))}\n`);
    return ok ? OK : FAILED;
  } catch (error) {
    if (world.signal.aborted) {
      world.err('Interrupted: nothing is left behind.\n');
      return INTERRUPTED;
    }
    if (error instanceof UsageError || isStartError(error)) {
      world.err(`${scrub(error.message)}\n${error instanceof UsageError ? 'Try --help.\n' : ''}`);
      return error instanceof UsageError ? WRONG_USAGE : FAILED;
    }
    throw error;
  }
}

interface Selection extends Pick<CheckReport, 'problems' | 'warnings'> {
  readonly agents: readonly CheckedAgent[];
  /** Those that came no further than the registry. */
  readonly wrong: readonly AgentReport[];
  readonly secrets: readonly string[];
}

/** Throws a `UsageError`. */
async function select(options: CheckOptions, env: Environment, directory: string): Promise<Selection> {
  const variable = (name: keyof typeof APP_VARIABLES) => env[APP_VARIABLES[name]]?.trim() || undefined;
  if (options.baseUrl !== undefined && options.config === undefined) {
    const bearer = variable('agentBearer');
    const workspace = variable('agentWorkspacePath');
    const agent = {
      id: 'agent-0',
      access: { baseUrl: options.baseUrl, ...(bearer === undefined ? {} : { bearer }) },
      workspacePath: workspace && resolve(directory, workspace),
    };
    const secrets = [...urlSecrets(options.baseUrl), bearer ?? ''];
    return { agents: [agent], wrong: [], problems: [], warnings: [], secrets };
  }
  const path = resolve(directory, options.config ?? variable('agentsConfig') ?? 'config/agents.yaml');
  const reading = await readRegistry(path, env, Date.now(), 'sound');
  const name = shownName(path);
  if (reading.unreadable && options.config === undefined) {
    throw new UsageError(
      `${linesOf(name, reading).join()}: name a registry with --config, or an agent with --base-url.`,
    );
  }
  const warnings = reading.warnings.map((problem) =>
    linesOf(name, { ...reading, problems: [problem] }).join(),
  );
  const registry = reading.registry ?? reading.sound?.registry;
  if (registry === undefined) {
    return {
      agents: [],
      wrong: wrongAgents(reading.problems),
      problems: linesOf(name, reading),
      warnings,
      secrets: [],
    };
  }
  const { agents, secrets } = registry;
  const bad = (reading.sound?.wrong ?? []).map(({ agent, problems }) => ({
    agent,
    ok: false,
    stage: 'config' as const,
    error: linesOf(name, { ...reading, problems }).join('; '),
  }));
  const isChosen = (id: string) => options.agents.length === 0 || options.agents.includes(id);
  const wrong = bad.filter(({ agent }) => isChosen(agent));
  const left = options.agents.filter((id) => !wrong.some(({ agent }) => agent === id));
  const chosen =
    wrong.length > 0 && left.length === 0 && options.agents.length > 0 ? [] : choose(agents, left);
  return {
    agents: chosen.map(({ id, access, workspace }) => ({
      id,
      access: { ...access, baseUrl: redirect(access.baseUrl, options.baseUrl, chosen.length) },
      workspacePath: workspace?.path,
    })),
    wrong,
    problems: [],
    warnings,
    secrets: [...secrets, ...urlSecrets(options.baseUrl)],
  };
}

/** The agents whose own entries are wrong, so that a program finds them by their stage. */
function wrongAgents(problems: readonly { readonly key: string; readonly message: string }[]): AgentReport[] {
  const byAgent = Map.groupBy(problems, ({ key }) => /^agents\[\d+\]/.exec(key)?.[0]);
  return [...byAgent].flatMap(([agent, own]) =>
    agent === undefined
      ? []
      : [
          {
            agent,
            ok: false,
            stage: 'config' as const,
            error: own.map(({ key, message }) => `${key}: ${message}`).join('; '),
          },
        ],
  );
}

function choose(agents: readonly RegisteredAgent[], ids: readonly string[]): readonly RegisteredAgent[] {
  if (ids.length === 0) return agents;
  return ids.map((id) => {
    const found = agents.find((agent) => agent.id === id);
    if (found !== undefined) return found;
    const known = agents.map((agent) => agent.id);
    const hint = closest(id, known);
    throw new UsageError(
      `--agent: there is no agent "${id}"${hint === undefined ? `; there are: ${known.join(', ')}` : `: did you mean "${hint}"?`}`,
    );
  });
}

/** See `--base-url` in `USAGE`. Both were checked before. */
function redirect(baseUrl: string, to: string | undefined, count: number): string {
  if (to === undefined) return baseUrl;
  const target = new URL(to.trim());
  if (target.pathname !== '/') {
    if (count > 1) {
      throw new UsageError(
        '--base-url has a path, so it can stand for one agent only: choose it with --agent.',
      );
    }
    return to;
  }
  const { pathname, search } = new URL(baseUrl.trim());
  target.pathname = pathname;
  target.search = search;
  return target.href;
}

/** In the order of the agents; some at once. Rejects when the signal ends it, after all have stopped. */
async function checkAll(
  agents: readonly CheckedAgent[],
  options: CheckOptions,
  { signal, err, isTerminal }: CheckWorld,
): Promise<AgentReport[]> {
  const reports: AgentReport[] = [];
  const waiting = agents.entries();
  let done = 0;
  const show = (text: string) => isTerminal && err(`\r\u001b[K${text}`);
  const progress = () => show(`${done} of ${agents.length} checked…`);
  const work = async (): Promise<void> => {
    for (const [i, agent] of waiting) {
      signal.throwIfAborted();
      reports[i] = await checkAgent(agent, options, signal);
      done++;
      progress();
    }
  };
  progress();
  const workers = Array.from({ length: Math.min(options.concurrency, agents.length) }, work);
  const ended = await Promise.allSettled(workers);
  show('');
  signal.throwIfAborted();
  for (const worker of ended) if (worker.status === 'rejected') throw worker.reason;
  return reports;
}
