import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createMemoryDatabase,
  echo,
  FakeAgent,
  FakeMessenger,
  type MemoryDatabase,
  type Script,
  type System,
  type SystemOptions,
  startSystem,
} from './testing/index.ts';

let database: MemoryDatabase;
let messenger: FakeMessenger;
let agent: FakeAgent;
let system: System | undefined;

beforeEach(() => {
  database = createMemoryDatabase();
  messenger = new FakeMessenger();
  agent = new FakeAgent();
});

afterEach(async () => {
  await system?.stop(0);
  system = undefined;
});

async function begin(options: Partial<SystemOptions> = {}): Promise<System> {
  system = await startSystem({ database, messenger, agent, ...options });
  return system;
}

async function restart(script: Script = echo, options: Partial<SystemOptions> = {}): Promise<System> {
  system?.kill();
  agent = new FakeAgent(script);
  return begin(options);
}

/** Begins with a fault function that kills the process the `times`-th time it comes to `point`. */
async function beginMortal(point: string, times = 1): Promise<{ readonly died: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = times;
  await begin({
    fault: (at) => {
      if (at !== point) return;
      left -= 1;
      if (left === 0) {
        system?.kill();
        resolve();
      }
    },
  });
  return { died: promise };
}

const room = () => messenger.room('r1');
const texts = (address = room()) => messenger.shown(address).map((shown) => shown.message.markdown);
const seen = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });

describe('a crash while a command is handled', () => {
  it('between a retry and its reply asks once again, and the chat goes on', async () => {
    const { died } = await beginMortal('event.before_complete');
    messenger.say(room(), 'one');
    await seen(() => expect(texts()).toEqual(['one']));
    messenger.say(room(), '/retry');
    await died;
    await restart();
    await seen(() => expect(texts().filter((text) => text === 'one')).toHaveLength(2));
    messenger.say(room(), 'next');
    await seen(() => expect(texts()).toContain('next'));
    expect(agent.requests.filter((request) => request.text === 'one').length).toBeLessThanOrEqual(1);
  });

  it('between stop and the end of the answer still stops it, and not the next one', async () => {
    agent.script = async function* () {
      yield { kind: 'text', text: 'half' };
      await new Promise(() => undefined);
    };
    const { died } = await beginMortal('accept.stored', 3);
    messenger.say(room(), 'one');
    messenger.say(room(), 'two');
    await seen(() => expect(messenger.drafts(room())).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 80));
    messenger.say(room(), '/stop');
    await died;
    const told: unknown[] = [];
    await restart(async function* (ask) {
      if (ask.request.text === 'two') return yield* echo(ask);
      ask.signal.addEventListener('abort', () => told.push(ask.signal.reason?.name));
      await new Promise(() => undefined);
    });
    await seen(() => expect(texts()).toEqual(['half', 'Stopped.', 'two']));
    expect(told).toEqual(['StopRequested']);
  });
});

it('a resumed turn edits its placeholder under new ids', async () => {
  messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
  const begun: Script = async function* () {
    yield { kind: 'text', text: 'half' };
    await new Promise(() => undefined);
  };
  agent.script = begun;
  await begin({ limits: { journalDelayMs: 0 } });
  messenger.say(room(), 'x');
  await seen(() => expect(texts()).toEqual(['half']));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await restart(async function* () {
    yield { kind: 'text', text: ' and' };
    await new Promise(() => undefined);
  });
  await seen(() => expect(texts()).toEqual(['half and']));
  const edits = messenger.calls.filter(({ kind }) => kind === 'edit').map(({ operationId }) => operationId);
  expect(new Set(edits).size).toBe(edits.length);
});

it('an error that the agent said before a crash is told, not asked for again', async () => {
  messenger = new FakeMessenger({ capabilities: { preview: 'none' } });
  agent.script = async function* () {
    yield { kind: 'error', code: 'quota', message: 'no money' };
  };
  const store = database.open();
  const held = new Proxy(store, {
    get(target, name: keyof typeof store) {
      const value = target[name];
      if (name === 'commitFinal') return () => new Promise(() => undefined);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await begin({ database: { open: () => held }, limits: { journalDelayMs: 0 } });
  messenger.say(room(), 'x');
  await seen(() => expect(agent.requests).toHaveLength(1));
  const turn = await vi.waitFor(async () => {
    const [unfinished] = (await store.recover([messenger])).turns;
    if (!unfinished) throw new Error('not yet');
    return unfinished;
  });
  // As if the timer of the journal had been quicker than the final commit.
  const lease = await store.claimChat(turn.chat.key);
  await store.appendEvents(lease, turn.turn.id, [
    { kind: 'error', seq: 1, code: 'quota', message: 'no money' },
  ]);
  await restart();
  await seen(() => expect(texts()).toEqual([expect.stringContaining('no money')]));
  expect(agent.requests).toEqual([]);
});
