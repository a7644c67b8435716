/** One version of the registry: the file, the files that it names, and the keys from the environment. */

import { readFile, realpath } from 'node:fs/promises';
import { validateHeaderValue } from 'node:http';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { AgentId } from '@surfaces/protocol';
import { holdsPeople } from '../files/person-directory.ts';
import type { Environment } from '../settings.ts';
import { urlSecrets } from '../url-secrets.ts';
import { readTls, type TlsPart, type TlsPaths, whyUnreadable } from './certificates.ts';
import { checkForm, valueAt } from './form.ts';
import { type Problem, YamlText } from './places.ts';
import { checkReferences, type References } from './references.ts';
import type { AgentEntry, RegistryFile } from './schema.ts';

/** How to reach an agent. Two that are equal need but one client. */
export interface Access {
  readonly baseUrl: string;
  readonly bearer?: string;
  readonly tls?: TlsPaths;
}

export interface RegisteredAgent {
  readonly id: AgentId;
  readonly label: string;
  readonly access: Access;
  /** Absolute. `shared`: several people's files are there, or may be. */
  readonly workspace?: { readonly path: string; readonly shared: boolean };
  /** Until when its TLS files can be used. */
  readonly ends: readonly { readonly part: TlsPart; readonly at: number }[];
}

export interface Registry {
  readonly agents: readonly RegisteredAgent[];
  readonly people: ReadonlyMap<string, readonly AgentId[]>;
  /** Serves whoever is not in `people`. */
  readonly others?: { readonly id: AgentId; readonly byDefault: boolean };
  readonly secrets: readonly string[];
}

export interface RegistryReading {
  /** There when nothing is wrong. */
  readonly registry?: Registry;
  /** Where it was asked for, and nothing is wrong but entries of agents: the others, as they would be without these. */
  readonly sound?: {
    readonly registry: Registry;
    /** The agent by its id, or by its place where it has none. */
    readonly wrong: readonly { readonly agent: string; readonly problems: readonly Problem[] }[];
  };
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Every file that it was made of, or would have been. */
  readonly files: readonly string[];
  /** The file itself could not be read: nothing is known about its content. */
  readonly unreadable?: boolean;
}

/** Never rejects. `now`: epoch milliseconds. */
export async function readRegistry(
  path: string,
  env: Environment,
  now: number,
  wanted: 'whole' | 'sound' = 'whole',
): Promise<RegistryReading> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const problem = { line: 1, column: 1, key: '', message: whyUnreadable(error) };
    return { problems: [problem], warnings: [], files: [path], unreadable: true };
  }
  const only = (message: string): RegistryReading => ({
    problems: [{ line: 1, column: 1, key: '', message }],
    warnings: [],
    files: [path],
  });
  // Some editors of Windows write UTF-16.
  if (bytes.includes(0)) return only('is not text in UTF-8: save it as such');
  const text = new YamlText(bytes.toString('utf8').replace(/^\ufeff/, ''));
  const syntax = text.problems.map(({ fatal: _, ...problem }) => problem);
  if (text.problems.some(({ fatal }) => fatal)) return { problems: syntax, warnings: [], files: [path] };
  let value: unknown;
  try {
    value = text.toValue();
  } catch (error) {
    return only(error instanceof Error ? error.message : String(error));
  }
  if (value === null || value === undefined) return only('is empty: it must have `agents`');

  const form = checkForm(text, value);
  const references = checkReferences(text, value);
  const access = await readAccess(text, value, { directory: dirname(path), env, now });
  const found = [...syntax, ...form.problems, ...references.problems, ...access.problems];
  const problems = found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const { warnings, people } = references;
  const files = [path, ...access.files];
  const parts = { text, people, directory: dirname(path) };
  if (form.file !== undefined && problems.length === 0) {
    const { registry, missing } = await build(form.file, access.agents, parts);
    return { registry, problems, warnings: [...warnings, ...missing], files };
  }
  const sound = wanted === 'sound' ? await soundOf(value, problems, access.agents, parts) : undefined;
  return { problems, warnings, files, ...(sound && { sound }) };
}

interface BuildParts {
  readonly text: YamlText;
  readonly people: References['people'];
  readonly directory: string;
}

/** `undefined`: something is wrong that is not of single entries, or no entry is left. */
async function soundOf(
  value: unknown,
  problems: readonly Problem[],
  access: readonly ReadAccess[],
  parts: BuildParts,
): Promise<RegistryReading['sound']> {
  const list = valueAt(value, ['agents']);
  const byEntry = Map.groupBy(problems, ({ key }) => /^agents\[(\d+)\]/.exec(key)?.[1]);
  if (!Array.isArray(list) || byEntry.has(undefined)) return undefined;
  const isSound = (_: unknown, i: number) => !byEntry.has(String(i));
  const { file } = checkForm(parts.text, { ...Object(value), agents: list.filter(isSound) });
  if (file === undefined) return undefined;
  const { registry } = await build(file, access.filter(isSound), parts);
  const wrong = [...byEntry].map(([i, own]) => {
    const id = valueAt(list, [Number(i), 'id']);
    return { agent: typeof id === 'string' && id !== '' ? id : `agents[${i}]`, problems: own };
  });
  return { registry, wrong };
}

/** `access`: of each entry of the file. `missing`: the workspaces that are not there. */
async function build(
  file: RegistryFile,
  access: readonly ReadAccess[],
  { text, people, directory }: BuildParts,
): Promise<{ readonly registry: Registry; readonly missing: readonly Problem[] }> {
  const { default_agent: name } = file;
  const others = file.agents.find(({ id }) => id === name)?.id;
  const workspaces = await workspacesOf(file.agents, directory, people, others);
  const missing = file.agents.flatMap(({ id, workspace_path: given }, i) => {
    if (given === undefined || workspaces.get(id)?.exists) return [];
    const message = 'there is no such directory: no files can be exchanged with this agent until there is';
    return [text.problem(['agents', i, 'workspace_path'], message)];
  });
  const agents = file.agents.map((entry, i): RegisteredAgent => {
    const workspace = workspaces.get(entry.id);
    const { bearer, tls, ends } = access[i] ?? { ends: [] };
    return {
      id: entry.id,
      label: entry.label ?? entry.id,
      access: {
        baseUrl: entry.base_url,
        ...(bearer === undefined ? {} : { bearer }),
        ...(tls === undefined ? {} : { tls }),
      },
      ...(workspace && { workspace: { path: workspace.path, shared: workspace.shared } }),
      ends,
    };
  });
  const secrets = agents.flatMap(({ access: { baseUrl, bearer, tls } }) => [
    ...urlSecrets(baseUrl),
    bearer ?? '',
    tls?.key ?? '',
  ]);
  const byDefault = others === undefined ? {} : { others: { id: others, byDefault: true } };
  return { registry: { agents, people, ...byDefault, secrets }, missing };
}

interface ReadAccess {
  readonly bearer?: string;
  readonly tls?: TlsPaths;
  readonly ends: RegisteredAgent['ends'];
}

/** What `auth` of each agent leads to: variables and files. */
async function readAccess(
  text: YamlText,
  value: unknown,
  { directory, env, now }: { directory: string; env: Environment; now: number },
) {
  const problems: Problem[] = [];
  const files: string[] = [];
  const list = valueAt(value, ['agents']);
  const readOne = async (i: number): Promise<ReadAccess> => {
    const path = ['agents', i, 'auth'];
    const textAt = (key: string) => {
      const found = valueAt(value, [...path, key]);
      return typeof found === 'string' && found !== '' ? found : undefined;
    };
    const variable = textAt('bearer_env');
    const bearer = variable === undefined ? undefined : env[variable]?.trim();
    const complain = (key: string, message: string) => problems.push(text.problem([...path, key], message));
    if (variable !== undefined && /^[A-Za-z_]\w*$/.test(variable)) {
      if (!bearer) complain('bearer_env', `the environment variable ${variable} is not set`);
      else if (!canBeSent(bearer)) {
        complain('bearer_env', `the key in ${variable} has characters that cannot be sent`);
      }
    }
    const paths: { [P in TlsPart]?: string } = {};
    for (const part of ['ca', 'cert', 'key'] as const) {
      const file = textAt(part);
      if (file !== undefined && !file.includes('\0')) paths[part] = resolve(directory, file);
    }
    const named = Object.values(paths);
    if (named.length === 0) return { ...(bearer ? { bearer } : {}), ends: [] };
    files.push(...named);
    const base = valueAt(value, ['agents', i, 'base_url']);
    if (typeof base === 'string' && /^\s*(http|ws):/i.test(base)) {
      problems.push(text.problem(path, 'certificates need a base_url of https:// or wss://'));
    }
    const reading = await readTls(paths, now);
    for (const { part, message } of reading.problems) complain(part, message);
    return { ...(bearer ? { bearer } : {}), tls: reading.tls, ends: reading.ends };
  };
  const agents = await Promise.all(Array.isArray(list) ? list.map((_, i) => readOne(i)) : []);
  return { agents, problems, files };
}

function canBeSent(bearer: string): boolean {
  try {
    validateHeaderValue('authorization', `Bearer ${bearer}`);
    return true;
  } catch {
    return false;
  }
}

/** Where it will be once it exists, as far as links lead there now. */
async function realPlace(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  return realpath(path).catch(async () => join(await realPlace(parent), basename(path)));
}

/**
 * A workspace is shared unless exactly one person reaches it, by all the agents whose directories are it,
 * lie in it, or hold it: who could open another agent's directory could open its people's files. One
 * that was shared stays so: the files of those who had the agent before are still in it.
 */
async function workspacesOf(
  agents: readonly AgentEntry[],
  directory: string,
  people: ReadonlyMap<string, readonly AgentId[]>,
  others: AgentId | undefined,
): Promise<Map<AgentId, { path: string; shared: boolean; exists: boolean }>> {
  const peopleOf = new Map<AgentId, string[]>();
  for (const [person, choices] of people) {
    for (const id of choices) {
      const known = peopleOf.get(id);
      if (known === undefined) peopleOf.set(id, [person]);
      else known.push(person);
    }
  }
  const placed = await Promise.all(
    agents.flatMap(({ id, workspace_path: given }) => {
      if (given === undefined) return [];
      const path = resolve(directory, given);
      return [
        realpath(path).then(
          async (real) => ({ id, path, real, exists: true, wasShared: await holdsPeople(real) }),
          async () => ({ id, path, real: await realPlace(path), exists: false, wasShared: false }),
        ),
      ];
    }),
  );
  const holds = (outer: string, inner: string) =>
    `${inner}${sep}`.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
  return new Map(
    placed.map(({ id, path, real, exists }) => {
      const together = placed.filter((other) => holds(real, other.real) || holds(other.real, real));
      const reached = new Set(together.flatMap((other) => peopleOf.get(other.id) ?? []));
      const isForAll = together.some((other) => other.id === others);
      const wasShared = together.some((other) => other.wasShared);
      const shared = reached.size !== 1 || isForAll || wasShared;
      return [id, { path, shared, exists }];
    }),
  );
}
