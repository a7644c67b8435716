import { AgentError } from '@surfaces/protocol';
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

/** As after SIGKILL: a new process, a new client of the same agent. */
async function restart(script: Script = echo, options: Partial<SystemOptions> = {}): Promise<System> {
  system?.kill();
  agent = new FakeAgent(script);
  return begin(options);
}

const room = () => messenger.room('r1');
const texts = (address = room()) => messenger.shown(address).map((shown) => shown.message.markdown);
const seen = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });
const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('a message', () => {
  it('is answered at its address', async () => {
    await begin();
    messenger.say(room(), 'hello');
    messenger.say(messenger.thread('r1', 't9'), 'in the thread');
    await seeing(['hello']);
    await seeing(['in the thread'], messenger.thread('r1', 't9'));
  });

  it('is acknowledged only after it is durable', async () => {
    const points: string[] = [];
    await begin({ fault: (point) => points.push(point) });
    const said = messenger.say(room(), 'hello');
    await said.acknowledged;
    expect(points).toContain('accept.stored');
  });

  it('is accepted once, however often it comes', async () => {
    await begin();
    const said = messenger.say(room(), 'once');
    await said.acknowledged;
    const again = messenger.repeat(said.event.eventId);
    expect((await again.acknowledged).outcome).toBe('duplicate');
    messenger.say(room(), 'end');
    await seeing(['once', 'end']);
  });

  it('waits its turn: one at a time and in order per chat, chats in parallel', async () => {
    let working = 0;
    let most = 0;
    const perChat = new Map<string, number>();
    agent.script = async function* ({ request }) {
      const context = request.platformChatId;
      perChat.set(context, (perChat.get(context) ?? 0) + 1);
      expect(perChat.get(context)).toBe(1);
      working += 1;
      most = Math.max(most, working);
      await new Promise((resolve) => setTimeout(resolve, 2));
      yield { kind: 'text', text: request.text };
      working -= 1;
      perChat.set(context, 0);
      yield { kind: 'end' };
    };
    await begin();
    const numbers = Array.from({ length: 20 }, (_, i) => `${i}`);
    for (const number of numbers) for (const r of ['a', 'b', 'c']) messenger.say(messenger.room(r), number);
    for (const r of ['a', 'b', 'c']) await seeing(numbers, messenger.room(r));
    expect(most).toBeGreaterThan(1);
  });

  it('over the limit of the queue is refused in words, and the others are answered', async () => {
    const open = Promise.withResolvers<void>();
    agent.script = async function* (ask) {
      await open.promise;
      yield* echo(ask);
    };
    await begin({ limits: { queue: 3 } });
    const said = ['1', '2', '3', '4'].map((text) => messenger.say(room(), text));
    const last = await said[3]?.acknowledged;
    expect(last).toMatchObject({ outcome: 'refused', reason: 'queue_full', retry: true });
    open.resolve();
    await seen(() => expect(texts()).toEqual(expect.arrayContaining(['1', '2', '3'])));
    expect(texts()[0]).toContain('3 messages');
  });

  it('of a person who floods is refused with one notice, not with a flood of them', async () => {
    await begin({ limits: { rate: { burst: 5, perSecond: 0.001 }, queue: 100 } });
    const said = Array.from({ length: 30 }, (_, i) => messenger.say(room(), `${i}`));
    const results = await Promise.all(said.map((one) => one.acknowledged));
    expect(results.filter((result) => result.outcome === 'accepted')).toHaveLength(5);
    await seen(() => expect(texts().filter((text) => !/^\d+$/.test(text))).toHaveLength(1));
  });

  it.each([['that is empty', ' \n\t', 'empty']])('%s is refused', async (_, text, reason) => {
    await begin();
    expect(await messenger.say(room(), text).acknowledged).toMatchObject({ outcome: 'refused', reason });
    expect(agent.requests).toEqual([]);
  });

  it('of another program is never answered', async () => {
    await begin();
    const said = messenger.say(room(), 'hi', { externalId: 'bot', name: 'Bot', isBot: true });
    expect(await said.acknowledged).toMatchObject({ outcome: 'refused', reason: 'bot' });
    expect(texts()).toEqual([]);
  });

  it('of somebody who is not served gets one clear message', async () => {
    await begin({ strangers: ['somebody'] });
    expect(await messenger.say(room(), 'hi').acknowledged).toMatchObject({ reason: 'not_served' });
    await seen(() => expect(texts()).toEqual([expect.stringContaining('not on the list')]));
    expect(agent.requests).toEqual([]);
  });
});

describe('an answer', () => {
  it('is shown while it grows, then replaced by one final', async () => {
    const more = Promise.withResolvers<void>();
    agent.script = async function* () {
      yield { kind: 'text', text: 'Once ' };
      yield { kind: 'progress', phase: 'call', label: 'looking' };
      await more.promise;
      yield { kind: 'text', text: 'upon a time' };
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'tell');
    await seen(() =>
      expect(messenger.drafts(room())[0]).toMatchObject({ text: 'Once ', progress: 'looking' }),
    );
    expect(messenger.isTyping(room())).toBe(true);
    more.resolve();
    await seeing(['Once upon a time']);
    expect(messenger.drafts(room())).toEqual([]);
    await seen(() => expect(messenger.isTyping(room())).toBe(false));
  });

  it('in a messenger with edits finishes the placeholder, whose id was stored before any text went in', async () => {
    messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
    const more = Promise.withResolvers<void>();
    agent.script = async function* () {
      yield { kind: 'text', text: 'half' };
      await more.promise;
      yield { kind: 'text', text: ' and half' };
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'tell');
    await seeing(['half']);
    more.resolve();
    await seeing(['half and half']);
  });

  it('is split into parts, all of one turn and in order', async () => {
    messenger = new FakeMessenger({ capabilities: { text: { limit: 100, unit: 'utf16' } } });
    const long = Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n\n');
    await begin();
    messenger.say(room(), long);
    await seen(() => expect(messenger.shown(room()).at(-1)?.message.last).toBe(true));
    const shown = messenger.shown(room());
    expect(shown.map((one) => one.message.part)).toEqual(shown.map((_, i) => i));
    expect(
      texts()
        .join('\n')
        .match(/line \d+/g),
    ).toEqual(Array.from({ length: 30 }, (_, i) => `line ${i}`));
  });

  it('that is empty is said to be empty', async () => {
    agent.script = async function* () {
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'x');
    await seeing([expect.stringContaining('without an answer')]);
  });

  it('without end is cut at the limit, and said to be', async () => {
    agent.script = async function* () {
      for (;;) {
        yield { kind: 'text', text: 'spam '.repeat(100) };
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    };
    await begin({ limits: { answer: 5000 } });
    messenger.say(room(), 'x');
    await seen(() => expect(texts().at(-1)).toContain('5000 characters'));
    expect(texts().slice(0, -1).join('').length).toBeLessThanOrEqual(5100);
  });

  it.each([
    'unreachable',
    'refused',
    'no_status',
    'first_event_timeout',
    'idle_timeout',
    'protocol',
    'replaced',
  ] as const)('that fails as %s keeps what was said and offers a retry', async (code) => {
    agent.script = async function* () {
      yield { kind: 'text', text: 'the beginning' };
      throw new AgentError(code, 'sk-secret');
    };
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(texts()).toHaveLength(2));
    const [partial, notice] = messenger.shown(room());
    expect(partial?.message).toMatchObject({ markdown: 'the beginning', state: 'failed' });
    expect(notice?.message.role).toBe('system');
    expect(notice?.message.markdown).not.toContain('secret');
    agent.script = echo;
    messenger.press(room(), notice?.message.buttons[0]?.action ?? '');
    await seen(() => expect(texts().at(-1)).toBe('x'));
    // The other chats and this one go on.
    messenger.say(room(), 'next');
    await seen(() => expect(texts().at(-1)).toBe('next'));
  });

  it('shows an error of the agent without its secrets', async () => {
    agent.script = async function* () {
      yield { kind: 'error', code: 'quota', message: 'key sk-123 is out of money' };
    };
    await begin({ scrub: (text) => text.replace('sk-123', '(hidden)') });
    messenger.say(room(), 'x');
    await seen(() => expect(texts()[0]).toContain('key (hidden) is out of money'));
  });

  it('that begins anew drops what was seen and says so', async () => {
    agent.script = async function* () {
      yield { kind: 'text', text: 'old' };
      yield { kind: 'restarted' };
      yield { kind: 'text', text: 'new' };
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(texts()[0]).toMatch(/^new\n\n_.*anew/));
  });
});

describe('delivery', () => {
  it('repeats a send until it is confirmed, and shows it once', async () => {
    await begin();
    messenger.fail({ call: 'send', fault: 'lost_after', times: 2 });
    messenger.say(room(), 'a');
    messenger.say(room(), 'b');
    await seeing(['a', 'b']);
  });

  it('obeys a rate limit without losing or doubling', async () => {
    await begin();
    messenger.fail({ call: 'send', fault: 'rate_limited', retryAfterMs: 50, times: 2 });
    messenger.say(room(), 'a');
    await seeing(['a']);
  });

  it('labels what may be a duplicate where the messenger cannot tell', async () => {
    messenger = new FakeMessenger({ capabilities: { sends: 'ambiguous' } });
    await begin();
    messenger.fail({ call: 'send', fault: 'lost_after', times: 1 });
    messenger.say(room(), 'a');
    await seen(() => expect(messenger.shown(room())).toHaveLength(2));
    expect(messenger.shown(room()).map((shown) => shown.message.maybeDuplicate ?? false)).toEqual([
      false,
      true,
    ]);
  });

  it('puts what is refused aside as a dead letter, and goes on', async () => {
    await begin();
    messenger.fail({ call: 'send', fault: 'refused', times: 1 });
    messenger.say(room(), 'a');
    messenger.say(room(), 'b');
    await seeing(['b']);
    const store = database.open();
    await seen(async () =>
      expect((await store.deadLetters(10)).map((one) => one.message.markdown)).toEqual(['a']),
    );
  });
});

describe('commands', () => {
  it('do not wait for the running turn', async () => {
    const open = Promise.withResolvers<void>();
    agent.script = async function* (ask) {
      await open.promise;
      yield* echo(ask);
    };
    await begin();
    messenger.say(room(), 'slow');
    messenger.say(room(), '/help');
    await seeing([expect.stringContaining('/status')]);
    open.resolve();
    await seeing([expect.anything(), 'slow']);
  });

  it('stop ends the running turn, keeps what was said, and the next one runs', async () => {
    agent.script = async function* ({ request }) {
      yield { kind: 'text', text: `half of ${request.text}` };
      if (request.text === 'first') await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    messenger.say(room(), 'first');
    await seen(() => expect(messenger.drafts(room())).toHaveLength(1));
    messenger.say(room(), 'second');
    messenger.say(room(), '/stop');
    await seeing(['half of first', 'Stopped.', 'half of second']);
    messenger.say(room(), '/stop');
    await seen(() => expect(texts().at(-1)).toContain('nothing to stop'));
  });

  it('answer in the language of the person', async () => {
    await begin();
    messenger.say(room(), '/frobnicate', { externalId: 'p', name: 'P', locale: 'ru' });
    await seen(() => expect(texts()[0]).toContain('Я не знаю команды `/frobnicate`'));
  });

  it('status names the agent and the delivery of the last answers', async () => {
    await begin();
    messenger.say(room(), 'one');
    await seeing(['one']);
    messenger.say(room(), '/status');
    await seen(() => expect(texts().at(-1)).toMatch(/agent-0.*ready[\s\S]*`one`: answered, delivered/));
    agent.healthy = false;
    messenger.say(room(), '/status');
    await seen(() => expect(texts().at(-1)).toContain('cannot be reached'));
  });

  it('retry runs the newest message again', async () => {
    await begin();
    messenger.say(room(), 'one');
    await seeing(['one']);
    messenger.say(room(), '/retry');
    await seen(() => expect(texts().filter((text) => text === 'one')).toHaveLength(2));
    expect(new Set(agent.requests.map((request) => request.requestId)).size).toBe(2);
  });
});

describe('a confirmation', () => {
  const asking: Script = async function* ({ decision }) {
    yield {
      kind: 'confirm',
      id: 'q1',
      text: 'Delete it?',
      options: [
        { id: 'ok', label: 'Delete', kind: 'allow_once' },
        { id: 'never', label: 'Keep', kind: 'reject' },
      ],
    };
    yield { kind: 'text', text: `decided: ${await decision('q1')}` };
    yield { kind: 'end' };
  };

  it('is decided once, by button or by word, and by nobody else', async () => {
    agent.script = asking;
    await begin();
    messenger.say(room(), 'delete');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    const action = messenger.shown(room())[0]?.message.buttons[0]?.action ?? '';
    messenger.press(room(), action, { externalId: 'other', name: 'Other' });
    await seen(() => expect(texts().at(-1)).toMatch(/Only the person|no open question/));
    messenger.say(room(), '/yes');
    await seen(() => expect(texts()).toContain('decided: ok'));
    messenger.press(room(), action);
    await seen(() => expect(texts().at(-1)).toContain('already: Delete'));
    expect(agent.replies.map((reply) => reply.optionId)).toEqual(['ok']);
  });

  it('that is decided before the store said that it is open reaches the agent all the same', async () => {
    const opened = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    const open = database.open.bind(database);
    database.open = () => {
      const store = open();
      const openConfirmation = store.openConfirmation.bind(store);
      store.openConfirmation = async (...input) => {
        const confirmation = await openConfirmation(...input);
        opened.resolve();
        await told.promise;
        return confirmation;
      };
      return store;
    };
    agent.script = asking;
    await begin();
    messenger.say(room(), 'delete');
    await opened.promise;
    messenger.say(room(), '/yes');
    await seen(() => expect(texts()).toEqual(expect.arrayContaining(['Your answer: Delete', 'decided: ok'])));
    told.resolve();
  });

  it('survives a restart, and is not asked twice', async () => {
    agent.script = asking;
    await begin({ limits: { journalDelayMs: 0 } });
    messenger.say(room(), 'delete');
    await seen(() => expect(texts()[0]).toContain('Delete it?'));
    await restart(async function* (ask) {
      expect(ask.request.resumeAfter).toBeDefined();
      yield { kind: 'text', text: `decided: ${await ask.decision('q1')}` };
      yield { kind: 'end' };
    });
    messenger.say(room(), '/no');
    await seen(() => expect(texts()).toContain('decided: never'));
    expect(texts().filter((text) => text.includes('Delete it?'))).toHaveLength(1);
  });
});

describe('after a crash', () => {
  it('goes on from the last journalled event', async () => {
    agent.script = async function* () {
      yield { kind: 'text', text: 'first half, ' };
      await new Promise(() => undefined);
    };
    await begin({ limits: { journalDelayMs: 0 } });
    messenger.say(room(), 'x');
    messenger.say(room(), 'y');
    await seen(() => expect(messenger.drafts(room())).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await restart(async function* (ask) {
      if (ask.request.text === 'y') return yield* echo(ask);
      expect(ask.request.resumeAfter).toBe(1);
      yield { kind: 'text', text: 'second half' };
      yield { kind: 'end' };
    });
    await seeing(['first half, second half', 'y']);
  });

  it('tells the person when the agent cannot go on, and offers to ask again', async () => {
    agent.script = async function* () {
      yield { kind: 'text', text: 'first half' };
      await new Promise(() => undefined);
    };
    await begin({ limits: { journalDelayMs: 0 } });
    messenger.say(room(), 'x');
    await seen(() => expect(messenger.drafts(room())).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    // biome-ignore lint/correctness/useYield: it fails before it says anything
    await restart(async function* () {
      throw new AgentError('interrupted', 'cannot resume');
    });
    await seeing(['first half', expect.stringContaining('ask again')]);
    agent.script = echo;
    messenger.press(room(), messenger.shown(room())[1]?.message.buttons[0]?.action ?? '');
    await seen(() => expect(texts().at(-1)).toBe('x'));
  });

  it('stops what was to be stopped when it came', async () => {
    const endless: Script = async function* () {
      yield { kind: 'text', text: 'so far' };
      await new Promise(() => undefined);
    };
    agent.script = endless;
    let crash = false;
    await begin({
      fault: (point) => {
        if (crash && point === 'accept.stored') throw new Error('the process is gone');
      },
    });
    messenger.say(room(), 'x');
    await seen(() => expect(messenger.drafts(room())).toHaveLength(1));
    crash = true;
    messenger.say(room(), '/stop');
    await seen(async () => expect((await database.open().recover([messenger])).events).toHaveLength(1));
    await restart(endless);
    await seeing(['so far', 'Stopped.']);
  });

  it('says that an answer was stopped, when the agent has stopped it already', async () => {
    agent.script = async function* () {
      yield { kind: 'text', text: 'so far' };
      await new Promise(() => undefined);
    };
    await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(agent.requests).toHaveLength(1));
    await restart(async function* () {
      yield { kind: 'text', text: 'so far' };
      yield { kind: 'error', code: 'cancelled', message: 'Cancelled.' };
    });
    await seeing(['so far', 'Stopped.']);
  });

  it('sends what was committed and not confirmed, once', async () => {
    await begin();
    messenger.fail({ call: 'send', fault: 'lost_after', times: Number.POSITIVE_INFINITY });
    messenger.say(room(), 'x');
    await seeing(['x']);
    system?.kill();
    messenger.heal();
    await restart();
    messenger.say(room(), 'y');
    await seeing(['x', 'y']);
  });

  it('names what is too old in one note instead of replaying it', async () => {
    agent.script = async function* () {
      await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    const old = Date.now() - 3_600_000;
    messenger.say(room(), 'fresh');
    await seen(() => expect(agent.requests).toHaveLength(1));
    messenger.say(room(), 'stale 1', undefined, old);
    messenger.say(room(), 'stale 2', undefined, old);
    await seeing([expect.stringMatching(/2 messages[\s\S]*stale 1[\s\S]*stale 2/)]);
  });

  it('expires by age at restart what had only been waiting', async () => {
    const clock = { offset: 0, now: () => Date.now() + clock.offset };
    agent.script = async function* () {
      await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    for (const text of ['running', 'waiting']) messenger.say(room(), text);
    await seen(() => expect(agent.requests).toHaveLength(1));
    system?.kill();
    clock.offset = 3_600_000;
    agent = new FakeAgent(echo);
    const { realClock } = await import('./testing/system.ts');
    await begin({ clock: { ...realClock, now: clock.now } });
    await seen(() => expect(texts()).toHaveLength(2));
    expect(texts()).toEqual(expect.arrayContaining(['running', expect.stringContaining('waiting')]));
  });
});

describe('stopping', () => {
  it('lets the running answer end and leaves the rest for the next start', async () => {
    const open = Promise.withResolvers<void>();
    agent.script = async function* (ask) {
      await open.promise;
      yield* echo(ask);
    };
    const first = await begin();
    for (const text of ['1', '2', '3']) messenger.say(room(), text);
    await seen(() => expect(agent.requests).toHaveLength(1));
    const stopped = first.stop(5000);
    const late = messenger.say(room(), 'late');
    open.resolve();
    await stopped;
    expect(texts()).toEqual(['1']);
    system = undefined;
    agent = new FakeAgent();
    await begin();
    await late.acknowledged;
    await seeing(['1', '2', '3', 'late']);
  });

  it('leaves a turn that takes too long without cancelling it at the agent', async () => {
    let cancelled = false;
    agent.script = async function* ({ signal }) {
      signal.addEventListener('abort', () => {
        cancelled = signal.reason?.name === 'StopRequested';
      });
      yield { kind: 'text', text: 'half, ' };
      await new Promise(() => undefined);
    };
    const first = await begin();
    messenger.say(room(), 'x');
    await seen(() => expect(messenger.drafts(room())).toHaveLength(1));
    await first.stop(20);
    expect(cancelled).toBe(false);
    expect(texts()).toEqual([]);
    await restart(async function* (ask) {
      expect(ask.request.resumeAfter).toBe(1);
      yield { kind: 'text', text: 'whole' };
      yield { kind: 'end' };
    });
    await seeing(['half, whole']);
  });
});
