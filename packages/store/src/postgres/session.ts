/**
 * The sign of life of a process: a lock of a session of its own. The server lets go of it when the
 * connection ends, so that what a killed process held is free at once, without clocks and waiting.
 */
import { setTimeout as after } from 'node:timers/promises';
import { type Logger, StoreError } from '@surfaces/core';
import pg from 'pg';
import type { Server } from './connecting.ts';
import { cut, inTime } from './database.ts';
import { toStoreError } from './failure.ts';

/** A machine that is gone without a word is taken for dead after 5 + 3 × 2 seconds. */
const KEEPALIVE =
  'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3';
/** Longest wait between attempts to get a lost session back. Milliseconds. */
const LONGEST_WAIT = 5000;

export class Session {
  readonly #server: Server;
  readonly #holder: string;
  readonly #logger: Logger | undefined;
  readonly #closing = new AbortController();
  #client: pg.Client | undefined;
  #returning: Promise<void> = Promise.resolve();

  private constructor(server: Server, holder: string, logger: Logger | undefined) {
    this.#server = server;
    this.#holder = holder;
    this.#logger = logger;
  }

  static async open(server: Server, holder: string, logger: Logger | undefined): Promise<Session> {
    const session = new Session(server, holder, logger);
    try {
      await session.#connect();
      await session.#refuseUnfit();
      await session.#endDead();
    } catch (error) {
      await session.close();
      throw toStoreError(error, server.where);
    }
    return session;
  }

  async #connect(): Promise<void> {
    // Not called as the process's other connections are: those of who has no lock are taken for a dead one's.
    const client = new pg.Client({
      ...this.#server.config,
      application_name: `surfaces-session ${this.#holder}`,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(KEEPALIVE);
      // Waits for those who look at this moment whether we live.
      await client.query("SELECT pg_advisory_lock(hashtextextended('process ' || $1, 0))", [this.#holder]);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
    client.once('end', () => {
      if (this.#closing.signal.aborted || this.#client !== client) return;
      this.#client = undefined;
      this.#returning = this.#return();
    });
  }

  /** What another claims meanwhile is lost; every write says so by its generation. */
  async #return(): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = 100; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        await this.#connect();
        this.#logger?.info({}, 'the session with PostgreSQL is back');
        return;
      } catch (error) {
        this.#logger?.warn({ err: error, retryInMs: wait }, 'the session with PostgreSQL was lost');
        await after(wait, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #refuseUnfit(): Promise<void> {
    const result = await this.#client?.query<{ version: string; number: number; encoding: string }>(
      `SELECT current_setting('server_version') AS version,
              current_setting('server_version_num')::integer AS number,
              current_setting('server_encoding') AS encoding`,
    );
    const { version, number = 0, encoding } = result?.rows[0] ?? {};
    if (number < 140_000) {
      const message = `PostgreSQL at ${this.#server.where} is of version ${version}: 14 or newer is needed`;
      throw new StoreError('failed', message);
    }
    if (encoding !== 'UTF8') {
      const message = `the database ${this.#server.where} is encoded in ${encoding}: make one with ENCODING 'UTF8'`;
      throw new StoreError('failed', message);
    }
  }

  /**
   * Ends what dead processes still have at the server: a statement that was on its way when they
   * were killed would otherwise be done after we looked at what they left.
   */
  async #endDead(): Promise<void> {
    // Two statements, so that the locks of the first are not held while the second waits.
    const dead = await this.#client?.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
        WHERE CASE WHEN datname = current_database() AND usename = current_user
                    AND application_name LIKE 'surfaces %' AND application_name <> 'surfaces ' || $1
              THEN pg_try_advisory_xact_lock_shared(
                     hashtextextended('process ' || substr(application_name, length('surfaces ') + 1), 0))
              ELSE false END`,
      [this.#holder],
    );
    const pids = dead?.rows.map(({ pid }) => pid) ?? [];
    if (pids.length > 0) {
      await this.#client?.query('SELECT pg_terminate_backend(pid, 2000) FROM unnest($1::integer[]) AS pid', [
        pids,
      ]);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#returning;
    const client = this.#client;
    if (client !== undefined) await inTime(client.end(), () => [client]);
  }

  /** As a crash would; resolves when the server knows. */
  async kill(): Promise<void> {
    this.#closing.abort();
    const client = this.#client;
    if (client === undefined) return;
    cut(client);
    const other = new pg.Client({ ...this.#server.config, application_name: 'surfaces-session' });
    other.on('error', () => undefined);
    await other.connect();
    await other.query("SELECT pg_advisory_lock(hashtextextended('process ' || $1, 0))", [this.#holder]);
    await other.end();
  }
}
