/** What the command line says. */
import { parseArgs } from 'node:util';
import type { RunOptions, Target } from './run.ts';

export const USAGE = `Kills the app and the agent in the middle of a workload, many times, and checks that nobody could notice.

Usage: npm run test:crash -- [options]

  --kills N      how often each of them is killed (default 40)
  --target T     app, agent, both (in the same workload), or all: one after the other (default all;
                 then "both" gets a quarter of the kills)
  --seed S       repeats the choices of an earlier run (default: at random; it is printed)
  --chats N      how many people talk at once (default 24)
`;

export interface Options {
  readonly runs: readonly RunOptions[];
}

/** Throws an error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string', default: '40' },
      target: { type: 'string', default: 'all' },
      seed: { type: 'string' },
      chats: { type: 'string', default: '24' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const kills = whole('kills', values.kills, 1, 100_000);
  const chats = whole('chats', values.chats, 1, 999);
  const seed =
    values.seed === undefined
      ? Math.floor(Math.random() * 2 ** 32)
      : whole('seed', values.seed, 0, 2 ** 32 - 1);
  const common = { seed, chats };
  const { target } = values;
  if (target === 'all') {
    return {
      runs: [
        { ...common, target: 'app', kills },
        { ...common, target: 'agent', kills },
        { ...common, target: 'both', kills: Math.ceil(kills / 4) },
      ],
    };
  }
  if (!isTarget(target)) throw new Error(`--target is app, agent, both or all, not "${target}".`);
  return { runs: [{ ...common, target, kills }] };
}

function isTarget(text: string): text is Target {
  return ['app', 'agent', 'both'].includes(text);
}

function whole(name: string, text: string, low: number, high: number): number {
  if (!/^\d+$/.test(text) || Number(text) < low || Number(text) > high) {
    throw new Error(`--${name} is a whole number from ${low} to ${high}, not "${text}".`);
  }
  return Number(text);
}
