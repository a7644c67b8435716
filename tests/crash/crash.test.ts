/** A short run of each kind; `npm run test:crash` does long ones. */
import { liveOrSkip, type PostgresServer, startPostgres } from '@surfaces/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import type { StoreKind } from './database.ts';
import { readOptions } from './options.ts';
import { describeReport } from './report.ts';
import { run, type Target } from './run.ts';

const TARGETS: readonly [Target, string][] = [
  ['app', 'the app'],
  ['agent', 'the agent'],
  ['both', 'the app and the agent at once'],
];

test.for(TARGETS)(
  '%s killed: nothing is lost, doubled, misplaced or out of order',
  { timeout: 100_000 },
  ([target]) => mustPass(target, 'sqlite'),
);

describe('on PostgreSQL', () => {
  let postgres: PostgresServer | undefined;
  afterAll(() => postgres?.stop());

  test.for(TARGETS)('%s killed: as on SQLite', { timeout: 150_000 }, async ([target], context) => {
    liveOrSkip(context, 'postgres');
    postgres ??= await startPostgres();
    await mustPass(target, 'postgres', postgres);
  });
});

/** Its seed is another each time; a failure prints it. */
async function mustPass(target: Target, store: StoreKind, postgres?: PostgresServer): Promise<void> {
  const kills = target === 'both' ? '3' : '5';
  const options = readOptions(['--target', target, '--store', store, '--kills', kills, '--chats', '12']);
  const [one] = options === 'help' ? [] : options.runs;
  if (!one) throw new Error('no run');
  const report = await run(one, postgres);
  const { problems, ...told } = report;
  expect({ problems, told: problems.length > 0 && describeReport({ ...told, problems }) }).toEqual({
    problems: [],
    told: false,
  });
  for (const kills of Object.values(report.kills)) {
    expect(Object.values(kills).reduce((a, b) => a + b, 0)).toBe(one.kills);
  }
}

test('a wrong command line says what is wrong', () => {
  expect(readOptions(['--help'])).toBe('help');
  expect(() => readOptions(['--kills', 'many'])).toThrow('--kills is a whole number');
  expect(() => readOptions(['--target', 'moon'])).toThrow('--target is app, agent, both or all, not "moon"');
  expect(() => readOptions(['--store', 'paper'])).toThrow('--store is sqlite, postgres or all, not "paper"');
  expect(() => readOptions(['--kils', '3'])).toThrow('--kils');
});
