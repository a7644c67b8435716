import { afterEach, describe, expect, it } from 'vitest';
import { echo, realClock } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));

describe('a message', () => {
  it('is answered at its address', async () => {
    await begin();
    stage.messenger.say(room(), 'hello');
    stage.messenger.say(stage.messenger.thread('r1', 't9'), 'in the thread');
    await seeing(['hello']);
    await seeing(['in the thread'], stage.messenger.thread('r1', 't9'));
  });

  it('is acknowledged only after it is durable', async () => {
    const points: string[] = [];
    await begin({ fault: (point) => points.push(point) });
    const said = stage.messenger.say(room(), 'hello');
    await said.acknowledged;
    expect(points).toContain('accept.stored');
  });

  it('is accepted once, however often it comes', async () => {
    await begin();
    const said = stage.messenger.say(room(), 'once');
    await said.acknowledged;
    const again = stage.messenger.repeat(said.event.eventId);
    expect((await again.acknowledged).outcome).toBe('duplicate');
    stage.messenger.say(room(), 'end');
    await seeing(['once', 'end']);
  });

  it('waits its turn: one at a time and in order per chat, chats in parallel', async () => {
    let working = 0;
    let most = 0;
    const perChat = new Map<string, number>();
    stage.agent.script = async function* ({ request }) {
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
    for (const number of numbers)
      for (const r of ['a', 'b', 'c']) stage.messenger.say(stage.messenger.room(r), number);
    for (const r of ['a', 'b', 'c']) await seeing(numbers, stage.messenger.room(r));
    expect(most).toBeGreaterThan(1);
  });

  it('over the limit of the queue is refused in words, and the others are answered', async () => {
    const open = Promise.withResolvers<void>();
    stage.agent.script = async function* (ask) {
      await open.promise;
      yield* echo(ask);
    };
    await begin({ limits: { queue: 3 } });
    const said = ['1', '2', '3', '4'].map((text) => stage.messenger.say(room(), text));
    const last = await said[3]?.acknowledged;
    expect(last).toMatchObject({ outcome: 'refused', reason: 'queue_full', retry: true });
    open.resolve();
    await seen(() => expect(texts()).toEqual(expect.arrayContaining(['1', '2', '3'])));
    expect(texts()[0]).toContain('3 messages');
  });

  it('of a person who floods is refused with one notice, not with a flood of them', async () => {
    await begin({ limits: { rate: { burst: 5, perSecond: 0.001 }, queue: 100 } });
    const said = Array.from({ length: 30 }, (_, i) => stage.messenger.say(room(), `${i}`));
    const results = await Promise.all(said.map((one) => one.acknowledged));
    expect(results.filter((result) => result.outcome === 'accepted')).toHaveLength(5);
    await seen(() => expect(texts().filter((text) => !/^\d+$/.test(text))).toHaveLength(1));
  });

  it.each([['that is empty', ' \n\t', 'empty']])('%s is refused', async (_, text, reason) => {
    await begin();
    expect(await stage.messenger.say(room(), text).acknowledged).toMatchObject({
      outcome: 'refused',
      reason,
    });
    expect(stage.agent.requests).toEqual([]);
  });

  it('of another program is never answered', async () => {
    await begin();
    const said = stage.messenger.say(room(), 'hi', { externalId: 'bot', name: 'Bot', isBot: true });
    expect(await said.acknowledged).toMatchObject({ outcome: 'refused', reason: 'bot' });
    expect(texts()).toEqual([]);
  });

  it('of somebody who is not served gets one clear message', async () => {
    await begin({ strangers: ['somebody'] });
    expect(await stage.messenger.say(room(), 'hi').acknowledged).toMatchObject({ reason: 'not_served' });
    await seen(() => expect(texts()).toEqual([expect.stringContaining('not on the list')]));
    expect(stage.agent.requests).toEqual([]);
  });

  it('of people who are not served is answered once an hour for each of them', async () => {
    let offset = 0;
    const clock = { ...realClock, now: () => Date.now() + offset };
    await begin({ strangers: ['ann', 'bob'], clock });
    const say = (externalId: string) =>
      stage.messenger.say(room(), 'hi', { externalId, name: externalId }).acknowledged;
    for (const later of [0, 60_000, 3_500_000]) {
      offset = later;
      await say('ann');
      await say('bob');
    }
    await seen(() => expect(texts()).toHaveLength(2));
    offset = 3_700_000;
    await say('ann');
    await seen(() => expect(texts()).toHaveLength(3));
  });

  it('that is refused is told to its author though another was refused here just now', async () => {
    await begin();
    for (const externalId of ['ann', 'bob', 'ann']) {
      await stage.messenger.say(room(), ' ', { externalId, name: externalId }).acknowledged;
    }
    await seen(() => expect(texts()).toHaveLength(2));
    expect(stage.messenger.refusals).toHaveLength(3);
  });

  it('of a backlog is named in the note, however many there are', async () => {
    await begin({ limits: { rate: { burst: 2, perSecond: 0.001 } } });
    const old = Date.now() - 3_600_000;
    const said = Array.from({ length: 8 }, (_, i) => stage.messenger.say(room(), `old ${i}`, undefined, old));
    const results = await Promise.all(said.map((one) => one.acknowledged));
    expect(results.map(({ outcome }) => outcome)).toEqual(said.map(() => 'accepted'));
    await seeing([expect.stringMatching(/8 messages[\s\S]*old 0[\s\S]*old 7/)]);
    stage.messenger.say(room(), 'new');
    await seen(() => expect(texts()).toContain('new'));
  });

  it('whose turn breaks on our side is answered with words about it, and the next one runs', async () => {
    const { surface } = await begin();
    const split = surface.split.bind(surface);
    surface.split = (markdown) => {
      if (markdown === 'poison') throw new TypeError('a fault of the adapter');
      return split(markdown);
    };
    stage.messenger.say(room(), 'poison');
    stage.messenger.say(room(), 'next');
    await seeing([expect.stringContaining('went wrong on our side'), 'next']);
    expect((await stage.database.open().recover([stage.messenger])).turns).toEqual([]);
  });
});
