/** What every app of ours can be told. Each surface adds its own part (`surface.ts`). */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { DEFAULT_LIMITS } from '@surfaces/core';
import { Locale } from '@surfaces/protocol';
import { agentUrl } from '@surfaces/sdk';
import { z } from 'zod';
import { defaultDataDir } from './data-dir.ts';
import { type DatabaseConfig, DatabaseUrl } from './database-url.ts';
import type { Environment, Settings } from './settings.ts';
import { urlSecrets } from './url-secrets.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'pretty' | 'json';

const BaseUrl = z.string().superRefine((text, context) => {
  try {
    agentUrl(text, '0');
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'expected the URL of an agent, such as http://127.0.0.1:7000/ or wss://agents.example.org/a/',
    });
  }
});

const Path = z.string().transform(expandHome);

const MiB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** How long something is kept, in days. `never` and 0: it never goes. */
const Days = z.union(
  [z.literal('never'), z.coerce.number().min(0).max(100_000)],
  'expected a number of days, or never',
);
/** Where the registry is looked for when nothing says where it is. */
const REGISTRY_FILE = 'config/agents.yaml';

/** In the order of docs/configuration.md, which has these descriptions. */
export const AppSettings = z.object({
  dataDir: Path.optional().describe(
    'Where everything is kept. Only one process at a time may use it. Default: the platform’s data directory (`~/.local/share/surfaces` on Linux).',
  ),
  database: DatabaseUrl.optional().describe(
    '`sqlite:/path/of/a/file.db` or `postgres://user:password@host:port/database`. Default: `surfaces.db` in the data directory.',
  ),
  fileMaxMb: z.coerce
    .number()
    .int()
    .min(1)
    .max(1024 * 1024)
    .default(1024)
    .describe('The largest file that people and agents may exchange, in MiB. A surface may allow less.'),
  agentsConfig: Path.optional().describe(
    'The agent registry: who is served by which agents. Default: `config/agents.yaml`, where that file exists.',
  ),
  agentBaseUrl: BaseUrl.optional().describe(
    'Without a registry: the one agent that serves everybody. http, https, ws or wss, with or without a path; a user name and password in it become basic authentication.',
  ),
  agentBearer: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'expected a key without spaces')
    .optional()
    .describe('The key that the agent of AGENT_BASE_URL wants, sent as `Authorization: Bearer …`.'),
  agentWorkspacePath: Path.optional().describe(
    'Where the directory that the agent of AGENT_BASE_URL works in is mounted here. Not set: no files can be exchanged with it.',
  ),
  retentionInboxDays: Days.default(30).describe(
    'How long it is known which messages were taken: one that a messenger delivers again later counts as new. At least 15 minutes (0.0105). This and the following are days; `never` or 0: for ever.',
  ),
  retentionTurnsDays: Days.default(30).describe(
    'Finished turns with their questions, and what was sent of them. Older ones cannot be retried.',
  ),
  retentionDeadLettersDays: Days.default(90).describe(
    'Answers that could not be delivered (`npm run dead-letters`).',
  ),
  retentionHistoryDays: Days.default('never').describe(
    'What was said, where we keep it: on the web page. Messengers keep their own.',
  ),
  retentionFilesDays: Days.default(90).describe(
    'Files of people and of agents, counted from when they came. What unfinished work needs stays longer. Workspaces of agents are not touched.',
  ),
  defaultLocale: Locale.default('en').describe('Language of people whose messenger names none.'),
  healthHost: z.string().default('127.0.0.1').describe('The address of `/livez`, `/healthz` and `/metrics`.'),
  healthPort: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9464)
    .describe('Their port; 0: any free one, it is in the log.'),
  healthKey: z
    .string()
    .min(8, 'expected at least 8 characters')
    .optional()
    .describe(
      'What metrics and the details of `/healthz` want from other machines as a bearer token, at least 8 characters. Not set: they answer to this machine only.',
    ),
  logLevel: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe('How much is logged to standard error. `debug` also has the route of every message.'),
  logFormat: z.enum(['pretty', 'json']).optional().describe('Default: `pretty` on a terminal, else `json`.'),
});

export const APP_VARIABLES = {
  dataDir: 'SURFACES_DATA_DIR',
  database: 'DATABASE_URL',
  fileMaxMb: 'FILE_MAX_MB',
  agentsConfig: 'AGENTS_CONFIG',
  agentBaseUrl: 'AGENT_BASE_URL',
  agentBearer: 'AGENT_BEARER',
  agentWorkspacePath: 'AGENT_WORKSPACE_PATH',
  retentionInboxDays: 'RETENTION_INBOX_DAYS',
  retentionTurnsDays: 'RETENTION_TURNS_DAYS',
  retentionDeadLettersDays: 'RETENTION_DEAD_LETTERS_DAYS',
  retentionHistoryDays: 'RETENTION_HISTORY_DAYS',
  retentionFilesDays: 'RETENTION_FILES_DAYS',
  defaultLocale: 'DEFAULT_LOCALE',
  healthHost: 'HEALTH_HOST',
  healthPort: 'HEALTH_PORT',
  healthKey: 'HEALTH_KEY',
  logLevel: 'LOG_LEVEL',
  logFormat: 'LOG_FORMAT',
} as const satisfies Record<keyof typeof AppSettings.shape, string>;

export const APP_SECRETS: readonly string[] = [APP_VARIABLES.healthKey, APP_VARIABLES.agentBearer];

export type AgentsConfig =
  /** A registry; absolute. */
  | { readonly kind: 'registry'; readonly path: string }
  | {
      readonly kind: 'single';
      readonly baseUrl: string;
      readonly bearer: string | undefined;
      readonly workspacePath: string | undefined;
    }
  /** The app brings its own. */
  | { readonly kind: 'own' };

/** How long things are kept, milliseconds; what is left out is kept for ever. */
export interface RetentionConfig {
  readonly inbox?: number;
  /** Finished turns and operations that were sent. */
  readonly finished?: number;
  readonly deadLetters?: number;
  readonly timeline?: number;
  readonly files?: number;
}

export interface AppConfig {
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  /** Of one file. */
  readonly fileMaxBytes: number;
  readonly agents: AgentsConfig;
  readonly retention: RetentionConfig;
  /** Port 0: any free one. */
  readonly health: { readonly host: string; readonly port: number; readonly key: string | undefined };
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly defaultLocale: Locale;
  /** What must never be seen in a log, an error or a chat. */
  readonly secrets: readonly string[];
}

/** `undefined` when something is wrong; the settings then have the problems. */
export function readAppConfig(
  settings: Settings,
  env: Environment,
  options: {
    readonly needsAgent: boolean;
    readonly isTerminal: boolean;
    /** Where relative paths of agents begin. Default: the current directory. */
    readonly directory?: string;
  },
): AppConfig | undefined {
  const read = settings.read(AppSettings, APP_VARIABLES, APP_SECRETS);
  const { directory = process.cwd() } = options;
  const registry = registryFile(settings, directory);
  if (
    options.needsAgent &&
    registry === undefined &&
    settings.get(APP_VARIABLES.agentBaseUrl) === undefined
  ) {
    settings.problem(
      APP_VARIABLES.agentBaseUrl,
      `expected the URL of the agent, such as http://127.0.0.1:7000/, or a registry of agents in ${REGISTRY_FILE} (see config/agents.example.yaml)`,
    );
  }
  if (read === undefined) return undefined;
  const retention = retentionOf(read);
  if (retention.inbox !== undefined && retention.inbox < DEFAULT_LIMITS.staleAfterMs) {
    settings.problem(
      APP_VARIABLES.retentionInboxDays,
      `expected at least ${DEFAULT_LIMITS.staleAfterMs / 60_000} minutes (0.0105), or what is delivered again would be answered twice`,
    );
    return undefined;
  }
  const dataDir = resolve(read.dataDir ?? defaultDataDir(env, process.platform, homedir()));
  return {
    dataDir,
    database: read.database ?? { kind: 'sqlite', dataDir, file: 'surfaces.db' },
    fileMaxBytes: read.fileMaxMb * MiB,
    agents: agentsOf(read, registry, directory),
    retention,
    health: { host: read.healthHost, port: read.healthPort, key: read.healthKey },
    log: { level: read.logLevel, format: read.logFormat ?? (options.isTerminal ? 'pretty' : 'json') },
    defaultLocale: read.defaultLocale,
    secrets: [
      read.healthKey,
      read.agentBearer,
      ...urlSecrets(read.agentBaseUrl),
      ...urlSecrets(read.database?.kind === 'postgres' ? read.database.url : undefined),
    ].flatMap((secret) => secret || []),
  };
}

function retentionOf(read: z.output<typeof AppSettings>): RetentionConfig {
  const days = {
    inbox: read.retentionInboxDays,
    finished: read.retentionTurnsDays,
    deadLetters: read.retentionDeadLettersDays,
    timeline: read.retentionHistoryDays,
    files: read.retentionFilesDays,
  };
  return Object.fromEntries(
    Object.entries(days).flatMap(([kind, limit]) =>
      limit === 'never' || limit === 0 ? [] : [[kind, limit * DAY_MS]],
    ),
  );
}

function registryFile(settings: Settings, directory: string): string | undefined {
  const named = settings.get(APP_VARIABLES.agentsConfig);
  const path = resolve(directory, named === undefined ? REGISTRY_FILE : expandHome(named));
  if (existsSync(path)) return path;
  if (named !== undefined) {
    settings.problem(APP_VARIABLES.agentsConfig, 'there is no such file (see config/agents.example.yaml)');
  }
  return undefined;
}

function agentsOf(
  read: z.output<typeof AppSettings>,
  registry: string | undefined,
  directory: string,
): AgentsConfig {
  if (registry !== undefined) return { kind: 'registry', path: registry };
  const { agentBaseUrl: baseUrl, agentBearer: bearer, agentWorkspacePath: workspace } = read;
  if (baseUrl === undefined) return { kind: 'own' };
  const workspacePath = workspace === undefined ? undefined : resolve(directory, workspace);
  return { kind: 'single', baseUrl, bearer, workspacePath };
}

// A shell would expand it; `.env` and service files do not.
function expandHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir());
}
