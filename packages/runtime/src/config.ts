/** What every app of ours can be told. Each surface adds its own part (`surface.ts`). */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { Locale } from '@surfaces/protocol';
import { agentUrl } from '@surfaces/sdk';
import { z } from 'zod';
import { defaultDataDir } from './data-dir.ts';
import { EXIT } from './exit-codes.ts';
import type { Environment, Settings } from './settings.ts';
import { StartError } from './start-error.ts';

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

const DATABASE_FORM =
  'expected sqlite:/path/of/a/file.db (a plain file name of letters, digits, dots and dashes), or nothing for surfaces.db in the data directory';

const DatabaseUrl = z.string().transform((text, context) => {
  const problem = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (/^postgres(ql)?:/i.test(text)) {
    return problem('PostgreSQL is not there yet; leave it out to use SQLite in the data directory');
  }
  const path = sqlitePath(text);
  if (path === undefined || !/^(?!\.+$)[\w.-]+$/.test(basename(path))) return problem(DATABASE_FORM);
  return { dataDir: dirname(path), file: basename(path) };
});

/** `sqlite:`, `sqlite://` or `file:` and a path; a relative one begins at the current directory. */
function sqlitePath(text: string): string | undefined {
  if (text.includes('?') || text.includes('#') || text.endsWith('/')) return undefined;
  const match = /^(sqlite|file):(?:\/\/(?=\/|[a-z]:))?(.+)$/i.exec(text);
  if (match === null) return undefined;
  const path = match[2] ?? '';
  if (path.startsWith('//') || path === ':memory:') return undefined;
  if (/^file:\/\//i.test(text)) return URL.canParse(text) ? fileURLToPath(text) : undefined;
  return resolve(path);
}

const AppSettings = z.object({
  // A shell would expand it; `.env` and service files do not.
  dataDir: z
    .string()
    .transform((path) => path.replace(/^~(?=\/|$)/, homedir()))
    .optional(),
  database: DatabaseUrl.optional(),
  agentBaseUrl: BaseUrl.optional(),
  healthHost: z.string().default('127.0.0.1'),
  healthPort: z.coerce.number().int().min(0).max(65535).default(9464),
  healthKey: z.string().min(8, 'expected at least 8 characters').optional(),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  logFormat: z.enum(['pretty', 'json']).optional(),
  defaultLocale: Locale.default('en'),
});

export interface AppConfig {
  readonly dataDir: string;
  readonly database: { readonly dataDir: string; readonly file: string };
  /** `undefined`: the app brings its own agent. */
  readonly agentBaseUrl: string | undefined;
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
  options: { readonly needsAgent: boolean; readonly isTerminal: boolean },
): AppConfig | undefined {
  const read = settings.read(
    AppSettings,
    {
      dataDir: 'SURFACES_DATA_DIR',
      database: 'DATABASE_URL',
      agentBaseUrl: 'AGENT_BASE_URL',
      healthHost: 'HEALTH_HOST',
      healthPort: 'HEALTH_PORT',
      healthKey: 'HEALTH_KEY',
      logLevel: 'LOG_LEVEL',
      logFormat: 'LOG_FORMAT',
      defaultLocale: 'DEFAULT_LOCALE',
    },
    ['HEALTH_KEY'],
  );
  if (options.needsAgent && settings.get('AGENT_BASE_URL') === undefined) {
    settings.problem('AGENT_BASE_URL', 'expected the URL of the agent, such as http://127.0.0.1:7000/');
  }
  if (read === undefined) return undefined;
  const dataDir = resolve(read.dataDir ?? defaultDataDir(env, process.platform, homedir()));
  return {
    dataDir,
    database: read.database ?? { dataDir, file: 'surfaces.db' },
    agentBaseUrl: read.agentBaseUrl,
    health: { host: read.healthHost, port: read.healthPort, key: read.healthKey },
    log: { level: read.logLevel, format: read.logFormat ?? (options.isTerminal ? 'pretty' : 'json') },
    defaultLocale: read.defaultLocale,
    secrets: [read.healthKey ?? '', ...urlSecrets(read.agentBaseUrl)],
  };
}

/** The password of a URL (a user name alone may be a token), and what in its query is long enough to be a key. */
function urlSecrets(text: string | undefined): string[] {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null) return [];
  const credential = url.password || url.username;
  const keys = [...url.searchParams.values()].filter((value) => value.length >= 16);
  return [credential, decodeURIComponent(credential), ...keys];
}

/** `.env` of the directory, over which the real environment wins, also where it sets a variable to nothing. */
export function readEnvironment(directory: string, env: Environment): Environment {
  const path = join(directory, '.env');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return env;
    throw new StartError(
      `${path} cannot be read (${String(code)}): give this user the right to, or remove it.`,
      EXIT.config,
      {
        cause: error,
      },
    );
  }
  // Some editors of Windows write UTF-16; read as UTF-8 it would set nothing, and nobody would be told.
  if (text.includes('\0'))
    throw new StartError(`${path} is not text in UTF-8: save it as such.`, EXIT.config);
  return { ...parseEnv(text.replace(/^\ufeff/, '')), ...env };
}
