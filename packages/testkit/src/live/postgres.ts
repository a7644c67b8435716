/**
 * A real PostgreSQL server of a test file's own, with `fsync` on, that can also be killed and started
 * again. `TEST_POSTGRES_URL` names a running server instead, whose user may create databases.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

export interface PostgresDatabase {
  readonly url: string;
  /** Ends every connection to it, too. */
  drop(): Promise<void>;
}

export interface PostgresServer {
  /** Of the database `postgres`, as a superuser with a password. */
  readonly url: string;
  /** Runs SQL through `psql`, by default in the database `postgres`; what it printed, one line per row. */
  sql(text: string, url?: string): Promise<string>;
  /** A new database: empty, or a copy of one that nobody is connected to. */
  createDatabase(template?: PostgresDatabase): Promise<PostgresDatabase>;
  /** SIGKILL to the whole server; resolves when all of it is gone. Not with `TEST_POSTGRES_URL`. */
  kill(): Promise<void>;
  /** Starts it again, on the same port, after `kill`. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** The directory of the server's programs, or `TEST_POSTGRES_URL`. Throws when there is neither. */
export function findPostgres(): string {
  const named = process.env.TEST_POSTGRES_URL;
  if (named) return named;
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a));
  const directories = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    ...newest.map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  const found = directories.find((directory) =>
    ['initdb', 'postgres', 'psql'].every((program) => runs(path.join(directory, program))),
  );
  if (found === undefined) {
    throw new Error(
      'no PostgreSQL is installed (apt-get install postgresql), and TEST_POSTGRES_URL is not set',
    );
  }
  return found;
}

/** Starts a server on 127.0.0.1. `settings` are added to its command line, as `name=value`. */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const found = findPostgres();
  if (found.includes('://')) return new NamedServer(found);
  const server = await OwnServer.create(found, settings);
  await server.start();
  return server;
}

const databaseName = () => `surfaces_${randomBytes(6).toString('hex')}`;

class NamedServer implements PostgresServer {
  readonly url: string;
  protected readonly psql: string;

  constructor(url: string, psql = 'psql') {
    this.url = url;
    this.psql = psql;
  }

  async sql(text: string, url = this.url): Promise<string> {
    const child = spawn(this.psql, ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', text], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      output.stdout += data;
    });
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      output.stderr += data;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`psql: ${output.stderr.trim()}`);
    return output.stdout.trim();
  }

  async createDatabase(template?: PostgresDatabase): Promise<PostgresDatabase> {
    const name = databaseName();
    const copied = template === undefined ? '' : ` TEMPLATE ${new URL(template.url).pathname.slice(1)}`;
    await this.sql(`CREATE DATABASE ${name}${copied}`);
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return {
      url: url.href,
      drop: async () => {
        await this.sql(`DROP DATABASE ${name} WITH (FORCE)`);
      },
    };
  }

  kill(): Promise<void> {
    return Promise.reject(new Error('a server that TEST_POSTGRES_URL names is not killed'));
  }

  start(): Promise<void> {
    return Promise.reject(new Error('a server that TEST_POSTGRES_URL names is not started'));
  }

  async stop(): Promise<void> {}
}

class OwnServer extends NamedServer {
  readonly #programs: string;
  readonly #directory: string;
  readonly #args: readonly string[];
  readonly #user: { readonly uid?: number; readonly gid?: number };
  #process: ChildProcess | undefined;
  #log = '';
  /** A run that breaks off leaves nothing. */
  readonly #removeOnExit = () => {
    this.#process?.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  };

  private constructor(
    programs: string,
    directory: string,
    user: { readonly uid?: number; readonly gid?: number },
    port: number,
    password: string,
    settings: readonly string[],
  ) {
    super(`postgres://tester:${password}@127.0.0.1:${port}/postgres`, path.join(programs, 'psql'));
    this.#programs = programs;
    this.#directory = directory;
    this.#user = user;
    process.on('exit', this.#removeOnExit);
    const all = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      `unix_socket_directories=${directory}`,
      'max_connections=200',
      'shared_buffers=32MB',
      'fsync=on',
      'autovacuum_naptime=10min',
      ...settings,
    ];
    this.#args = ['-D', path.join(directory, 'data'), ...all.flatMap((setting) => ['-c', setting])];
  }

  static async create(programs: string, settings: readonly string[]): Promise<OwnServer> {
    const directory = mkdtempSync(path.join(tmpdir(), 'surfaces-postgres-'));
    const user = unprivileged();
    if (user.uid !== undefined) chownSync(directory, user.uid, user.gid ?? user.uid);
    const password = randomBytes(12).toString('hex');
    const passwordFile = path.join(directory, 'password');
    writeFileSync(passwordFile, password);
    if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid ?? user.uid);
    const initdb = spawn(
      path.join(programs, 'initdb'),
      [
        ...['-D', path.join(directory, 'data'), '-U', 'tester', '-A', 'scram-sha-256', '-E', 'UTF8'],
        ...['--locale=C', '--no-sync', `--pwfile=${passwordFile}`],
      ],
      { ...user, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    initdb.stderr.setEncoding('utf8').on('data', (data: string) => {
      said += data;
    });
    const [code] = await once(initdb, 'close');
    if (code !== 0) throw new Error(`initdb: ${said}`);
    return new OwnServer(programs, directory, user, await freePort(), password, settings);
  }

  override async start(): Promise<void> {
    // What a killed server leaves in shared memory is in the way until its last process has ended.
    for (let attempt = 1; ; attempt += 1) {
      if (await this.#startOnce()) return;
      if (attempt === 20) throw new Error(`PostgreSQL does not start: ${this.#log}`);
      await after(250);
    }
  }

  async #startOnce(): Promise<boolean> {
    this.#log = '';
    const child = spawn(path.join(this.#programs, 'postgres'), this.#args, {
      ...this.#user,
      cwd: this.#directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    return await new Promise<boolean>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', () => resolve(false));
      child.stderr.setEncoding('utf8').on('data', (data: string) => {
        if (this.#log.length < 10_000) this.#log += data;
        if (data.includes('ready to accept connections')) resolve(true);
      });
    });
  }

  override async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  override async stop(): Promise<void> {
    await this.#end('SIGQUIT');
    process.off('exit', this.#removeOnExit);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: 'SIGKILL' | 'SIGQUIT'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const children = signal === 'SIGKILL' ? childrenOf(child.pid) : [];
    const closed = once(child, 'close');
    child.kill(signal);
    for (const pid of children) killQuietly(pid);
    // The log's pipe is open until the last of its processes has ended.
    await closed;
  }
}

/** PostgreSQL refuses to run as root: its own user, or else nobody. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

/** Where this cannot be read they end by themselves, once they see that their parent is gone. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
