import { afterEach, describe, expect, it } from 'vitest';
import { type Ask, echo, FakeAgent, FakeMessenger, realClock, type Said } from '../testing/index.ts';
import { Stage } from '../testing/stage.ts';

const stage = new Stage();
const { begin, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const ann = { externalId: 'ann', name: 'Ann' };
const ben = { externalId: 'ben', name: 'Ben' };
const last = (address = room()) => texts(address).at(-1) ?? '';
const answered = (text: string | RegExp) => seen(() => expect(last()).toMatch(text));
const count = (text: string, times: number) =>
  seen(() => expect(texts().filter((one) => one.includes(text))).toHaveLength(times));
const say = (text: string, author = ann) => stage.messenger.say(room(), text, author);
const buttons = () => stage.messenger.shown(room()).at(-1)?.message.buttons ?? [];
const contexts = () => stage.agent.requests.map(({ platformChatId }) => platformChatId);

/** An agent that works until it is told to go on. */
function busyAgent(): () => void {
  const open = Promise.withResolvers<void>();
  stage.agent.script = async function* (ask: Ask): AsyncIterable<Said> {
    if (ask.request.text === 'slow') await open.promise;
    yield* echo(ask);
  };
  return open.resolve;
}

describe('clear', () => {
  it.each(['/clear', '/reset'])(
    'by %s gives this chat a new context, and the old one is let go',
    async (word) => {
      await begin();
      say('one');
      await answered('one');
      say(word);
      await answered('begins anew');
      say('two');
      await answered('two');
      const [before, after] = contexts();
      expect(after).not.toBe(before);
      await seen(() => expect(stage.agent.disposed).toEqual([before]));
    },
  );

  it('touches no other chat', async () => {
    await begin();
    say('one');
    await answered('one');
    say('hello', ben);
    await answered('hello');
    say('/clear');
    await answered('begins anew');
    say('again', ben);
    await answered('again');
    expect(contexts()[2]).toBe(contexts()[1]);
  });

  it('is meant for what follows at once', async () => {
    await begin();
    say('one');
    await answered('one');
    say('/clear');
    say('two');
    await seen(() => expect(stage.agent.requests).toHaveLength(2));
    expect(contexts()[1]).not.toBe(contexts()[0]);
  });

  it.each(['/clear', '/save', '/load 1'])(
    '%s waits for no turn: it says that the agent works',
    async (word) => {
      const release = busyAgent();
      await begin();
      say('one');
      await answered('one');
      say('/save first');
      await answered('Saved as **first**');
      say('slow');
      await seen(() => expect(stage.agent.requests).toHaveLength(2));
      say(word);
      await answered('still working here');
      release();
      await answered('slow');
      say('three');
      await answered('three');
      expect(new Set(contexts()).size).toBe(1);
      const [copied] = stage.agent.forks.slice(1);
      if (copied) await seen(() => expect(stage.agent.disposed).toContain(copied.to));
    },
  );
});

describe('context', () => {
  it('tells the agent, the tokens, the files and the age', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'done' };
      yield { kind: 'end', tokensUsed: 1234 };
    };
    await begin();
    say('/context');
    await answered('the agent does not tell');
    say('one');
    await answered('done');
    say('/context');
    await answered(/\*\*C1 one\*\*[\s\S]*agent: Echo[\s\S]*began: now[\s\S]*used: 1,234[\s\S]*given: 0/);
    say('/clear');
    await answered('begins anew');
    say('/context');
    await answered('the agent does not tell');
  });
});

it('context tells the age in hours and days', async () => {
  let later = 0;
  const clock = { ...realClock, now: () => Date.now() + later };
  await begin({ clock });
  for (const [ms, expected] of [
    [0, 'began: now'],
    [5 * 60_000, 'began: 5 minutes ago'],
    [25 * 3_600_000, 'began: 1 day ago'],
  ] as const) {
    later = ms;
    say('/context');
    await answered(expected);
  }
});

describe('save and load with an agent that copies contexts', () => {
  it('keep a copy, list it, and go on from a copy of it as often as one likes', async () => {
    await begin();
    say('one');
    await answered('one');
    say('/save My plan');
    await answered('Saved as **My plan**');
    const [copy] = stage.agent.forks;
    expect(copy?.from).toBe(contexts()[0]);
    for (const times of [1, 2]) {
      say('/load 1');
      await count('goes on from **My plan**', times);
      say(`after ${times}`);
      await answered(`after ${times}`);
      expect(stage.agent.forks[times]).toEqual({ from: copy?.to, to: contexts().at(-1) });
    }
    expect(new Set(contexts()).size).toBe(3);
    expect(stage.agent.disposed).toEqual([contexts()[0], contexts()[1]]);
  });

  it('list by numbers, with buttons and a way out', async () => {
    await begin();
    say('/load');
    await answered('Nothing is saved');
    say('one');
    await answered('one');
    for (const name of ['a', 'a', '']) {
      const before = texts().length;
      say(`/save ${name}`);
      await seen(() => expect(texts()).toHaveLength(before + 1));
    }
    say('/load');
    await answered(/1\. a\n2\. a \\?\(2\)\n3\. one/);
    expect(buttons().map(({ label }) => label)).toEqual(['1. a', '2. a (2)', '3. one', 'Cancel']);
    stage.messenger.press(room(), buttons().at(-1)?.action ?? '', ann);
    await answered('All stays as it is');
    say('two');
    await answered('two');
    expect(new Set(contexts()).size).toBe(1);
  });

  it('take a name as well as a number, however it is written', async () => {
    await begin();
    say('one');
    await answered('one');
    for (const name of ['My plan', '1']) {
      say(`/save ${name}`);
      await answered(`Saved as **${name}**`);
    }
    say('/load  MY  Plan');
    await answered('goes on from **My plan**');
    // A number stays a number.
    say('/load 1');
    await count('goes on from **My plan**', 2);
    say('/load plan');
    await answered('say one from 1 to 2');
  });

  it.each(['/load 99', '/load x', '/load 0', '/load -1', '/load 1e0', '/load 1 2'])(
    '%s names no entry',
    async (word) => {
      await begin();
      say('one');
      await answered('one');
      say('/save');
      await answered('Saved');
      say(word);
      await answered('say one from 1 to 1');
      say('two');
      await answered('two');
      expect(new Set(contexts()).size).toBe(1);
    },
  );

  it('cancel leaves all as it is, where a list has no buttons too', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { buttons: 'none' } });
    await begin();
    say('/save a');
    await answered('Saved as');
    say('/load');
    await answered('What you saved');
    say('/cancel');
    await answered('All stays as it is');
  });

  it('cancel closes the list, once', async () => {
    await begin();
    say('/cancel');
    await answered('no open list');
    say('/save');
    await answered('Saved');
    say('/load');
    await answered('What you saved');
    const about = buttons()[0]?.action.split(':').slice(0, 2).join(':');
    say('/cancel');
    await answered('All stays');
    expect(stage.messenger.shown(room()).at(-1)?.message.settles).toEqual([{ about }]);
    say('/cancel');
    await count('no open list', 2);
  });

  it('a choice in words settles the list too', async () => {
    await begin();
    say('/save a');
    await answered('Saved');
    say('/load');
    await answered('What you saved');
    const about = buttons()[0]?.action.split(':').slice(0, 2).join(':');
    say('/load 9');
    await answered('say one from 1 to 1');
    say('/load 1');
    await answered('goes on from **a**');
    expect(stage.messenger.shown(room()).at(-1)?.message.settles).toEqual([{ about }]);
    say('/cancel');
    await answered('no open list');
  });

  it('a new list settles the earlier one', async () => {
    await begin();
    say('/save');
    await answered('Saved');
    say('/load');
    await count('What you saved', 1);
    const about = buttons()[0]?.action.split(':').slice(0, 2).join(':');
    say('/load');
    await count('What you saved', 2);
    expect(stage.messenger.shown(room()).at(-1)?.message.settles).toEqual([{ about }]);
  });

  it('a button pressed twice loads once, and an earlier list still says what it does', async () => {
    await begin();
    say('one');
    await answered('one');
    say('/save a');
    await answered('Saved');
    say('/load');
    await count('What you saved', 1);
    const early = buttons()[0]?.action ?? '';
    say('/save b');
    await answered('Saved');
    stage.messenger.press(room(), early, ann);
    await answered('goes on from **a**');
    expect(stage.messenger.shown(room()).at(-1)?.message.settles?.[0]?.chosen).toBe(early);
    say('two');
    await answered('two');
    stage.messenger.press(room(), early, ann);
    await answered('chosen from this list already');
    say('three');
    await answered('three');
    expect(contexts()[2]).toBe(contexts()[1]);
  });

  it("another person's button and number reach nothing of mine", async () => {
    await begin();
    say('hello', ben);
    await answered('hello');
    say('/save secret');
    await answered('Saved');
    say('/load');
    await answered('What you saved');
    stage.messenger.press(room(), buttons()[0]?.action ?? '', ben);
    await answered('not in your list');
    say('/load 1', ben);
    await answered('Nothing is saved');
    expect(stage.agent.forks).toHaveLength(1);
    say('again', ben);
    await answered('again');
    expect(new Set(contexts()).size).toBe(1);
  });

  it('an agent that does not answer holds nothing up and changes nothing', async () => {
    stage.agent.forking = 'silent';
    await begin({ limits: { agentCallMs: 50 } });
    say('one');
    await answered('one');
    say('/save');
    say('two');
    await count('two', 1);
    await answered('did not answer, so nothing was changed');
    say('/load');
    await answered('Nothing is saved');
  });

  it('a name of 1,000 characters is not taken', async () => {
    await begin();
    say(`/save ${'x'.repeat(1000)}`);
    await answered('this one has 1000');
    expect(stage.agent.forks).toEqual([]);
  });
});

describe('save and load with any other agent', () => {
  it('ask it to write notes, list them when it answered, and ask it to read them in a fresh context', async () => {
    stage.agent.forking = 'no';
    stage.disk.workspaces.clear();
    const release = Promise.withResolvers<void>();
    stage.agent.script = async function* ({ request }) {
      if (request.text.startsWith('Write')) await release.promise;
      yield { kind: 'text', text: `told: ${request.text}` };
      yield { kind: 'end' };
    };
    await begin();
    say('one');
    await answered('one');
    say('/save Über Plan/../x');
    await answered('I asked the agent to write down');
    say('/load');
    await answered('Nothing is saved');
    release.resolve();
    await answered('told: Write everything');
    const path = /`([^`]+\.md)`/.exec(stage.agent.requests[1]?.text ?? '')?.[1] ?? '';
    // Nothing is known of the workspace: below the person's own directory, whoever else the agent serves.
    expect(path).toMatch(/^[^/]+\/contexts\/über-plan-x-\w{8}\.md$/);
    say('/load 1');
    await count('reads its notes **Über Plan/../x** first', 1);
    await answered('told: Read what you wrote');
    expect(stage.agent.requests[2]?.text).toContain(`\`${path}\``);
    expect(contexts()[1]).toBe(contexts()[0]);
    expect(contexts()[2]).not.toBe(contexts()[0]);
    await seen(() => expect(stage.agent.disposed).toEqual([contexts()[0]]));
  });

  it('notes that the agent did not write are not listed', async () => {
    stage.agent.forking = 'no';
    stage.agent.script = async function* () {
      yield { kind: 'error', code: 'quota', message: 'no money' };
    };
    await begin();
    say('/save a');
    await answered('no money');
    say('/load');
    await answered('Nothing is saved');
  });

  it('two that are called alike are two files, each in the directory of its person', async () => {
    stage.agent.forking = 'no';
    stage.disk.addWorkspace(stage.agent.agentId, { shared: true });
    await begin();
    for (const author of [ann, ann, ben]) {
      const before = stage.agent.requests.length;
      say('/save same name', author);
      await seen(() => expect(stage.agent.requests).toHaveLength(before + 1));
      await answered('Write everything');
    }
    const paths = stage.agent.requests.map(({ text }) => /`([^`]+\.md)`/.exec(text)?.[1]?.split('/') ?? []);
    expect(new Set(paths.map((path) => path.join('/'))).size).toBe(3);
    expect(paths[0]?.[0]).toBe(paths[1]?.[0]);
    expect(paths[2]?.[0]).not.toBe(paths[0]?.[0]);
  });
});

it('what notes are asked for with is told in words of the person', async () => {
  await begin();
  stage.agent.forking = 'no';
  say('/save Plans');
  await answered('Write everything');
  say('/load 1');
  await answered('Read what you wrote');
  say('/status');
  await answered(
    /- going on from \*\*Plans\*\*: answered, delivered\n- saving this context as \*\*Plans\*\*: answered, delivered/,
  );
});

describe('agent', () => {
  const two = () => ({
    others: [new FakeAgent(echo, 'agent-1')],
    assign: () => ({ choices: ['agent-0', 'agent-1'], byDefault: false }) as never,
  });

  it('tells who answers, and says so where there is no choice', async () => {
    await begin();
    say('/agent');
    await seen(() => expect(texts()).toEqual(['**Echo** answers here.']));
    say('/agent 99');
    await answered('say one from 1 to 1');
  });

  it('chooses for new chats, and this chat keeps its own', async () => {
    const options = two();
    await begin(options);
    say('/agent');
    await answered(/1\. Echo · for new chats\n2\. agent-1/);
    const [, second] = buttons();
    for (const word of ['/agent 99', '/agent 0', '/agent x']) {
      const before = texts().length;
      say(word);
      await seen(() => expect(texts()).toHaveLength(before + 1));
      expect(last()).toContain('say one from 1 to 2');
    }
    stage.messenger.press(room(), second?.action ?? '', ann);
    await answered('**agent-1** answers in new chats: `/new` makes one');
    say('here');
    await answered('here');
    expect(stage.agent.requests).toHaveLength(1);
    say('/new');
    await seen(() => expect(stage.messenger.madePlaces()).toHaveLength(1));
    const place = stage.messenger.madePlaces()[0] ?? room();
    await seen(() => expect(texts(place)).toHaveLength(1));
    stage.messenger.say(place, 'there', ann);
    await seen(() => expect(last(place)).toBe('there'));
    expect(options.others[0]?.requests.map(({ text }) => text)).toEqual(['there']);
  });

  it('takes a label or an id as well as a number, of those alone that may be chosen', async () => {
    const forbidden = { ...two(), assign: () => ({ choices: ['agent-0'], byDefault: false }) as never };
    await begin(two());
    say('/agent AGENT-1');
    await answered('**agent-1** answers in new chats');
    say('/agent echo');
    await answered('**Echo** answers in new chats too');
    say('/agent agent-0');
    await count('**Echo** answers in new chats too', 2);
    await restart(undefined, forbidden);
    say('/agent agent-1');
    await answered('say one from 1 to 1');
  });

  it('of a list that is out of date cannot be chosen', async () => {
    let choices = ['agent-0', 'agent-1'];
    await begin({ ...two(), assign: () => ({ choices, byDefault: false }) as never });
    say('/agent');
    await answered('2. agent-1');
    const [, second] = buttons();
    choices = ['agent-0'];
    stage.messenger.press(room(), second?.action ?? '', ann);
    await answered('cannot choose that agent');
  });

  it('that may not serve any more hands the chat over, and that is said', async () => {
    const options = two();
    let choices = ['agent-0', 'agent-1'];
    await begin({ ...options, assign: () => ({ choices, byDefault: false }) as never });
    say('one');
    await answered('one');
    choices = ['agent-1'];
    say('two');
    await answered('two');
    expect(texts()).toContain('**agent-1** answers here from now on. It does not know what was said before.');
    expect(texts().indexOf('two')).toBeGreaterThan(texts().findIndex((text) => text.includes('from now on')));
    expect(options.others[0]?.requests.map(({ text }) => text)).toEqual(['two']);
  });

  it('that may not serve any more is not asked again by a chat that is kept busy', async () => {
    const options = two();
    stage.disk.addWorkspace('agent-1' as never);
    let choices = ['agent-0', 'agent-1'];
    const release = Promise.withResolvers<void>();
    stage.agent.script = async function* ({ request }) {
      yield { kind: 'text', text: request.text };
      await release.promise;
      yield { kind: 'end' };
    };
    await begin({ ...options, assign: () => ({ choices, byDefault: false }) as never });
    say('one');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    say('waits since before');
    choices = ['agent-1'];
    say('two');
    stage.messenger.sayWith(room(), 'three', [{ name: 'a.txt', content: 'secret' }], ann);
    say('/retry');
    release.resolve();
    await count('not available any more', 3);
    expect(stage.agent.requests.map(({ text }) => text)).toEqual(['one']);
    expect(stage.workspace.files()).toEqual([]);
    say('four');
    await answered(/^four$/);
    expect(options.others[0]?.requests.map(({ text }) => text)).toEqual(['four']);
  });

  it('that may not serve any more is not asked after a restart either', async () => {
    const options = two();
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'half' };
      await new Promise(() => undefined);
    };
    await begin(options);
    say('one');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    say('waits');
    const release = stage.messenger.hold('fetch');
    stage.messenger.sayWith(room(), 'two', [{ name: 'a.txt', content: 'secret' }], ann);
    stage.messenger.sayWith(room(), '', [{ name: 'b.txt', content: 'secret' }], ann);
    await seen(() => expect(stage.messenger.unacknowledged()).toEqual([]));
    const others = [new FakeAgent(echo, 'agent-1')];
    const workspace = stage.disk.addWorkspace('agent-1' as never);
    const assign = () => ({ choices: ['agent-1'], byDefault: false }) as never;
    await stage.restart(echo, { others, assign });
    release();
    await count('not available any more', 2);
    // What it had begun it ends.
    expect(stage.agent.requests.map(({ text }) => text)).toEqual(['one']);
    expect(stage.workspace.files()).toEqual([]);
    stage.messenger.press(room(), buttons()[0]?.action ?? '', ann);
    await answered(/^two/);
    expect(others[0]?.requests.map(({ text }) => text)).toEqual(['two']);
    await seen(() => expect(workspace.files().toSorted()).toEqual(['a.txt', 'b.txt']));
  });

  it('that may not serve any more is told that the context is over', async () => {
    const options = two();
    let choices = ['agent-0'];
    await begin({ ...options, assign: () => ({ choices, byDefault: false }) as never });
    say('one');
    await answered('one');
    choices = ['agent-1'];
    say('two');
    await answered('two');
    await seen(() => expect(stage.agent.disposed).toEqual(contexts()));
    const left = options.others[0]?.requests[0]?.platformChatId;
    choices = ['agent-0'];
    say('/status');
    await count('answers here from now on', 2);
    await seen(() => expect(options.others[0]?.disposed).toEqual([left]));
  });

  it('that was removed hands the turn over when it is tried again', async () => {
    const options = two();
    let choices = ['agent-9'];
    await begin({ ...options, assign: () => ({ choices, byDefault: false }) as never });
    say('one');
    await answered('not available any more');
    const [button] = buttons();
    choices = ['agent-1'];
    stage.messenger.press(room(), button?.action ?? '', ann);
    await answered(/^one$/);
    expect(texts().filter((text) => text.includes('answers here from now on'))).toHaveLength(1);
    expect(options.others[0]?.requests.map(({ text }) => text)).toEqual(['one']);
  });

  it('by default is told once for each chat', async () => {
    await begin({ assign: () => ({ choices: ['agent-0'], byDefault: true }) as never });
    say('one');
    say('two');
    await count('the default agent **Echo** answers here', 1);
    await answered('two');
    say('/new');
    await seen(() => expect(stage.messenger.madePlaces()).toHaveLength(1));
    const place = stage.messenger.madePlaces()[0] ?? room();
    await seen(() => expect(texts(place).join()).toContain('the default agent **Echo** answers here'));
    stage.messenger.say(place, 'three', ann);
    await seen(() => expect(last(place)).toBe('three'));
    expect(texts(place).filter((text) => text.includes('the default agent'))).toHaveLength(1);
    await count('the default agent', 1);
  });
});
