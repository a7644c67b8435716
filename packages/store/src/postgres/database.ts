/** The pool, and what happens when two are in each other's way or the connection is lost. */
import type { Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import type { Logger } from '@surfaces/core';
import { type Column, type SQL, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg, { type PoolClient } from 'pg';
import type { Server } from './connecting.ts';
import { isCollision, isConnectionLost, toStoreError } from './failure.ts';
import { storable, storableValue } from './storable.ts';

export type Tables = NodePgDatabase;

/** Milliseconds. */
const END_TIMEOUT = 3000;
/** Waits before the second, the third, … attempt. Milliseconds. */
const AGAIN = [20, 100, 400];

/** A client whose lost connection is not an unhandled error: the query that used it says so. */
class QuietClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

export interface DatabaseOptions {
  readonly server: Server;
  readonly logger: Logger | undefined;
  readonly poolSize: number;
  readonly onCommit: ((seconds: number) => void) | undefined;
}

export class Database {
  readonly #pool: pg.Pool;
  readonly #where: string;
  readonly #onCommit: ((seconds: number) => void) | undefined;
  /** What was asked for and whose answer was lost. */
  readonly #unsure = new Set<string>();
  readonly #lanes = new Map<string, Promise<unknown>>();
  readonly #ending = new AbortController();
  readonly #clients = new Set<pg.Client>();
  #ended: Promise<void> | undefined;

  constructor({ server, logger, poolSize, onCommit }: DatabaseOptions) {
    this.#where = server.where;
    this.#onCommit = onCommit;
    const { connectionTimeoutMillis, ...config } = server.config;
    this.#pool = new pg.Pool({
      ...config,
      max: poolSize,
      // Only connecting has a limit: the pool itself waits as long as it takes for a free connection.
      Client: class extends QuietClient {
        constructor(options?: pg.ClientConfig) {
          super({ ...options, ...(connectionTimeoutMillis !== undefined && { connectionTimeoutMillis }) });
        }
      },
    });
    this.#pool.on('connect', (client) => this.#clients.add(client));
    this.#pool.on('remove', (client) => this.#clients.delete(client));
    this.#pool.on('error', (error) =>
      logger?.warn({ err: error }, 'an idle connection to PostgreSQL was lost'),
    );
  }

  /** Calls one of our functions (`migrations`): one round trip, one transaction. */
  call(name: string, args: readonly unknown[]): Promise<unknown> {
    return this.#attempt((client) => callOn(client, name, args));
  }

  /** As `call`. `repeated`: an earlier call under the same name may have done it, its answer was lost. */
  callUnsure(name: string, args: readonly unknown[], unsure: string) {
    return this.#attempt(
      async (client, repeated) => ({ answer: await callOn(client, name, args), repeated }),
      unsure,
    );
  }

  /** Each statement by itself. */
  read<T>(work: (tables: Tables) => Promise<T>): Promise<T> {
    return this.#attempt((client) => work(drizzle({ client })));
  }

  /** One transaction. May be done again as a whole, so `work` changes nothing but the database. */
  write<T>(work: (tables: Tables, repeated: boolean) => Promise<T>, unsure?: string): Promise<T> {
    return this.#attempt(async (client, repeated) => {
      await client.query('BEGIN');
      let result: T;
      try {
        result = await work(drizzle({ client }), repeated);
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
      await client.query('COMMIT');
      return result;
    }, unsure);
  }

  isUnsure(unsure: string): boolean {
    return this.#unsure.has(unsure);
  }

  /** Work of one lane is done one after the other, in the order in which it was given. */
  inOrder<T>(lane: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(lane);
    const result = before === undefined ? work() : before.then(work, work);
    this.#lanes.set(lane, result);
    const leave = () => {
      if (this.#lanes.get(lane) === result) this.#lanes.delete(lane);
    };
    result.then(leave, leave);
    return result;
  }

  /** Cuts all connections, as a crash would. What was asked for fails. */
  async kill(): Promise<void> {
    for (const client of this.#clients) cut(client);
    await this.close();
  }

  /** When all that was asked for is done. A server that says nothing any more is not waited for long. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#ended ??= this.#pool.end();
    await inTime(this.#ended, () => this.#clients);
  }

  /** `unsure` names what must know whether an earlier attempt may have done it. */
  async #attempt<T>(
    work: (client: PoolClient, repeated: boolean) => Promise<T>,
    unsure?: string,
  ): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      let began: number | undefined;
      try {
        const client = await this.#pool.connect();
        began = performance.now();
        let lost = false;
        try {
          const result = await work(client, unsure !== undefined && this.#unsure.has(unsure));
          if (unsure !== undefined) this.#unsure.delete(unsure);
          this.#onCommit?.((performance.now() - began) / 1000);
          return result;
        } catch (error) {
          lost = isConnectionLost(error);
          throw error;
        } finally {
          client.release(lost);
        }
      } catch (error) {
        const lost = isConnectionLost(error);
        if (unsure !== undefined && began !== undefined && lost) this.#unsure.add(unsure);
        const wait = AGAIN[attempt];
        if (wait === undefined || this.#ending.signal.aborted || !(lost || isCollision(error, attempt))) {
          throw toStoreError(error, this.#where);
        }
        await after(wait, undefined, { signal: this.#ending.signal }).catch(() => undefined);
      }
    }
  }
}

/** Waits for connections to end, and ends them without a word when that takes long. */
export async function inTime(ended: Promise<void>, clients: () => Iterable<pg.Client>): Promise<void> {
  const slow = setTimeout(() => {
    for (const client of clients()) cut(client);
  }, END_TIMEOUT);
  try {
    await ended;
  } finally {
    clearTimeout(slow);
  }
}

/** Ends a connection without a word. */
export function cut(client: pg.Client): void {
  // The driver has no other way to it.
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  connection.stream.destroy();
}

/** `inArray` without a limit: one parameter, however many there are. */
export function anyOf(column: Column, values: readonly string[]): SQL {
  return sql`${column} = ANY(${sql.param(values.map(storable))}::text[])`;
}

/** Until the end of the transaction. Order: person, chat (by key), address; as in `migrations`. */
export async function lockOne(
  tables: Tables,
  kind: 'person' | 'chat' | 'address',
  key: string,
): Promise<void> {
  await tables.execute(sql`SELECT lock_one(${kind}, ${storable(key)})`);
}

async function callOn(client: PoolClient, name: string, args: readonly unknown[]): Promise<unknown> {
  const text = `SELECT ${name}(${args.map((_, at) => `$${at + 1}`).join(', ')}) AS answer`;
  const { rows } = await client.query<{ answer: unknown }>({ name, text, values: args.map(storableValue) });
  return rows[0]?.answer;
}
