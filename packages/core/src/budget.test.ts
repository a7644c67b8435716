import { AccountId, type Address, SurfaceId } from '@surfaces/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Budget } from './budget.ts';
import type { Clock } from './ports/index.ts';

const address = (room: string): Address => ({
  kind: 'room',
  surface: SurfaceId.parse('fake'),
  account: AccountId.parse('bot'),
  room,
});

function clockAt(start: number): Clock & { pass(ms: number): void } {
  let now = start;
  let timers: { at: number; callback: () => void }[] = [];
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { callback } of due) callback();
    },
  };
}

/** What waits for promises alone has gone on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

const never = new AbortController().signal;

it('allows no more calls in any window than the messenger does, and previews leave the reserve', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.boolean()), { maxLength: 80 }),
      async (steps) => {
        const clock = clockAt(1_000_000);
        const budget = new Budget(clock, { calls: 5, perMs: 1000, reserve: 2, previewEveryMs: 0 });
        const finals: number[] = [];
        const all: number[] = [];
        const within = () => all.filter((at) => at > clock.now() - 1000).length;
        for (const [ms, final] of steps) {
          clock.pass(ms);
          await Promise.resolve();
          if (final) {
            void budget.takeFinal(address('r'), never).then(() => {
              finals.push(clock.now());
              all.push(clock.now());
            });
            await Promise.resolve();
            await Promise.resolve();
          } else {
            const before = within();
            if (budget.tryPreview(address('r'))) {
              expect(before).toBeLessThan(3);
              all.push(clock.now());
            }
          }
          expect(within()).toBeLessThanOrEqual(5);
        }
        for (let i = 0; i < 40; i += 1) {
          clock.pass(1000);
          await settled();
        }
        expect(finals).toHaveLength(steps.filter(([, final]) => final).length);
      },
    ),
    { numRuns: 100 },
  );
});

it('obeys a wait that is longer than a timer can be', async () => {
  const clock = clockAt(1_000_000);
  const asked: number[] = [];
  const spy: Clock = {
    now: clock.now,
    after: (ms, callback) => {
      asked.push(ms);
      return clock.after(ms, callback);
    },
  };
  const budget = new Budget(spy, { calls: 5, perMs: 1000, reserve: 0, previewEveryMs: 0 });
  budget.block(address('r'), 2 ** 33);
  let taken = false;
  void budget.takeFinal(address('r'), never).then(() => {
    taken = true;
  });
  for (let i = 0; i < 5; i += 1) {
    expect(taken).toBe(false);
    clock.pass(2 ** 31 - 1);
    await settled();
  }
  expect(taken).toBe(true);
  expect(Math.max(...asked)).toBeLessThan(2 ** 31);
});
