import { AgentError } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { echo, FakeAgent, FakeMessenger, realClock, type Script } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, beginMortal, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('after a crash', () => {
  it('goes on from the last journalled event', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'first half, ' };
      await new Promise(() => undefined);
    };
    await begin({ limits: { journalDelayMs: 0 } });
    stage.messenger.say(room(), 'x');
    stage.messenger.say(room(), 'y');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
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
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'first half' };
      await new Promise(() => undefined);
    };
    await begin({ limits: { journalDelayMs: 0 } });
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    // biome-ignore lint/correctness/useYield: it fails before it says anything
    await restart(async function* () {
      throw new AgentError('interrupted', 'cannot resume');
    });
    await seeing(['first half', expect.stringContaining('ask again')]);
    stage.agent.script = echo;
    stage.messenger.press(room(), stage.messenger.shown(room())[1]?.message.buttons[0]?.action ?? '');
    await seen(() => expect(texts().at(-1)).toBe('x'));
  });

  it('stops what was to be stopped when it came', async () => {
    const endless: Script = async function* () {
      yield { kind: 'text', text: 'so far' };
      await new Promise(() => undefined);
    };
    stage.agent.script = endless;
    let crash = false;
    await begin({
      fault: (point) => {
        if (crash && point === 'accept.stored') throw new Error('the process is gone');
      },
    });
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    crash = true;
    stage.messenger.say(room(), '/stop');
    await seen(async () =>
      expect((await stage.database.open().recover([stage.messenger])).events).toHaveLength(1),
    );
    await restart(endless);
    await seeing(['so far', 'Stopped.']);
  });

  it('says that an answer was stopped, when the agent has stopped it already', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'so far' };
      await new Promise(() => undefined);
    };
    await begin();
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    await restart(async function* () {
      yield { kind: 'text', text: 'so far' };
      yield { kind: 'error', code: 'cancelled', message: 'Cancelled.' };
    });
    await seeing(['so far', 'Stopped.']);
  });

  it('sends what was committed and not confirmed, once', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'lost_after', times: Number.POSITIVE_INFINITY });
    stage.messenger.say(room(), 'x');
    await seeing(['x']);
    stage.system?.kill();
    stage.messenger.heal();
    await restart();
    stage.messenger.say(room(), 'y');
    await seeing(['x', 'y']);
  });

  it('names what is too old in one note instead of replaying it', async () => {
    stage.agent.script = async function* () {
      await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    const old = Date.now() - 3_600_000;
    stage.messenger.say(room(), 'fresh');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    stage.messenger.say(room(), 'stale 1', undefined, old);
    stage.messenger.say(room(), 'stale 2', undefined, old);
    await seeing([expect.stringMatching(/2 messages[\s\S]*stale 1[\s\S]*stale 2/)]);
  });

  it('expires by age at restart what had only been waiting', async () => {
    const clock = { offset: 0, now: () => Date.now() + clock.offset };
    stage.agent.script = async function* () {
      await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    for (const text of ['running', 'waiting']) stage.messenger.say(room(), text);
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    stage.system?.kill();
    clock.offset = 3_600_000;
    stage.agent = new FakeAgent(echo);
    await begin({ clock: { ...realClock, now: clock.now } });
    await seen(() => expect(texts()).toHaveLength(2));
    expect(texts()).toEqual(expect.arrayContaining(['running', expect.stringContaining('waiting')]));
  });

  it('shows the placeholder of the next answer below the earlier one', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
    const { died } = await beginMortal('final.committed');
    stage.messenger.say(room(), 'first');
    await died;
    const release = stage.messenger.hold('edit');
    await restart();
    stage.messenger.say(room(), 'second');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    expect(texts()).toHaveLength(1);
    release();
    await seeing(['first', 'second']);
  });
});
