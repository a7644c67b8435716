import type { Address } from '@surfaces/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeMessenger } from '../testing/index.ts';
import { Stage } from '../testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const ann = { externalId: 'ann', name: 'Ann' };
const ben = { externalId: 'ben', name: 'Ben' };
const last = (address = room()) => texts(address).at(-1) ?? '';
const answered = (text: string | RegExp, address = room()) => seen(() => expect(last(address)).toMatch(text));
const say = (text: string, address = room(), author = ann) => stage.messenger.say(address, text, author);

/** The place that the newest `new` made. */
async function made(count: number): Promise<Address> {
  await seen(() => expect(stage.messenger.madePlaces()).toHaveLength(count));
  const address = stage.messenger.madePlaces().at(-1);
  if (!address) throw new Error('no place was made');
  return address;
}

describe('where chats have places of their own', () => {
  it('new makes a place, says welcome there, and what is said there stays there', async () => {
    await begin();
    say('first');
    await seen(() => expect(texts()).toEqual(['first']));
    say('/new Holiday plans');
    const place = await made(1);
    await seen(() =>
      expect(texts(place)).toEqual([expect.stringContaining('**Holiday plans** is a new chat')]),
    );
    await answered('C2 has a place of its own');
    expect(stage.messenger.sign(place)).toEqual({ name: 'Holiday plans', archived: false });
    say('second', place);
    await answered(/^second$/, place);
    const [one, two] = stage.agent.requests;
    expect(one?.platformChatId).not.toBe(two?.platformChatId);
    expect(texts()).not.toContain('second');
  });

  it('nothing is said of a new place where the messenger takes the person there', async () => {
    const { surface } = await begin();
    Object.assign(surface, { chats: { ...surface.chats, opens: true } });
    say('/new Other');
    const place = await made(1);
    await answered('**Other** is a new chat', place);
    stage.messenger.fail({ call: 'create', fault: 'refused' });
    say('/new Third');
    await answered('`/chats 3` tries again');
    say('/chats 3');
    await made(2);
    say('hello');
    await answered('hello');
    expect(texts()).toEqual([expect.stringContaining('tries again'), 'hello']);
  });

  it('a chat that nobody named is named by its first message, cut between words', async () => {
    await begin();
    say('/new');
    const place = await made(1);
    await answered('names it', place);
    say(`Please look at ${'very '.repeat(20)}long numbers\nand more`, place);
    await seen(() => expect(stage.messenger.sign(place).name).toMatch(/^Please look at (very )+very…$/));
    expect(stage.messenger.sign(place).name.length).toBeLessThanOrEqual(61);
    say('another', place);
    await answered('another', place);
    say('/chats', place);
    await answered(/\*\*C2\*\* Please look/, place);
  });

  it('chats lists them with their numbers, one too', async () => {
    await begin();
    say('/chats');
    await answered(/You have 1 chat\b[\s\S]*\*\*C1\*\* New chat · you are here/);
    expect(last()).not.toContain('C2');
    say('/new Other');
    await made(1);
    await answered('C2 has');
    say('/chats');
    await answered('`/chats 2` tells where C2 is');
    say('/chats 2');
    await answered(/C2 \*\*Other\*\* has a place of its own/);
    say('/chats 1');
    await answered(/This is C1/);
    say('/chats 99');
    await answered(/You have no chat “99”/);
    say('/chats `x`\n\u202ey');
    await answered(/^You have no chat “\\`x\\` y”\./);
  });

  it('what a control asked for is not said again where the surface shows it; what went wrong is', async () => {
    await begin();
    const control = (name: string, args: string) => stage.messenger.control(room(), name, args, ann);
    control('new', 'Holiday plans');
    const place = await made(1);
    await answered(/is a new chat/, place);
    control('rename', 'Work');
    control('settings', 'streaming off');
    control('rename', '');
    await answered(/\/rename/);
    expect(texts()).toHaveLength(1);
  });

  it('rename names the chat and its place', async () => {
    await begin();
    say('/rename  Tax\n\u202ereturn  ');
    await answered('This chat is called **Tax return** now');
    await seen(() => expect(stage.messenger.sign(room()).name).toBe('Tax return'));
    say('hello');
    await answered('hello');
    expect(stage.messenger.sign(room()).name).toBe('Tax return');
  });

  it.each(['/rename', '/rename    ', '/rename \u200b\u202e'])(
    '%j renames to nothing: it asks for a name',
    async (words) => {
      await begin();
      say(words);
      await answered('What shall it be called?');
      expect(stage.messenger.sign(room()).name).toBe('');
    },
  );

  it('rename and new take no name of 1,000 characters, and say how many are allowed', async () => {
    await begin();
    say(`/rename ${'x'.repeat(1000)}`);
    await answered(/100 characters at most; this one has 1000/);
    say(`/new ${'x'.repeat(1000)}`);
    await seen(() => expect(texts()).toHaveLength(2));
    say('/chats');
    await answered(/You have 1 chat\b/);
    expect(stage.messenger.madePlaces()).toEqual([]);
  });

  it('archive puts a chat away, and a message brings it back', async () => {
    await begin();
    say('/archive');
    await answered('your only chat');
    say('/new Other');
    const place = await made(1);
    await answered('is a new chat', place);
    say('/archive', place);
    await answered('is in the archive', place);
    await seen(() => expect(stage.messenger.sign(place).archived).toBe(true));
    say('/chats');
    await answered(/\*\*C2\*\* Other · archived/);
    say('/archive');
    await answered('your only chat');
    say('hello again', place);
    await answered('hello again', place);
    await seen(() => expect(stage.messenger.sign(place).archived).toBe(false));
  });

  it('archive waits for nobody: not while the agent works', async () => {
    stage.agent.script = async function* () {
      await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    await begin();
    say('/new Other');
    await made(1);
    say('slow');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    say('/archive');
    await answered('still working here');
  });

  it('a chat that a message brings back while it is put away stays where it is', async () => {
    await begin();
    say('/new Other');
    const place = await made(1);
    await answered('is a new chat', place);
    say('/archive', place);
    say('hello', place);
    await answered('hello', place);
    await seen(() => expect(stage.messenger.calls.filter(({ kind }) => kind === 'archive').length).toBe(2));
    expect(stage.messenger.sign(place).archived).toBe(false);
  });

  it('new stops at the limit', async () => {
    await begin({ limits: { chats: 3 } });
    say('hello');
    await answered('hello');
    say('/new');
    await made(1);
    say('/new');
    await made(2);
    say('/new');
    await answered('You have 3 chats already');
    expect(stage.messenger.madePlaces()).toHaveLength(2);
  });

  it('a place that cannot be made is said, and can be made later', async () => {
    await begin();
    stage.messenger.fail({ call: 'create', fault: 'refused' });
    say('/new Other');
    await answered('`/chats 2` tries again');
    say('/chats');
    await answered('**C2** Other');
    const [button] = stage.messenger.shown(room()).at(-1)?.message.buttons ?? [];
    expect(button?.label).toBe('C2 Other');
    stage.messenger.press(room(), button?.action ?? '', ann);
    const place = await made(1);
    await answered('C2 has a place of its own');
    say('hello', place);
    await answered('hello', place);
    say('/chats', place);
    await answered('**C2** Other · you are here', place);
  });

  it('a messenger that is away or says too many is asked again, and makes one place', async () => {
    await begin();
    stage.messenger.fail({ call: 'create', fault: 'lost_after' });
    stage.messenger.fail({ call: 'create', fault: 'rate_limited', retryAfterMs: 5 });
    say('/new Other');
    await answered('C2 has a place of its own');
    expect(stage.messenger.madePlaces()).toHaveLength(1);
  });

  it('a name that the messenger takes late does not stand over a newer one', async () => {
    await begin();
    stage.messenger.fail({ call: 'rename', fault: 'rate_limited', retryAfterMs: 60 });
    say('/rename Old');
    await answered('**Old** now');
    say('/rename Newer');
    await seen(() => expect(stage.messenger.sign(room()).name).toBe('Newer'));
    await seen(() => expect(stage.messenger.calls.filter(({ kind }) => kind === 'rename')).toHaveLength(3));
    expect(stage.messenger.sign(room()).name).toBe('Newer');
  });

  it('an archive that the messenger takes late does not hide a chat that came back', async () => {
    await begin();
    say('/new Other');
    const place = await made(1);
    stage.messenger.fail({ call: 'archive', fault: 'rate_limited', retryAfterMs: 60 });
    say('/archive', place);
    await answered('is in the archive', place);
    say('hello', place);
    await answered('hello', place);
    await seen(() => expect(stage.messenger.calls.filter(({ kind }) => kind === 'archive')).toHaveLength(3));
    expect(stage.messenger.sign(place).archived).toBe(false);
  });

  it('new does not hold up others while the messenger is slow', async () => {
    await begin();
    const release = stage.messenger.hold('create');
    say('/new Other');
    say('hello');
    await answered('hello');
    say('/help');
    await answered('/status');
    release();
    await answered('C2 has a place of its own');
  });
});

describe('where there is one place', () => {
  beforeEach(() => {
    stage.messenger = new FakeMessenger({ capabilities: { chats: 'none' } });
  });

  it('new turns it to the new chat, and chats <n> or a button back', async () => {
    await begin();
    say('in the first');
    await answered('in the first');
    say('/new Other');
    await answered(/\*\*Other\*\* is a new chat[\s\S]*`\/chats` takes you back/);
    say('in the second');
    await answered('in the second');
    say('/chats');
    await answered(/\*\*C2\*\* Other · you are here/);
    const buttons = stage.messenger.shown(room()).at(-1)?.message.buttons ?? [];
    expect(buttons.map(({ label }) => label)).toEqual(['C1 in the first']);
    say('/chats 1');
    await answered('You are in C1');
    say('back');
    await answered('back');
    say('/chats C2');
    await answered('You are in C2');
    stage.messenger.press(room(), buttons[0]?.action ?? '', ann);
    await answered('You are in C1');
    stage.messenger.press(room(), buttons[0]?.action ?? '', ann);
    await seen(() => expect(texts().filter((text) => text.startsWith('You are in C1'))).toHaveLength(3));
    const contexts = stage.agent.requests.map(({ platformChatId }) => platformChatId);
    expect(contexts[0]).toBe(contexts[2]);
    expect(contexts[0]).not.toBe(contexts[1]);
  });

  it('archive goes on in another chat, so that the archived one stays away', async () => {
    await begin();
    say('in the first');
    await answered('in the first');
    say('/new Other');
    await answered('is a new chat');
    say('/archive');
    await answered(/\*\*Other\*\* is in the archive. You are in C1/);
    say('hello');
    await answered('hello');
    say('/chats');
    await answered(/\*\*C1\*\* .* · you are here\n- \*\*C2\*\* Other · archived/);
    say('/chats 2');
    await answered('You are in C2');
    say('revived');
    await answered('revived');
    say('/chats');
    await answered(/\*\*C2\*\* Other · you are here$/m);
  });

  it.each(['before', 'after'] as const)('a message %s the very archiving is not lost', async (when) => {
    const { database } = stage;
    const meanwhile = async () => {
      say('meanwhile');
      await seen(() => expect(stage.messenger.unacknowledged()).toEqual([]));
    };
    const open: typeof database.open = (...options) => {
      const store = database.open(...options);
      const { archiveChat } = store;
      return Object.assign(store, {
        async archiveChat(...args: Parameters<typeof archiveChat>) {
          if (when === 'before') await meanwhile();
          const archived = await archiveChat(...args);
          if (when === 'after') await meanwhile();
          return archived;
        },
      });
    };
    stage.database = { ...database, open };
    await begin();
    say('in the first');
    await answered('in the first');
    say('/new Other');
    await answered('is a new chat');
    say('/archive');
    await seen(() => expect(texts()).toContain('meanwhile'));
    await seen(() => expect(texts().join()).toContain('is in the archive. You are in C1'));
    say('/chats');
    await answered(/\*\*C1\*\* .* · you are here\n- \*\*C2\*\* Other · archived/);
    const [first, second] = stage.agent.requests.map(({ platformChatId }) => platformChatId);
    expect(second).toBe(first);
  });

  it('a busy chat is not archived, and stays in its place', async () => {
    const release = Promise.withResolvers<void>();
    stage.agent.script = async function* ({ request }) {
      if (request.text === 'slow') await release.promise;
      yield { kind: 'text', text: request.text };
      yield { kind: 'end' };
    };
    await begin();
    say('in the first');
    await answered('in the first');
    say('/new Other');
    await answered('is a new chat');
    say('slow');
    say('/archive');
    await answered('still working here');
    release.resolve();
    await answered('slow');
    say('/chats');
    await answered(/\*\*C2\*\* Other · you are here$/m);
  });
});

describe('the chats of two people in one room', () => {
  it("another person's button to try again asks nothing", async () => {
    stage.agent.script = async function* ({ request }) {
      if (request.text === 'secret') yield { kind: 'error', code: 'quota', message: 'no money' };
      else yield { kind: 'end' };
    };
    await begin();
    say('secret');
    await answered('no money');
    const action = stage.messenger.shown(room()).at(-1)?.message.buttons[0]?.action ?? '';
    stage.messenger.press(room(), action, ben);
    await answered('nothing to ask again');
    expect(stage.agent.requests).toHaveLength(1);
    expect(action).toMatch(/^retry:/);
  });

  it('a button to try again that is pressed twice asks once', async () => {
    const done = Promise.withResolvers<void>();
    stage.agent.script = async function* () {
      if (stage.agent.requests.length === 1) yield { kind: 'error', code: 'quota', message: 'no money' };
      else {
        await done.promise;
        yield { kind: 'text', text: 'here it is' };
        yield { kind: 'end' };
      }
    };
    await begin();
    say('hello');
    await answered('no money');
    const action = stage.messenger.shown(room()).at(-1)?.message.buttons[0]?.action ?? '';
    stage.messenger.press(room(), action, ann);
    stage.messenger.press(room(), action, ann);
    await seen(() => expect(texts().filter((text) => text === 'Asking again.')).toHaveLength(2));
    done.resolve();
    await answered('here it is');
    stage.messenger.press(room(), action, ann);
    await answered('does nothing any more');
    expect(stage.agent.requests).toHaveLength(2);
  });

  it.each(['native', 'none'] as const)('are reached by their owners only, chats being %s', async (chats) => {
    stage.messenger = new FakeMessenger({ capabilities: { chats } });
    await begin();
    say('/new Secret of Ann');
    await answered(chats === 'none' ? 'is a new chat' : 'C2 has');
    say('hello', room(), ben);
    await answered('hello');
    say('/chats 2', room(), ben);
    await answered('You have no chat “2”');
    say('/chats', room(), ben);
    await answered(/You have 1 chat/);
    expect(last()).not.toContain('Secret');
    const store = stage.database.open();
    const persons = await store.findPersons({ limit: 10 });
    const id = persons.find(({ name }) => name === 'Ann')?.id;
    if (!id) throw new Error('Ann is not known');
    for (const { chat } of await store.chatsOf(id)) {
      stage.messenger.press(room(), `chat:00000000:${chat.key}`, ben);
    }
    await seen(() => expect(texts().filter((text) => text.includes('not in your list'))).toHaveLength(2));
    say('mine', room(), ben);
    await answered('mine');
    const contexts = new Map(stage.agent.requests.map((one) => [one.text, one.platformChatId]));
    expect(contexts.get('mine')).toBe(contexts.get('hello'));
  });
});
