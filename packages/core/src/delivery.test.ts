import { afterEach, describe, expect, it } from 'vitest';
import { FakeMessenger } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('delivery', () => {
  it('repeats a send until it is confirmed, and shows it once', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'lost_after', times: 2 });
    stage.messenger.say(room(), 'a');
    stage.messenger.say(room(), 'b');
    await seeing(['a', 'b']);
  });

  it('obeys a rate limit without losing or doubling', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'rate_limited', retryAfterMs: 50, times: 2 });
    stage.messenger.say(room(), 'a');
    await seeing(['a']);
  });

  it('labels what may be a duplicate where the messenger cannot tell', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { sends: 'ambiguous' } });
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'lost_after', times: 1 });
    stage.messenger.say(room(), 'a');
    await seen(() => expect(stage.messenger.shown(room())).toHaveLength(2));
    expect(stage.messenger.shown(room()).map((shown) => shown.message.maybeDuplicate ?? false)).toEqual([
      false,
      true,
    ]);
  });

  it('leaves no preview behind of an answer that could not be delivered', async () => {
    const more = Promise.withResolvers<void>();
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'so far' };
      await more.promise;
      yield { kind: 'end' };
    };
    await begin();
    stage.messenger.say(room(), 'x');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    stage.messenger.fail({ call: 'send', fault: 'refused', times: Number.POSITIVE_INFINITY });
    more.resolve();
    await seen(() => expect(stage.messenger.drafts(room())).toEqual([]));
  });

  it('puts what is refused aside as a dead letter, and goes on', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'refused', times: 1 });
    stage.messenger.say(room(), 'a');
    stage.messenger.say(room(), 'b');
    await seeing([expect.stringContaining('could not be delivered'), 'b']);
    const store = stage.database.open();
    await seen(async () =>
      expect((await store.deadLetters(10)).map((one) => one.message.markdown)).toEqual(['a']),
    );
  });

  it('says once that a part was not delivered, after the other parts, and offers to ask again', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { text: { limit: 100, unit: 'utf16' } } });
    const ru = { externalId: 'p', name: 'P', locale: 'ru' } as const;
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'refused', times: 2 });
    stage.messenger.say(room(), Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n\n'), ru);
    await seen(() => expect(texts().at(-1)).toContain('не удалось сюда доставить'));
    expect(texts().filter((text) => text.includes('доставить'))).toHaveLength(1);
    expect(texts().at(-2)).toContain('line 39');
    stage.messenger.press(room(), stage.messenger.shown(room()).at(-1)?.message.buttons[0]?.action ?? '', ru);
    await seen(() => expect(stage.agent.requests).toHaveLength(2));
  });

  it('says nothing about a notice that is not delivered', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'refused', times: Number.POSITIVE_INFINITY });
    stage.messenger.say(room(), 'a');
    const store = stage.database.open();
    await seen(async () => expect(await store.deadLetters(10)).toHaveLength(2));
    stage.messenger.heal();
    stage.messenger.say(room(), 'b');
    await seeing(['b']);
    expect(await store.deadLetters(10)).toHaveLength(2);
  });

  it('says so too when the part was left by an earlier process', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'unreachable', times: Number.POSITIVE_INFINITY });
    stage.messenger.say(room(), 'a');
    await seen(() => expect(stage.messenger.calls.some(({ kind }) => kind === 'send')).toBe(true));
    stage.system?.kill();
    stage.messenger.heal();
    stage.messenger.fail({ call: 'send', fault: 'refused', times: 1 });
    await restart();
    await seeing([expect.stringContaining('could not be delivered')]);
  });

  it('survives an outage of the messenger that is longer than any number of attempts', async () => {
    await begin({ limits: { sendAttempts: 2, sendBackoff: { firstMs: 1, maxMs: 1 } } });
    stage.messenger.fail({ call: 'send', fault: 'unreachable', times: 30 });
    stage.messenger.say(room(), 'a');
    await seeing(['a']);
  });

  it('gives up on what could not be sent for too long', async () => {
    await begin({ limits: { sendForMs: 30 } });
    stage.messenger.fail({ call: 'send', fault: 'unreachable', times: Number.POSITIVE_INFINITY });
    stage.messenger.say(room(), 'a');
    const store = stage.database.open();
    await seen(async () =>
      expect((await store.deadLetters(10)).map((one) => one.message.markdown)).toContain('a'),
    );
  });

  it('gives up on what fails for an unknown reason after some attempts', async () => {
    const { surface } = await begin({ limits: { sendAttempts: 3 } });
    let calls = 0;
    surface.send = async () => {
      calls += 1;
      throw new TypeError('a fault of the adapter');
    };
    stage.messenger.say(room(), 'a');
    const store = stage.database.open();
    await seen(async () => expect(await store.deadLetters(10)).toHaveLength(2));
    expect(calls).toBe(6);
  });
});
