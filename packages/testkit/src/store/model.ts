/** Random sequences against a model of a few lines: accept, repeat, start, finish, kill. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { input, message, operation, recoverAll, room, type StoreHarness } from './harness.ts';

const LIMIT = 3;
const rooms = ['a', 'b'] as const;

interface ModelTurn {
  readonly event: string;
  state: 'queued' | 'running' | 'finished';
}

type Step =
  | { readonly do: 'accept'; readonly room: (typeof rooms)[number]; readonly event: number }
  | { readonly do: 'start' | 'finish'; readonly room: (typeof rooms)[number]; readonly pick: number }
  | { readonly do: 'kill' };

const anyRoom = fc.constantFrom(...rooms);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('accept' as const), room: anyRoom, event: fc.nat(8) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('start' as const, 'finish' as const),
      room: anyRoom,
      pick: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'kill' as const }) },
);

async function follow(harness: StoreHarness, steps: readonly Step[]): Promise<void> {
  let process = await harness.open();
  const model = new Map<string, ModelTurn[]>(rooms.map((name) => [name, []]));
  const outbox: string[] = [];
  const turnsIn = (name: string) => model.get(name) ?? [];

  const find = async (name: string, event: string) => {
    const { turns } = await recoverAll(process.store);
    const found = turns.find(({ turn }) => turn.text === event && turn.address.room === name);
    if (found === undefined) throw new Error(`turn ${event} is lost`);
    return { ...found, lease: await process.store.claimChat(found.chat.key) };
  };

  for (const one of steps) {
    if (one.do === 'kill') {
      await process.kill();
      process = await harness.open();
      continue;
    }
    const turns = turnsIn(one.room);
    if (one.do === 'accept') {
      const event = `${one.room}-${one.event}`;
      const { outcome } = await process.store.accept(
        input(message(event, { eventId: event, address: room(one.room) }), { queueLimit: LIMIT }),
      );
      const known = turns.some((turn) => turn.event === event);
      const full = turns.filter(({ state }) => state !== 'finished').length >= LIMIT;
      expect(outcome).toBe(known ? 'duplicate' : full ? 'queue_full' : 'turn');
      if (outcome === 'turn') turns.push({ event, state: 'queued' });
      continue;
    }
    const open = turns.filter(({ state }) => state !== 'finished');
    const picked = open[one.pick % Math.max(1, open.length)];
    if (picked === undefined) continue;
    const { turn, chat, lease } = await find(one.room, picked.event);
    if (one.do === 'start') {
      await process.store.startTurn(lease, turn.id);
      picked.state = 'running';
    } else {
      const made = await process.store.commitFinal(lease, turn.id, 'answered', [
        operation(chat, picked.event),
      ]);
      expect(made).toHaveLength(1);
      picked.state = 'finished';
      outbox.push(picked.event);
    }
  }

  const found = await recoverAll(process.store);
  for (const name of rooms) {
    expect(
      found.turns
        .filter(({ turn }) => turn.address.room === name)
        .map(({ turn }) => ({ event: turn.text, state: turn.state })),
    ).toEqual(turnsIn(name).filter(({ state }) => state !== 'finished'));
  }
  expect(found.operations.map((one) => one.message.markdown)).toEqual(outbox);
}

/** `fresh` makes new data for each sequence. */
export async function checkModel(fresh: () => Promise<StoreHarness>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const harness = await fresh();
      try {
        await follow(harness, steps);
      } finally {
        await harness.cleanup();
      }
    }),
    { numRuns: runs },
  );
}
