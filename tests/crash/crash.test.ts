/** A short run of each kind; `npm run test:crash` does long ones. */
import { expect, test } from 'vitest';
import { readOptions } from './options.ts';
import { describeReport } from './report.ts';
import { run, type Target } from './run.ts';

test.for<[Target, string]>([
  ['app', 'the app'],
  ['agent', 'the agent'],
  ['both', 'the app and the agent at once'],
])(
  '%s killed: nothing is lost, doubled, misplaced or out of order',
  { timeout: 100_000 },
  async ([target]) => {
    const [options] = seeded(target);
    if (!options) throw new Error('no run');
    const report = await run(options);
    const { problems, ...told } = report;
    expect({ problems, told: problems.length > 0 && describeReport({ ...told, problems }) }).toEqual({
      problems: [],
      told: false,
    });
    for (const kills of Object.values(report.kills)) {
      expect(Object.values(kills).reduce((a, b) => a + b, 0)).toBe(options.kills);
    }
  },
);

/** Its seed is another each time; a failure prints it. */
function seeded(target: Target) {
  const options = readOptions([
    '--target',
    target,
    '--kills',
    target === 'both' ? '3' : '5',
    '--chats',
    '12',
  ]);
  return options === 'help' ? [] : options.runs;
}

test('a wrong command line says what is wrong', () => {
  expect(readOptions(['--help'])).toBe('help');
  expect(() => readOptions(['--kills', 'many'])).toThrow('--kills is a whole number');
  expect(() => readOptions(['--target', 'moon'])).toThrow('--target is app, agent, both or all, not "moon"');
  expect(() => readOptions(['--kils', '3'])).toThrow('--kils');
});
