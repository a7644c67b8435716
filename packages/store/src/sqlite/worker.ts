/**
 * The database's thread. All calls that wait are one transaction with one commit (one flush of the
 * disk), then all are answered: this is the group commit. When any of them fails the transaction is
 * taken back and each is done again by itself, so that one call's failure is no other's.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { sql } from 'drizzle-orm';
import { acceptingCalls } from './accepting.ts';
import type { Calls, FromWorker, Settled, ToWorker, WorkerOptions } from './calls.ts';
import { careCalls } from './caring.ts';
import { chatCalls, chatKeeper } from './chatting.ts';
import { confirmationCalls } from './confirming.ts';
import { type Database, openDatabase, type Tables } from './database.ts';
import { toFailure } from './failure.ts';
import { fileCalls, fileKeeper } from './filing.ts';
import { forgettingCalls } from './forgetting.ts';
import { operationInserter, outboxCalls } from './outbox.ts';
import { peopleCalls, peopleKeeper } from './people.ts';
import { recoveryCalls } from './recovering.ts';
import { probes } from './schema.ts';
import { timelineCalls } from './showing.ts';
import { leaseChecker, turnCalls } from './turning.ts';

if (parentPort === null) throw new Error('worker.ts runs as a worker thread');
const port = parentPort;
// Given by `SqliteThread`, in this package.
const options = workerData as WorkerOptions;
const answer = (message: FromWorker) => port.postMessage(message);

try {
  serve(openDatabase(options));
  answer({ kind: 'open' });
} catch (error) {
  answer({ kind: 'failed', failure: toFailure(error, options.directory) });
}

function serve(database: Database): void {
  const calls = allCalls(database.tables);
  const { sqlite } = database;
  // The name and the argument were put together by `SqliteThread.call`, which checks their types.
  const run = ([name, argument]: readonly [keyof Calls, unknown]): unknown => calls[name](argument as never);
  const together = sqlite.transaction((batch: Exclude<ToWorker, 'close'>) =>
    batch.map((call): Settled => [true, run(call)]),
  );
  const alone = sqlite.transaction(run);

  const oneByOne = (batch: Exclude<ToWorker, 'close'>) =>
    batch.map((call): Settled => {
      try {
        return [true, alone.immediate(call)];
      } catch (error) {
        return [false, toFailure(error, options.directory)];
      }
    });

  const work = (batch: Exclude<ToWorker, 'close'>) => {
    const began = performance.now();
    let answers: readonly Settled[] | undefined;
    if (batch.length > 1) {
      try {
        answers = together.immediate(batch);
      } catch {
        // Which call it was shows when each is alone.
      }
    }
    answers ??= oneByOne(batch);
    answer({ kind: 'answers', answers, seconds: (performance.now() - began) / 1000 });
  };

  port.on('message', (first: ToWorker) => {
    const batch: (readonly [keyof Calls, unknown])[] = [];
    let next: ToWorker | undefined = first;
    while (next !== undefined && next !== 'close') {
      batch.push(...next);
      // Typed by its only sender, as above.
      next = receiveMessageOnPort(port)?.message as ToWorker | undefined;
    }
    if (batch.length > 0) work(batch);
    if (next === 'close') {
      database.close();
      answer({ kind: 'closed' });
      port.close();
    }
  });
}

function allCalls(db: Tables): Calls {
  const insertOperations = operationInserter(db);
  const check = leaseChecker(db);
  const probe = db
    .insert(probes)
    .values({ id: 1, count: 1 })
    .onConflictDoUpdate({ target: probes.id, set: { count: sql`${probes.count} + 1` } })
    .prepare();
  const people = peopleKeeper(db);
  const chatting = chatKeeper(db);
  const filing = fileKeeper(db);
  return {
    ...acceptingCalls(db, insertOperations, { people, chatting, filing }),
    ...peopleCalls(db, people),
    ...chatCalls(db, chatting, filing),
    ...fileCalls(db),
    ...turnCalls(db, insertOperations, check, filing),
    ...outboxCalls(db),
    ...confirmationCalls(db, check),
    ...recoveryCalls(db, filing),
    ...timelineCalls(db),
    ...careCalls(db),
    ...forgettingCalls(db),
    probe() {
      probe.run();
      return null;
    },
  };
}
