import { randomUUID } from 'node:crypto';
import type { Clock, Logger, PersonRecord, Store } from '@surfaces/core';
import { sql } from 'drizzle-orm';
import { acceptingCalls } from './accepting.ts';
import { careCalls } from './caring.ts';
import { chatCalls } from './chatting.ts';
import { confirmationCalls } from './confirming.ts';
import { parseServer } from './connecting.ts';
import { Database } from './database.ts';
import { filingCalls } from './filing.ts';
import { personCalls } from './forgetting.ts';
import { Gate } from './gate.ts';
import { migrateDatabase } from './migrating.ts';
import { outboxCalls } from './outbox.ts';
import { recoveryCalls } from './recovering.ts';
import { probes } from './schema.ts';
import { Session } from './session.ts';
import { postgresTimeline } from './timeline.ts';
import { turnCalls } from './turning.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`. The user owns the database. */
  readonly url: string;
  readonly logger?: Logger;
  readonly clock?: Pick<Clock, 'now'>;
  /** Names this process to the server's operator; default its pid. */
  readonly processId?: string;
  /** Hears of each transaction: seconds from its first statement to the answer to its commit. */
  readonly onCommit?: (seconds: number) => void;
  /** Most connections, apart from the one that shows that this process lives. Default 10. */
  readonly poolSize?: number;
}

/**
 * Opens the store on a server and brings its tables up to date. Rejects with a `StoreError`:
 * `unreachable` (no server there, or it refuses the login), `newer`, `not_writable`, `disk_full`, `failed`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  return (await openPostgres(options)).store;
}

/** As above, for tests: `kill` cuts all connections as a crash would, `lapse` only the sign of life, for good. */
export async function openPostgres(
  options: PostgresStoreOptions,
): Promise<{ store: Store; kill(): Promise<void>; lapse(): Promise<void> }> {
  const { logger, clock = Date, poolSize = 10, onCommit } = options;
  // Unique per opening, whatever the process is called; with its prefix the longest name that a server keeps.
  const name = (options.processId ?? String(process.pid)).replaceAll(/[^\w.-]/g, '_').slice(0, 16);
  const holder = `${name}/${randomUUID()}`;
  const server = parseServer(options.url, `surfaces ${holder}`);
  const began = performance.now();
  // First, so that nobody takes the connections that follow for those of a dead process.
  const session = await Session.open(server, holder, logger);
  try {
    await migrateDatabase(server);
  } catch (error) {
    await session.close();
    throw error;
  }
  const db = new Database({ server, logger, poolSize, onCommit });
  const gate = new Gate();
  logger?.info({ server: server.where, ms: Math.round(performance.now() - began) }, 'the store is open');

  const { exportPerson, ...people } = personCalls(db);
  let closed: Promise<void> | undefined;
  const store: Store = {
    ...gate.around({
      ...acceptingCalls(db, clock),
      ...turnCalls(db, clock, holder),
      ...outboxCalls(db, clock),
      ...confirmationCalls(db),
      ...recoveryCalls(db),
      ...chatCalls(db),
      ...filingCalls(db),
      ...careCalls(db),
      ...people,
      async probe() {
        await db.read((tables) =>
          tables
            .insert(probes)
            .values({ id: 1, count: 1 })
            .onConflictDoUpdate({ target: probes.id, set: { count: sql`probes.count + 1` } }),
        );
      },
    }),
    exportPerson: (person) => behind(gate, exportPerson(person)),
    timeline: gate.around(postgresTimeline(db)),
    close() {
      closed ??= gate.close().then(async () => {
        await db.close();
        await session.close();
      });
      return closed;
    },
  };
  return {
    store,
    async kill() {
      await Promise.all([db.kill(), session.kill()]);
    },
    lapse: () => session.close(),
  };
}

/** Each piece is asked for by itself, so that nobody who reads slowly keeps the store from closing. */
async function* behind(gate: Gate, records: AsyncIterable<PersonRecord>): AsyncGenerator<PersonRecord> {
  const iterator = records[Symbol.asyncIterator]();
  for (;;) {
    const next = await gate.enter(() => iterator.next());
    if (next.done) return;
    yield next.value;
  }
}
