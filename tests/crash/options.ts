/** What the command line says. */
import { parseArgs } from 'node:util';
import type { StoreKind } from './database.ts';
import type { RunOptions, Target } from './run.ts';

export const USAGE = `Kills the app and the agent in the middle of a workload, many times, and checks that nobody could notice.

Usage: npm run test:crash -- [options]

  --kills N      how often each of them is killed (default 40)
  --target T     app, agent, both (in the same workload), or all: one after the other (default all;
                 then "both" gets a quarter of the kills)
  --store S      sqlite, postgres (a server of its own, or the one that TEST_POSTGRES_URL names), or
                 all: one after the other (default sqlite)
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
      store: { type: 'string', default: 'sqlite' },
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
  const { target, store } = values;
  if (target !== 'all' && !isTarget(target)) {
    throw new Error(`--target is app, agent, both or all, not "${target}".`);
  }
  if (store !== 'all' && !isStore(store)) {
    throw new Error(`--store is sqlite, postgres or all, not "${store}".`);
  }
  const targets: readonly Target[] = target === 'all' ? ['app', 'agent', 'both'] : [target];
  const stores: readonly StoreKind[] = store === 'all' ? ['sqlite', 'postgres'] : [store];
  const runs = stores.flatMap((store) =>
    targets.map((one) => ({
      seed,
      chats,
      store,
      target: one,
      kills: target === 'all' && one === 'both' ? Math.ceil(kills / 4) : kills,
    })),
  );
  return { runs };
}

function isTarget(text: string): text is Target {
  return ['app', 'agent', 'both'].includes(text);
}

function isStore(text: string): text is StoreKind {
  return ['sqlite', 'postgres'].includes(text);
}

function whole(name: string, text: string, low: number, high: number): number {
  if (!/^\d+$/.test(text) || Number(text) < low || Number(text) > high) {
    throw new Error(`--${name} is a whole number from ${low} to ${high}, not "${text}".`);
  }
  return Number(text);
}
