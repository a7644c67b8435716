import { afterEach, describe, expect, it } from 'vitest';
import { echo, FakeAgent, FakeMessenger } from '../testing/index.ts';
import { Stage } from '../testing/stage.ts';

const stage = new Stage();
const { begin, beginMortal, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const say = (text: string, address = room()) => stage.messenger.say(address, text);
const seeing = (expected: unknown[], address = room()) =>
  seen(() => expect(texts(address)).toEqual(expected));
const contexts = () => stage.agent.requests.map(({ platformChatId }) => platformChatId);

/** The agent's doings outlive its clients. */
function keepForks() {
  const { forks, disposed } = stage.agent;
  return { forks, disposed };
}

describe('a process that ends while it makes a chat', () => {
  it.each(['chat.created', 'chat.placed', 'event.before_complete', 'send.before'])(
    'at %s makes one chat, one place and one welcome',
    async (point) => {
      const { died } = await beginMortal(point);
      say('/new Plans');
      await died;
      await restart();
      await seeing([expect.stringContaining('C2 has a place')]);
      expect(stage.messenger.madePlaces()).toHaveLength(1);
      const [place = room()] = stage.messenger.madePlaces();
      await seeing([expect.stringContaining('**Plans** is a new chat')], place);
      say('hello', place);
      await seeing([expect.anything(), 'hello'], place);
      say('/chats');
      await seen(() => expect(texts().at(-1)).toContain('Your 2 chats'));
    },
  );

  it.each(['chat.created', 'event.before_complete'])(
    'at %s, where there is one place, turns it once',
    async (point) => {
      stage.messenger = new FakeMessenger({ capabilities: { chats: 'none' } });
      const { died } = await beginMortal(point);
      say('/new Plans');
      await died;
      await restart();
      await seeing([expect.stringContaining('**Plans** is a new chat')]);
      say('/chats');
      await seen(() => expect(texts().at(-1)).toMatch(/2 chats[\s\S]*\*\*C2\*\* Plans · you are here/));
    },
  );
});

describe('a process that ends while it changes a chat', () => {
  it.each(['context.switched', 'event.before_complete'])('at %s clears once', async (point) => {
    const { died } = await beginMortal(point);
    say('one');
    await seeing(['one']);
    const [before] = contexts();
    say('/clear');
    await died;
    await restart();
    await seeing(['one', expect.stringContaining('begins anew')]);
    await seen(() => expect(stage.agent.disposed).toContain(before));
    say('two');
    await seeing(['one', expect.anything(), 'two']);
    say('three');
    await seen(() => expect(texts().at(-1)).toBe('three'));
    const [two, three] = contexts();
    expect(two).not.toBe(before);
    expect(three).toBe(two);
    // Only the old context was let go.
    expect(new Set(stage.agent.disposed)).toEqual(new Set([before]));
  });

  it.each(['context.switched', 'event.before_complete'])('at %s loads a copy once', async (point) => {
    await begin();
    say('one');
    await seeing(['one']);
    say('/save a');
    await seen(() => expect(texts()).toHaveLength(2));
    const earlier = keepForks();
    await restart(echo, {});
    stage.system?.kill();
    const { died } = await beginMortal(point);
    say('/load 1');
    await died;
    const between = keepForks();
    await restart();
    await seen(() => expect(texts().at(-1)).toContain('goes on from **a**'));
    expect(texts()).toHaveLength(3);
    say('two');
    await seen(() => expect(texts().at(-1)).toBe('two'));
    const copy = earlier.forks[0]?.to;
    expect(between.forks).toEqual([{ from: copy, to: contexts()[0] }]);
    // The copy that was made in vain is let go, the one in use is not.
    const vain = stage.agent.forks[0]?.to;
    await seen(() => expect(stage.agent.disposed).toContain(vain));
    expect(stage.agent.disposed).not.toContain(contexts()[0]);
    expect(stage.agent.disposed).not.toContain(copy);
  });

  it('before the reply to save makes one copy', async () => {
    const { died } = await beginMortal('event.before_complete');
    say('/save a');
    await died;
    const { forks } = keepForks();
    await restart();
    await seeing([expect.stringContaining('Saved as **a**')]);
    expect(forks).toHaveLength(1);
    expect(stage.agent.forks).toEqual([]);
    say('/load');
    await seen(() => expect(texts().at(-1)).toMatch(/1\. a\n\n/));
  });

  it.each(['context.switched', 'event.before_complete', 'turn.before_start'])(
    'at %s loads notes once, in one fresh context',
    async (point) => {
      stage.agent.forking = 'no';
      await begin();
      say('one');
      await seeing(['one']);
      say('/save a');
      await seen(() => expect(texts().at(-1)).toMatch(/^Write everything/));
      const [before] = contexts();
      stage.system?.kill();
      stage.agent.requests.length = 0;
      const { died } = await beginMortal(point);
      say('/load 1');
      await died;
      await restart();
      await seen(() =>
        expect(texts().filter((text) => text.startsWith('Read what you wrote'))).toHaveLength(1),
      );
      await seen(() => expect(texts().filter((text) => text.includes('reads its notes'))).toHaveLength(1));
      say('two');
      await seen(() => expect(texts().at(-1)).toBe('two'));
      expect(new Set(contexts()).size).toBe(1);
      expect(contexts()[0]).not.toBe(before);
      expect(texts().filter((text) => text.startsWith('Read what you wrote'))).toHaveLength(1);
    },
  );

  it.each(['event.before_complete', 'turn.started'])('at %s asks for notes once', async (point) => {
    stage.agent.forking = 'no';
    const { died } = await beginMortal(point);
    say('/save a');
    await died;
    await restart(async function* (ask) {
      yield* echo(ask);
    });
    stage.agent.forking = 'no';
    await seen(() => expect(texts().filter((text) => text.startsWith('Write everything'))).toHaveLength(1));
    await seen(() => expect(texts().filter((text) => text.includes('I asked the agent'))).toHaveLength(1));
    say('/load');
    await seen(() => expect(texts().at(-1)).toMatch(/1\. a\n/));
    expect(texts().at(-1)).not.toContain('2. ');
  });

  it.each(['/rename Plans', '/archive', '/settings language ru', '/settings streaming off'])(
    'before the reply to %s does the same again',
    async (word) => {
      await begin();
      say('/new Other');
      await seen(() => expect(texts()).toHaveLength(1));
      const [place = room()] = stage.messenger.madePlaces();
      await seen(() => expect(texts(place)).toHaveLength(1));
      stage.system?.kill();
      const { died } = await beginMortal('event.before_complete');
      say(word, place);
      await died;
      await restart();
      const expected: Record<string, RegExp> = {
        '/rename Plans': /called \*\*Plans\*\* now/,
        '/archive': /in the archive/,
        '/settings language ru': /Язык/,
        '/settings streaming off': /written\*\* no/,
      };
      await seeing([expect.anything(), expect.stringMatching(expected[word] ?? /./)], place);
      if (word === '/archive') await seen(() => expect(stage.messenger.sign(place).archived).toBe(true));
      if (word === '/rename Plans') await seen(() => expect(stage.messenger.sign(place).name).toBe('Plans'));
    },
  );

  it('before a retry was handled, and whose agent is gone since, asks the one that may serve now', async () => {
    const { died } = await beginMortal('accept.stored', 2);
    say('one');
    await seeing(['one']);
    say('/retry');
    await died;
    const other = new FakeAgent(echo, 'agent-1');
    const assign = () => ({ choices: ['agent-1'], byDefault: false }) as never;
    await restart(echo, { others: [other], assign });
    await seen(() => expect(other.requests.map(({ text }) => text)).toEqual(['one']));
    await seen(() => expect(texts().at(-1)).toBe('one'));
    expect(texts().filter((text) => text.includes('**agent-1** answers here from now on'))).toHaveLength(1);
    expect(stage.agent.requests).toEqual([]);
  });

  it('tells that the default agent answers, if it ended before it could', async () => {
    const assign = () => ({ choices: ['agent-0'], byDefault: true }) as never;
    const { died } = await beginMortal('accept.stored', 1, { assign });
    say('one');
    await died;
    await restart(echo, { assign });
    await seen(() => expect(texts()).toHaveLength(2));
    expect(texts()).toEqual(
      expect.arrayContaining(['one', expect.stringContaining('default agent **Echo**')]),
    );
    await restart(echo, { assign });
    say('two');
    await seen(() => expect(texts().at(-1)).toBe('two'));
    expect(texts()).toHaveLength(3);
  });
});
