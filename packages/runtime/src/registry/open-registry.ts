/** The agent registry of a file that may change at any time. */
import { relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Agents, Logger, Metrics } from '@surfaces/core';
import type { AgentId } from '@surfaces/protocol';
import { EXIT } from '../exit-codes.ts';
import type { Check } from '../health.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../settings.ts';
import { StartError } from '../start-error.ts';
import { LiveAgents, type LiveAgentsOptions } from './live-agents.ts';
import type { Problem } from './places.ts';
import { readAside } from './read-aside.ts';
import type { RegisteredAgent, Registry, RegistryReading } from './read-registry.ts';
import { watchFiles } from './watch-files.ts';

export interface AgentRegistry extends Agents {
  /** Where an agent's directory is mounted here; `undefined`: nowhere. */
  workspace(id: AgentId): { readonly path: string; readonly shared: boolean } | undefined;
  /** Every one that there is, or was since the start. */
  workspaces(): readonly { readonly path: string; readonly shared: boolean }[];
  /** What is in force, for operators; `undefined` where there is no file. */
  status(): Check | undefined;
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** Absolute. */
  readonly path: string;
  /** For the keys of agents (`bearer_env`). */
  readonly env: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Hears of every secret before it is used. */
  readonly learn: (secrets: readonly string[]) => void;
  readonly createClient: LiveAgentsOptions['createClient'];
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How often files are looked at, milliseconds. Default 1 s. */
  readonly pollMs?: number;
}

/** How long before its end a certificate is warned of. */
const WARN_MS = 14 * 24 * 3600 * 1000;
/** Of one version; nobody reads more at once. */
const MOST_PROBLEMS = 100;

/** Rejects with a `StartError` that lists everything that is wrong. */
export async function openRegistry(options: RegistryOptions): Promise<AgentRegistry> {
  const { path, env, logger, metrics, now } = options;
  const name = shownName(path);
  const first = await readAside(path, env, now());
  if (first.registry === undefined) {
    throw new StartError(
      `the agent registry is wrong.\n${linesOf(name, first)
        .map((line) => `  ${line}`)
        .join('\n')}`,
      EXIT.config,
    );
  }
  const agents = new LiveAgents({
    createClient: options.createClient,
    onCloseFailed: (agent, err) => logger.warn({ agent, err }, 'the client of an agent did not close well'),
  });
  /** Of the newest version, where it is not the one in force. */
  let refused: RegistryReading | undefined;

  const take = (reading: RegistryReading, registry: Registry) => {
    options.learn(registry.secrets);
    const changes = agents.apply(registry);
    for (const warning of [
      ...reading.warnings.map((problem) => lineOf(name, problem)),
      ...ending(agents, now()),
    ]) {
      logger.warn({}, warning);
    }
    return changes;
  };

  const reload = async (): Promise<void> => {
    const reading = await readAside(path, env, now());
    if (!reading.unreadable) watch.set(reading.files);
    if (reading.registry === undefined) {
      if (isDeepStrictEqual(refused?.problems, reading.problems)) return;
      refused = reading;
      metrics.count('surfaces_registry_reloads_total', {
        outcome: reading.unreadable ? 'missing' : 'refused',
      });
      logger.error(
        { problems: linesOf(name, reading) },
        'the new version of the agent registry is not used; the last one stays in force',
      );
      return;
    }
    const wasRefused = refused !== undefined;
    refused = undefined;
    if (isDeepStrictEqual(reading.registry, agents.registry)) {
      if (wasRefused) logger.info({ file: name }, 'the agent registry is as it was before');
      return;
    }
    const changes = take(reading, reading.registry);
    metrics.count('surfaces_registry_reloads_total', { outcome: 'applied' });
    logger.info({ file: name, ...changes }, 'a new version of the agent registry is in force');
  };

  take(first, first.registry);
  const watch = watchFiles(first.files, options.pollMs ?? 1_000, () =>
    reload().catch((err: unknown) => logger.error({ err }, 'the agent registry could not be read again')),
  );

  return {
    ...agentsOf(agents),
    status: () => ({ ok: refused === undefined, detail: detailOf(name, agents, refused, now()) }),
    close: async () => {
      await watch.close();
      await agents.close();
    },
  };
}

/** One agent for everybody, where there is no registry file. */
export function singleAgent(
  agent: Omit<RegisteredAgent, 'ends' | 'workspace'> & { readonly workspacePath?: string },
  options: LiveAgentsOptions,
): AgentRegistry {
  const { workspacePath, ...rest } = agent;
  const workspace = workspacePath === undefined ? {} : { workspace: { path: workspacePath, shared: true } };
  const agents = new LiveAgents(options);
  agents.apply({
    agents: [{ ...rest, ...workspace, ends: [] }],
    people: new Map(),
    others: { id: agent.id, byDefault: false },
    secrets: [],
  });
  return { ...agentsOf(agents), status: () => undefined, close: () => agents.close() };
}

function agentsOf(agents: LiveAgents) {
  return {
    assign: agents.assign.bind(agents),
    client: agents.client.bind(agents),
    info: agents.info.bind(agents),
    all: agents.all.bind(agents),
    workspace: agents.workspace.bind(agents),
    workspaces: agents.workspaces.bind(agents),
  };
}

/** As it is written by the operator, where it lies below the current directory. */
export function shownName(path: string): string {
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') ? path : below;
}

/** `config/agents.yaml:7:5 agents[1].base_url: …` */
export function lineOf(name: string, { line, column, key, message }: Problem): string {
  return printable(`${name}:${line}:${column}${key === '' ? '' : ` ${key}`}: ${message}`);
}

export function linesOf(name: string, { problems, unreadable }: RegistryReading): string[] {
  if (unreadable) return problems.map(({ message }) => `${name} ${message}`);
  const lines = problems.slice(0, MOST_PROBLEMS).map((problem) => lineOf(name, problem));
  const more = problems.length - lines.length;
  return more > 0 ? [...lines, `… and ${more} more`] : lines;
}

function ending({ registry }: LiveAgents, now: number): string[] {
  return registry.agents.flatMap(({ id, ends }) =>
    ends.flatMap(({ part, at }) => {
      const days = Math.ceil((at - now) / (24 * 3600 * 1000));
      if (at - now > WARN_MS) return [];
      const when = at <= now ? 'has expired' : `expires in ${days} ${days === 1 ? 'day' : 'days'}`;
      return [`the certificate of ${id} (auth.${part}) ${when}: have a new one made`];
    }),
  );
}

function detailOf(
  name: string,
  agents: LiveAgents,
  refused: RegistryReading | undefined,
  now: number,
): string {
  const { agents: list, people, others } = agents.registry;
  const rest = others === undefined ? 'others are refused' : `others have ${others.id}`;
  const count = (n: number, one: string, more: string) => `${n} ${n === 1 ? one : more}`;
  const force = `${count(list.length, 'agent', 'agents')}, ${count(people.size, 'person', 'people')}, ${rest}`;
  const not = refused && `the new version of ${name} is not used: ${linesOf(name, refused).join('; ')}`;
  return [force, not, ...ending(agents, now)].filter((text) => text !== undefined).join('. ');
}
