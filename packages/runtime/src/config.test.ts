import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AppConfig, readAppConfig } from './config.ts';
import { defaultDataDir } from './data-dir.ts';
import { readEnvironment } from './environment-file.ts';
import { EXIT } from './exit-codes.ts';
import { type Environment, Settings } from './settings.ts';
import { isStartError, type StartError } from './start-error.ts';
import { defineSurface } from './surface.ts';

const nothingThere = mkdtempSync(join(tmpdir(), 'surfaces-config-'));

function read(
  env: Environment,
  options: { needsAgent: boolean; isTerminal: boolean; directory?: string } = {
    needsAgent: false,
    isTerminal: false,
  },
): AppConfig {
  const settings = new Settings(env);
  const config = readAppConfig(settings, env, { directory: nothingThere, ...options });
  settings.check();
  if (config === undefined) throw new Error('no problem and no configuration');
  return config;
}

const DAY = 86_400_000;

function problemsOf(env: Environment): string[] {
  return failure(() => read(env))
    .message.split('\n')
    .slice(1);
}

function failure(run: () => unknown): StartError {
  try {
    run();
  } catch (error) {
    if (isStartError(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('with nothing set there are defaults', () => {
  const config = read({ HOME: '/home/x' });
  expect(config).toMatchObject({
    agents: { kind: 'own' },
    fileMaxBytes: 1024 ** 3,
    health: { host: '127.0.0.1', port: 9464, key: undefined },
    log: { level: 'info', format: 'json' },
    defaultLocale: 'en',
  });
  expect(config.database).toEqual({ kind: 'sqlite', dataDir: config.dataDir, file: 'surfaces.db' });
  expect(read({}, { needsAgent: false, isTerminal: true }).log.format).toBe('pretty');
});

test('what is set counts; blank is not set', () => {
  expect(
    read({
      SURFACES_DATA_DIR: ' /data ',
      AGENT_BASE_URL: 'https://anna:pa55word@example.org/agent_1/?key=0123456789abcdef&mode=fast',
      AGENT_BEARER: 'the-bearer-key',
      AGENT_WORKSPACE_PATH: 'w',
      FILE_MAX_MB: '5',
      HEALTH_HOST: '::1',
      HEALTH_PORT: '0',
      HEALTH_KEY: 'a-long-key',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'pretty',
      DEFAULT_LOCALE: 'ko',
      DATABASE_URL: '  ',
    }),
  ).toEqual({
    dataDir: '/data',
    database: { kind: 'sqlite', dataDir: '/data', file: 'surfaces.db' },
    fileMaxBytes: 5 * 1024 ** 2,
    agents: {
      kind: 'single',
      baseUrl: 'https://anna:pa55word@example.org/agent_1/?key=0123456789abcdef&mode=fast',
      bearer: 'the-bearer-key',
      workspacePath: join(nothingThere, 'w'),
    },
    retention: { inbox: 30 * DAY, finished: 30 * DAY, deadLetters: 90 * DAY, files: 90 * DAY },
    health: { host: '::1', port: 0, key: 'a-long-key' },
    log: { level: 'debug', format: 'pretty' },
    defaultLocale: 'ko',
    secrets: ['a-long-key', 'the-bearer-key', 'pa55word', 'pa55word', '0123456789abcdef'],
  });
});

describe('how long things are kept', () => {
  test.each([
    ['never', undefined],
    ['0', undefined],
    ['7', 7 * DAY],
    ['0.5', DAY / 2],
  ])('%s', (days, ms) => {
    expect(read({ RETENTION_FILES_DAYS: days }).retention.files).toBe(ms);
    expect(read({ RETENTION_INBOX_DAYS: days }).retention.inbox).toBe(ms);
  });

  test('what is no number of days, and an inbox that forgets what may still come again, are named', () => {
    const wrong = { RETENTION_TURNS_DAYS: 'long', RETENTION_HISTORY_DAYS: '-1' };
    expect(problemsOf(wrong)).toEqual([
      expect.stringContaining('RETENTION_TURNS_DAYS'),
      expect.stringContaining('RETENTION_HISTORY_DAYS'),
    ]);
    expect(problemsOf(wrong).join()).toContain('a number of days, or never');
    expect(problemsOf({ RETENTION_INBOX_DAYS: '0.01' }).join()).toContain('at least 15 minutes');
    expect(read({ RETENTION_FILES_DAYS: '0.01' }).retention.files).toBe(0.01 * DAY);
  });
});

describe('DATABASE_URL', () => {
  test.each([
    ['sqlite:/var/lib/x/chats.db', '/var/lib/x', 'chats.db'],
    ['sqlite:///var/lib/x/chats.db', '/var/lib/x', 'chats.db'],
    ['file:/var/lib/x/chats.db', '/var/lib/x', 'chats.db'],
    ['file:///var/lib/with%20space/chats.db', '/var/lib/with space', 'chats.db'],
    ['sqlite:chats.db', resolve('.'), 'chats.db'],
    ['sqlite:./data/chats.db', resolve('data'), 'chats.db'],
  ])('%s', (url, dataDir, file) => {
    expect(read({ DATABASE_URL: url }).database).toEqual({ kind: 'sqlite', dataDir, file });
  });

  test('of PostgreSQL is taken as it is; its password is a secret', () => {
    const url = 'postgresql://anna:pa%2055word@db.example:5433/chats?sslmode=require';
    const config = read({ DATABASE_URL: url });
    expect(config.database).toEqual({ kind: 'postgres', url });
    expect(config.secrets).toEqual(['pa%2055word', 'pa 55word']);
    expect(config.dataDir).not.toBe('');
  });

  test.each(['postgres://anna:pa55word@db', 'POSTGRES:db', 'postgres://anna:pa55word@db:port/x'])(
    '%s is refused without showing the password',
    (url) => {
      const { message } = failure(() => read({ DATABASE_URL: url }));
      expect(message).toContain('expected postgres://host:port/database');
      expect(message).not.toContain('pa55word');
    },
  );

  test.each([
    'mysql://x/y',
    '/var/lib/x.db',
    'sqlite:',
    'sqlite::memory:',
    'sqlite:/dir/',
    'sqlite:/x/..',
    'sqlite:/x/a b.db',
    'sqlite:x.db?mode=ro',
    'file://server/share/x.db',
    'nonsense',
  ])('%s is refused', (url) => {
    expect(failure(() => read({ DATABASE_URL: url })).message).toContain('DATABASE_URL');
  });
});

test('all problems at once: variable, value, what is expected', () => {
  const error = failure(() =>
    read(
      {
        AGENT_BASE_URL: 'ftp://anna:pa55word@x/',
        FILE_MAX_MB: '0.5',
        AGENTS_CONFIG: '/none/agents.yaml',
        AGENT_BEARER: 'two words',
        HEALTH_PORT: '99999',
        HEALTH_KEY: 'short',
        LOG_LEVEL: 'loud',
        LOG_FORMAT: 'xml',
        DEFAULT_LOCALE: 'de',
      },
      { needsAgent: true, isTerminal: false },
    ),
  );
  expect(error.exitCode).toBe(EXIT.config);
  expect(error.message.split('\n')).toEqual([
    'the configuration is wrong.',
    '  FILE_MAX_MB ("0.5"): expected a whole number',
    '  AGENT_BASE_URL ("ftp://[hidden]@x/"): expected the URL of an agent, such as http://127.0.0.1:7000/ or wss://agents.example.org/a/',
    '  AGENT_BEARER: expected a key without spaces',
    '  DEFAULT_LOCALE ("de"): expected one of en, ru, ko',
    '  HEALTH_PORT ("99999"): expected at most 65535',
    '  HEALTH_KEY: expected at least 8 characters',
    '  LOG_LEVEL ("loud"): expected one of debug, info, warn, error, silent',
    '  LOG_FORMAT ("xml"): expected one of pretty, json',
    '  AGENTS_CONFIG ("/none/agents.yaml"): there is no such file (see config/agents.example.yaml)',
  ]);
});

test('the registry is looked for in config/agents.yaml, and comes before one agent', () => {
  const directory = mkdtempSync(join(tmpdir(), 'surfaces-config-'));
  const options = { needsAgent: true, isTerminal: false, directory };
  const AGENT_BASE_URL = 'http://h/';
  expect(read({ AGENT_BASE_URL }, options).agents.kind).toBe('single');
  mkdirSync(join(directory, 'config'));
  writeFileSync(join(directory, 'config/agents.yaml'), '');
  const path = join(directory, 'config/agents.yaml');
  expect(read({}, options).agents).toEqual({ kind: 'registry', path });
  expect(read({ AGENT_BASE_URL }, options).agents).toEqual({ kind: 'registry', path });
  writeFileSync(join(directory, 'mine.yaml'), '');
  expect(read({ AGENTS_CONFIG: 'mine.yaml' }, options).agents).toEqual({
    kind: 'registry',
    path: join(directory, 'mine.yaml'),
  });
});

test('a port is a whole number', () => {
  for (const port of ['abc', '80.5', '-1', '0x', '1e9', '8080;']) {
    expect(failure(() => read({ HEALTH_PORT: port })).message).toMatch(/HEALTH_PORT .*expected/);
  }
});

test('a data directory below the home directory, and a relative one', () => {
  expect(read({ SURFACES_DATA_DIR: '~/x' }).dataDir).toBe(join(homedir(), 'x'));
  expect(read({ SURFACES_DATA_DIR: './x~' }).dataDir).toBe(resolve('x~'));
});

test('an app without an agent of its own wants one', () => {
  const error = failure(() => read({}, { needsAgent: true, isTerminal: false }));
  expect(error.message).toContain('AGENT_BASE_URL (not set): expected the URL of the agent');
});

test("a surface's own settings: problems with its variables, never with its secrets", () => {
  const surface = defineSurface({
    name: 'web',
    schema: z.object({
      port: z.coerce.number().int().max(10),
      keys: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.string().regex(/^\w+$/, 'a key is letters and digits'))),
    }),
    variables: { port: 'WEB_PORT', keys: 'WEB_KEYS' },
    secretVariables: ['WEB_KEYS'],
    create: () => {
      throw new Error('not made here');
    },
  });
  const settings = new Settings({ WEB_PORT: '11', WEB_KEYS: 'good,hunter2!' });
  expect(surface.configure(settings)).toBeUndefined();
  expect(
    failure(() => settings.check())
      .message.split('\n')
      .slice(1),
  ).toEqual(['  WEB_PORT ("11"): expected at most 10', '  WEB_KEYS: entry 2: a key is letters and digits']);
});

test('very long and odd values are shown short and on one line', () => {
  const { message } = failure(() => read({ LOG_LEVEL: `a\nb\u0007${'x'.repeat(10_000)}` }));
  expect(message.split('\n')).toHaveLength(2);
  expect(message.length).toBeLessThan(400);
});

describe('.env', () => {
  const directory = () => mkdtempSync(join(tmpdir(), 'surfaces-env-'));

  test('is read; the real environment wins, also with nothing', () => {
    const dir = directory();
    writeFileSync(join(dir, '.env'), '# comment\nLOG_LEVEL=debug\nHEALTH_PORT="1"\nDEFAULT_LOCALE=ko\n');
    const env = readEnvironment(dir, { HEALTH_PORT: '2', DEFAULT_LOCALE: '' });
    expect(read(env)).toMatchObject({ log: { level: 'debug' }, health: { port: 2 }, defaultLocale: 'en' });
  });

  test('that an editor began with a byte order mark loses nothing', () => {
    const dir = directory();
    writeFileSync(join(dir, '.env'), '\ufeffLOG_LEVEL=debug\r\nDEFAULT_LOCALE=ko\r\n');
    expect(read(readEnvironment(dir, {}))).toMatchObject({ log: { level: 'debug' }, defaultLocale: 'ko' });
  });

  test('in UTF-16 is an error, not an empty one', () => {
    const dir = directory();
    writeFileSync(join(dir, '.env'), '\ufeffLOG_LEVEL=debug\r\n', 'utf16le');
    const error = failure(() => readEnvironment(dir, {}));
    expect(error.message).toMatch(/\.env.*UTF-8/);
    expect(error.exitCode).toBe(EXIT.config);
  });

  test('may be missing', () => {
    expect(readEnvironment(directory(), { A: 'b' })).toEqual({ A: 'b' });
  });

  test('that cannot be read is an error', () => {
    const dir = directory();
    mkdirSync(join(dir, '.env'));
    const error = failure(() => readEnvironment(dir, {}));
    expect(error.message).toContain(join(dir, '.env'));
    expect(error.exitCode).toBe(EXIT.config);
  });
});

test.each([
  ['linux', {}, '/home/x/.local/share/surfaces'],
  ['linux', { XDG_DATA_HOME: '/xdg' }, '/xdg/surfaces'],
  ['linux', { XDG_DATA_HOME: 'relative' }, '/home/x/.local/share/surfaces'],
  ['linux', { XDG_DATA_HOME: '' }, '/home/x/.local/share/surfaces'],
  ['darwin', { XDG_DATA_HOME: '/xdg' }, '/home/x/Library/Application Support/surfaces'],
  ['win32', { LOCALAPPDATA: '/local' }, '/local/surfaces'],
  ['win32', {}, '/home/x/AppData/Local/surfaces'],
] as const)('data directory on %s with %j', (platform, env, expected) => {
  expect(defaultDataDir(env, platform, '/home/x')).toBe(expected);
});
