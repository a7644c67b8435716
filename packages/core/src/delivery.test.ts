import { afterEach, describe, expect, it } from 'vitest';
import { FakeMessenger } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
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

  it('puts what is refused aside as a dead letter, and goes on', async () => {
    await begin();
    stage.messenger.fail({ call: 'send', fault: 'refused', times: 1 });
    stage.messenger.say(room(), 'a');
    stage.messenger.say(room(), 'b');
    await seeing(['b']);
    const store = stage.database.open();
    await seen(async () =>
      expect((await store.deadLetters(10)).map((one) => one.message.markdown)).toEqual(['a']),
    );
  });
});
