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
});
