import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Store } from './ports/index.ts';
import { StoreError } from './ports/index.ts';
import {
  createMemoryDatabase,
  echo,
  FakeAgent,
  FakeMessenger,
  type MemoryDatabase,
  realClock,
  type System,
  type SystemOptions,
  silentLogger,
  startSystem,
} from './testing/index.ts';

let database: MemoryDatabase;
let messenger: FakeMessenger;
let agent: FakeAgent;
let system: System | undefined;
/** How often each method of the store still fails, and how. */
let failures: Partial<Record<keyof Store, { left: number; error: () => Error }>>;

beforeEach(() => {
  database = createMemoryDatabase();
  messenger = new FakeMessenger();
  agent = new FakeAgent();
  failures = {};
});

afterEach(async () => {
  await system?.stop(0);
  system = undefined;
});

const full = () => new StoreError('disk_full', 'the disk is full');
const fail = (method: keyof Store, left: number, error: () => Error = full) => {
  failures[method] = { left, error };
};

/** The store of a process, whose methods fail as `failures` says. */
function failing(database: MemoryDatabase): MemoryDatabase {
  return {
    open: (processId) => {
      const store = database.open(processId);
      return new Proxy(store, {
        get(target, name: keyof Store) {
          const value = target[name];
          if (typeof value !== 'function') return value;
          return (...input: unknown[]) => {
            const failure = failures[name];
            if (failure && failure.left > 0) {
              failure.left -= 1;
              return Promise.reject(failure.error());
            }
            return Reflect.apply(value, target, input);
          };
        },
      });
    },
  };
}

async function begin(options: Partial<SystemOptions> = {}): Promise<System> {
  system = await startSystem({ database: failing(database), messenger, agent, ...options });
  return system;
}

const room = () => messenger.room('r1');
const texts = () => messenger.shown(room()).map((shown) => shown.message.markdown);
const seen = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 5000, interval: 5 });

it('a store that is down for a moment uses up no attempt at the messenger', async () => {
  messenger = new FakeMessenger({ capabilities: { sends: 'ambiguous' } });
  await begin({ limits: { sendAttempts: 1 } });
  fail('beginOperation', 1);
  messenger.say(room(), 'a');
  await seen(() => expect(texts()).toEqual(['a']));
});

it('what contradicts the store is not repeated for ever, and the next turn runs', async () => {
  fail('commitFinal', 1, () => new StoreError('conflict', 'there is such an operation already'));
  await begin();
  messenger.say(room(), 'a');
  messenger.say(room(), 'b');
  await seen(() => expect(texts()).toEqual(['b']));
});

it('the outcome of a send is stored as soon as the store takes it', async () => {
  await begin();
  fail('settleOperation', 1);
  messenger.say(room(), 'a');
  await seen(() => expect(texts()).toEqual(['a']));
  const store = database.open();
  await seen(async () => expect((await store.recover([messenger])).operations).toEqual([]));
});

it('an agent that begins anew while the store is down still answers', async () => {
  agent.script = async function* () {
    yield { kind: 'text', text: 'old' };
    yield { kind: 'restarted' };
    yield { kind: 'text', text: 'new' };
    yield { kind: 'end' };
  };
  fail('restartJournal', 1);
  await begin();
  messenger.say(room(), 'x');
  await seen(() => expect(texts()[0]).toMatch(/^new\n\n_.*anew/));
});

it('what was journalled before an agent began anew does not come back when its write fails', async () => {
  const anew = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  agent.script = async function* () {
    yield { kind: 'text', text: 'old' };
    await anew.promise;
    yield { kind: 'restarted' };
    yield { kind: 'text', text: 'new' };
    await new Promise(() => undefined);
  };
  const journalled: string[] = [];
  const inner = failing(database);
  const watched: MemoryDatabase = {
    open: (id) => {
      const store = inner.open(id);
      return new Proxy(store, {
        get(target, name: keyof Store) {
          if (name !== 'appendEvents') return Reflect.get(target, name);
          return async (...input: Parameters<Store['appendEvents']>) => {
            journalled.push(...input[2].map((event) => (event.kind === 'text' ? event.text : event.kind)));
            if (journalled.length > 1) return target.appendEvents(...input);
            // The first write fails only after the agent began anew.
            anew.resolve();
            await failed.promise;
            throw full();
          };
        },
      });
    },
  };
  await begin({ database: watched, limits: { journalDelayMs: 0 } });
  messenger.say(room(), 'x');
  await anew.promise;
  setTimeout(() => failed.resolve(), 20);
  await seen(() => expect(journalled.slice(1)).toEqual(['new']));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(journalled).toEqual(['old', 'new']);
});

it('a question that the store did not take before its turn ended is given up', async () => {
  const errors: unknown[] = [];
  agent.script = async function* () {
    yield { kind: 'confirm', id: 'q', text: '?', options: [{ id: 'a', label: 'A', kind: 'allow_once' }] };
    yield { kind: 'end' };
  };
  fail('openConfirmation', 1);
  await begin({ logger: { ...silentLogger, error: (fields) => errors.push(fields) } });
  messenger.say(room(), 'x');
  await seen(() => expect(texts()[0]).toContain('without an answer'));
  await new Promise((resolve) => setTimeout(resolve, 900));
  expect(errors).toHaveLength(1);
});

it('a fault that is not of the store is not repeated for ever', async () => {
  fail('noteExpired', 1000, () => new TypeError('a fault of ours'));
  const errors: object[] = [];
  await begin({ logger: { ...silentLogger, error: (fields) => errors.push(fields) } });
  messenger.say(room(), 'stale', undefined, Date.now() - 3_600_000);
  await seen(() => expect(errors).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(failures.noteExpired?.left).toBe(999);
});

it('a store that is down at the start delays what was left, and loses nothing', async () => {
  agent.script = async function* () {
    yield* [];
    await new Promise(() => undefined);
  };
  await begin();
  for (const text of ['running', 'waiting']) messenger.say(room(), text);
  await seen(() => expect(agent.requests).toHaveLength(1));
  system?.kill();
  agent = new FakeAgent(echo);
  fail('commitFinal', 1);
  await begin({ clock: { ...realClock, now: () => Date.now() + 3_600_000 } });
  await seen(() =>
    expect(texts()).toEqual(expect.arrayContaining(['running', expect.stringContaining('waiting')])),
  );
});

it('an event that comes while the system stops is kept by the messenger, not dropped in silence', async () => {
  const first = await begin();
  first.surface.pause = () => new Promise((resolve) => setTimeout(resolve, 50));
  const stopped = first.stop(1000);
  messenger.say(room(), 'late');
  await stopped;
  expect(messenger.unacknowledged()).toHaveLength(1);
  agent = new FakeAgent();
  await begin();
  await seen(() => expect(texts()).toEqual(['late']));
});

it('no turn begins after the core stopped, though its chat was being claimed', async () => {
  const claim = Promise.withResolvers<void>();
  const slow: MemoryDatabase = {
    open: (id) => {
      const store = database.open(id);
      const claimChat = store.claimChat.bind(store);
      store.claimChat = (chat) => claim.promise.then(() => claimChat(chat));
      return store;
    },
  };
  const first = await begin({ database: slow });
  await messenger.say(room(), 'x').acknowledged;
  await first.core.stop({ drainMs: 20 });
  claim.resolve();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(agent.requests).toEqual([]);
  expect(await database.open().counts()).toMatchObject({ queued: 1, running: 0 });
});

it('a command that the store did not take says so, and can be said again', async () => {
  await begin();
  fail('renameChat', 1);
  messenger.say(room(), '/rename Plans');
  await seen(() => expect(texts()).toEqual([expect.stringContaining('could not do that')]));
  messenger.say(room(), '/rename Plans');
  await seen(() => expect(texts().at(-1)).toContain('called **Plans** now'));
});

it('a place that was made gets its chat as soon as the store takes it', async () => {
  await begin();
  fail('bindChat', 1);
  messenger.say(room(), '/new Plans');
  await seen(() => expect(texts()).toEqual([expect.stringContaining('C2 has a place')]));
  const [place = room()] = messenger.madePlaces();
  messenger.say(place, '/chats');
  await seen(() =>
    expect(messenger.shown(place).at(-1)?.message.markdown).toContain('**C2** Plans · you are here'),
  );
});
