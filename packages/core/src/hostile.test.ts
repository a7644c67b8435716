import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clip, escapeMarkdown } from './markdown/escape.ts';
import { StoreError } from './ports/index.ts';
import {
  createMemoryDatabase,
  echo,
  FakeAgent,
  FakeMessenger,
  type MemoryDatabase,
  type Said,
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
  const scrub = (text: string) => text.replaceAll('sk-123', 'HIDDEN');
  system = await startSystem({ database, messenger, agent, scrub, ...options });
  return system;
}

function says(...events: Said[]): void {
  agent.script = async function* () {
    yield* events;
  };
}

const room = () => messenger.room('r1');
const texts = () => messenger.shown(room()).map((shown) => shown.message.markdown);
const seen = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });

describe('what an agent says', () => {
  it('about its failure is short and cannot pose as ours', async () => {
    says({ kind: 'error', code: 'x', message: `[log in](http://evil)\n\n# Now${'!'.repeat(100_000)}` });
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(texts()).toHaveLength(1));
    expect(texts()[0]).toContain('\\[log in\\](http://evil) \\# Now!');
    expect(texts()[0]?.length).toBeLessThan(700);
  });

  it('shows no secret in answer, progress, file name or choice', async () => {
    agent.script = async function* ({ decision }) {
      yield { kind: 'text', text: 'the key is sk-' };
      yield { kind: 'text', text: '123' };
      yield { kind: 'file', path: 'out/sk-123`.txt' };
      const options = [{ id: 'a', label: 'Use sk-123', kind: 'allow_once' as const }];
      yield { kind: 'confirm', id: 'q', text: 'Use sk-123?', options };
      yield { kind: 'progress', phase: 'call', label: 'sk-123' };
      await decision('q');
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(messenger.drafts(room())[0]?.progress).toBe('HIDDEN'));
    await seen(() => expect(texts()).toHaveLength(1));
    const shown = [...messenger.drafts(room()), ...messenger.shown(room())];
    messenger.say(room(), '/yes');
    await seen(() => expect(texts()).toHaveLength(3));
    shown.push(...messenger.shown(room()));
    expect(JSON.stringify(shown)).not.toContain('sk-123');
    expect(texts().join()).toContain("out/HIDDEN'.txt");
  });

  it('of any number of files is named in few words', async () => {
    says(...Array.from({ length: 5000 }, (_, i): Said => ({ kind: 'file', path: `f${i}` })), { kind: 'end' });
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(texts()).toHaveLength(1));
    expect(texts()[0]).toContain('4980 more');
  });

  it('can be answered where there are no buttons', async () => {
    messenger = new FakeMessenger({ capabilities: { buttons: 'none' } });
    agent.script = async function* ({ decision }) {
      const options = [{ id: 'a', label: 'Do it', kind: 'allow_once' as const }];
      yield { kind: 'confirm', id: 'q', text: 'Sure?', options };
      await decision('q');
      yield { kind: 'error', code: 'x', message: 'broken' };
    };
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(texts()[0]).toMatch(/Sure\?[\s\S]*- Do it[\s\S]*`\/yes`/));
    messenger.say(room(), '/yes');
    await seen(() => expect(texts().join()).toMatch(/broken[\s\S]*`\/retry`/));
  });
});

describe('a preview', () => {
  it('does not repeat an edit that would change nothing', async () => {
    messenger = new FakeMessenger({ capabilities: { preview: 'edit', text: { limit: 100, unit: 'utf16' } } });
    agent.script = async function* () {
      for (let i = 0; i < 20; i += 1) {
        yield { kind: 'text', text: `${'word '.repeat(10)}\n\n` };
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(messenger.shown(room()).at(-1)?.message.last).toBe(true));
    expect(messenger.calls.filter(({ kind }) => kind === 'edit').length).toBeLessThanOrEqual(4);
  });
});

describe('an event', () => {
  it('that the store could not take counts once against its person, however often it comes', async () => {
    let down = true;
    const failing: MemoryDatabase = {
      open: (id) => {
        const store = database.open(id);
        const accept = store.accept.bind(store);
        store.accept = (input) =>
          down ? Promise.reject(new StoreError('disk_full', 'full')) : accept(input);
        return store;
      },
    };
    await begin({ database: failing, limits: { rate: { burst: 2, perSecond: 0.001 } } });
    const said = messenger.say(room(), 'kept');
    await new Promise((resolve) => setTimeout(resolve, 100));
    down = false;
    expect((await said.acknowledged).outcome).toBe('accepted');
    for (let i = 0; i < 5; i += 1) {
      expect((await messenger.repeat(said.event.eventId).acknowledged).outcome).toBe('duplicate');
    }
    expect((await messenger.say(room(), 'next').acknowledged).outcome).toBe('accepted');
  });

  it('with the longest id can be refused', async () => {
    const { core, surface } = await begin();
    const { event } = messenger.say(room(), 'x', { externalId: 'b', name: 'B', isBot: true });
    const { isBot: _, ...author } = event.author;
    const long = { ...event, author, text: ' ', eventId: 'e'.repeat(255) as typeof event.eventId };
    expect(await core.accept(surface, long)).toMatchObject({ outcome: 'refused', reason: 'empty' });
  });
});

it('status counts all that wait', async () => {
  const open = Promise.withResolvers<void>();
  agent.script = async function* (ask) {
    await open.promise;
    yield* echo(ask);
  };
  await begin();
  for (let i = 0; i < 20; i += 1) messenger.say(room(), `${i}`);
  messenger.say(room(), '/status');
  await seen(() => expect(texts()[0]).toMatch(/Waiting messages\*\* 19/));
  open.resolve();
});

it('clips between characters and escapes what would be markup', () => {
  expect(clip('ab😀cd', 4)).toBe('ab…');
  expect(clip('ab😀', 4)).toBe('ab😀');
  expect(escapeMarkdown('1. *a*\n- b')).toBe('1\\. \\*a\\* - b');
});
