import { AgentError } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { echo, FakeMessenger } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('an answer', () => {
  it('is shown while it grows, then replaced by one final', async () => {
    const more = Promise.withResolvers<void>();
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'Once ' };
      yield { kind: 'progress', phase: 'call', label: 'looking' };
      await more.promise;
      yield { kind: 'text', text: 'upon a time' };
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'tell');
    await seen(() =>
      expect(stage.messenger.drafts(room())[0]).toMatchObject({ text: 'Once ', progress: 'looking' }),
    );
    expect(stage.messenger.isTyping(room())).toBe(true);
    more.resolve();
    await seeing(['Once upon a time']);
    expect(stage.messenger.drafts(room())).toEqual([]);
    await seen(() => expect(stage.messenger.isTyping(room())).toBe(false));
  });

  it('in a messenger with edits finishes the placeholder, whose id was stored before any text went in', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
    const more = Promise.withResolvers<void>();
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'half' };
      await more.promise;
      yield { kind: 'text', text: ' and half' };
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'tell');
    await seeing(['half']);
    more.resolve();
    await seeing(['half and half']);
  });

  it('is split into parts, all of one turn and in order', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { text: { limit: 100, unit: 'utf16' } } });
    const long = Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n\n');
    await begin();
    stage.messenger.say(room(), long);
    await seen(() => expect(stage.messenger.shown(room()).at(-1)?.message.last).toBe(true));
    const shown = stage.messenger.shown(room());
    expect(shown.map((one) => one.message.part)).toEqual(shown.map((_, i) => i));
    expect(
      texts()
        .join('\n')
        .match(/line \d+/g),
    ).toEqual(Array.from({ length: 30 }, (_, i) => `line ${i}`));
  });

  it('that is empty is said to be empty', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'x');
    await seeing([expect.stringContaining('without an answer')]);
  });

  it('without end is cut at the limit, and said to be', async () => {
    stage.agent.script = async function* () {
      for (;;) {
        yield { kind: 'text', text: 'spam '.repeat(100) };
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    };
    await begin({ limits: { answer: 5000 } });
    stage.messenger.say(room(), 'x');
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
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'the beginning' };
      throw new AgentError(code, 'sk-secret');
    };
    await begin();
    stage.messenger.say(room(), 'x');
    await seen(() => expect(texts()).toHaveLength(2));
    const [partial, notice] = stage.messenger.shown(room());
    expect(partial?.message).toMatchObject({ markdown: 'the beginning', state: 'failed' });
    expect(notice?.message.role).toBe('system');
    expect(notice?.message.markdown).not.toContain('secret');
    stage.agent.script = echo;
    stage.messenger.press(room(), notice?.message.buttons[0]?.action ?? '');
    await seen(() => expect(texts().at(-1)).toBe('x'));
    // The other chats and this one go on.
    stage.messenger.say(room(), 'next');
    await seen(() => expect(texts().at(-1)).toBe('next'));
  });

  it('shows an error of the agent without its secrets', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'error', code: 'quota', message: 'key sk-123 is out of money' };
    };
    await begin({ scrub: (text) => text.replace('sk-123', '(hidden)') });
    stage.messenger.say(room(), 'x');
    await seen(() => expect(texts()[0]).toContain('key (hidden) is out of money'));
  });

  it('that begins anew drops what was seen and says so', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'old' };
      yield { kind: 'restarted' };
      yield { kind: 'text', text: 'new' };
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'x');
    await seen(() => expect(texts()[0]).toMatch(/^new\n\n_.*anew/));
  });
});
