import type { PersonId } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { Files } from './ports/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const ann = { externalId: 'ann', name: 'Ann' };
const ben = { externalId: 'ben', name: 'Ben' };
const own = () => stage.messenger.room('ann');
const say = (text: string, address = own(), author = ann) => stage.messenger.say(address, text, author);
const idOf = async (name: string): Promise<PersonId> => {
  const found = (await stage.database.open().findPersons({ limit: 10 })).find((one) => one.name === name);
  if (!found) throw new Error(`${name} is not known`);
  return found.id;
};

const signal = new AbortController().signal;
async function* bytes(text: string) {
  yield new TextEncoder().encode(text);
}

/** The same, but for some of its methods. */
function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      // Only names of methods are asked for.
      const value = methods[name as keyof T] ?? target[name as keyof T];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The kept files, of which `dropAll` is another. */
function droppingBy(dropAll: (files: Files, person: PersonId) => Promise<void>) {
  const { files } = stage.files.open();
  return { parts: { files: replacing(files, { dropAll: (person) => dropAll(files, person) }) } };
}

describe('forgetting a person', () => {
  it('ends what runs and waits for them, deletes everything, and touches nobody else', async () => {
    const cancelled = Promise.withResolvers<void>();
    stage.agent.script = async function* ({ request, signal }) {
      if (request.text === 'slow') {
        signal.addEventListener('abort', () => cancelled.resolve());
        yield { kind: 'text', text: 'half' };
        await new Promise(() => undefined);
      }
      yield { kind: 'text', text: request.text };
      yield { kind: 'end' };
    };
    const workspace = stage.disk.addWorkspace(stage.agent.agentId, { shared: true });
    const { core } = await begin();
    say('hello', room(), ben);
    await seen(() => expect(texts()).toEqual(['hello']));
    say('one');
    await seen(() => expect(texts(own())).toEqual(['one']));
    say('/save a');
    await seen(() => expect(texts(own())).toHaveLength(2));
    say('slow');
    say('waiting');
    await seen(() => expect(stage.messenger.drafts(own())).toHaveLength(1));
    const [person, other] = [await idOf('Ann'), await idOf('Ben')];
    const { files } = stage.files.open();
    const kept = await files.keep(person, { name: 'mine.txt' }, bytes('mine'), signal);
    const theirs = await files.keep(other, { name: 'theirs.txt' }, bytes('theirs'), signal);
    workspace.write(`${person}/mine.txt`, 'mine');
    workspace.write(`${other}/theirs.txt`, 'theirs');
    const context = stage.agent.requests.find(({ text }) => text === 'one')?.platformChatId;
    const copy = stage.agent.forks[0]?.to;

    await core.forget(person);
    await cancelled.promise;
    expect(await files.find(person, kept.id)).toBeUndefined();
    expect(await files.find(other, theirs.id)).toEqual(theirs);
    expect(workspace.has(`${person}/mine.txt`)).toBe(false);
    expect(workspace.has(`${other}/theirs.txt`)).toBe(true);
    await seen(() => expect(stage.agent.disposed.toSorted()).toEqual([context, copy].toSorted()));
    const store = stage.database.open();
    expect((await store.findPersons({ limit: 10 })).map(({ name }) => name)).toEqual(['Ben']);
    expect(stage.agent.requests.map(({ text }) => text)).not.toContain('waiting');
    expect(texts(own())).toHaveLength(2);

    // Who comes again is somebody new.
    say('back');
    await seen(() => expect(texts(own()).at(-1)).toBe('back'));
    expect(await idOf('Ann')).not.toBe(person);
    say('still here', room(), ben);
    await seen(() => expect(texts().at(-1)).toBe('still here'));
    const mine = stage.agent.requests.filter(({ text }) => text === 'hello' || text === 'still here');
    expect(new Set(mine.map(({ platformChatId }) => platformChatId)).size).toBe(1);
  });

  it('takes nothing from them meanwhile, and everything afterwards', async () => {
    const release = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const slow = droppingBy(() => {
      began.resolve();
      return release.promise;
    });
    const { core } = await begin(slow);
    say('one');
    await seen(() => expect(texts(own())).toEqual(['one']));
    const person = await idOf('Ann');
    const forgotten = core.forget(person);
    await began.promise;
    const said = say('two');
    say('hello', room(), ben);
    await seen(() => expect(texts()).toEqual(['hello']));
    expect(stage.messenger.unacknowledged()).toEqual([said.event]);
    release.resolve();
    await forgotten;
    await seen(() => expect(texts(own())).toEqual(['one', 'two']));
    expect(await idOf('Ann')).not.toBe(person);
  });

  it('stops bringing their files, and leaves none behind', async () => {
    const workspace = stage.disk.addWorkspace(stage.agent.agentId, { shared: true });
    const { core } = await begin();
    say('one');
    await seen(() => expect(texts(own())).toEqual(['one']));
    const release = stage.messenger.hold('fetch');
    stage.messenger.sayWith(own(), '', [{ name: 'a.txt', content: new Uint8Array(9) }], ann);
    stage.messenger.sayWith(own(), 'read it', [{ name: 'b.txt', content: new Uint8Array(9) }], ann);
    const person = await idOf('Ann');
    await seen(() => expect(stage.messenger.unacknowledged()).toEqual([]));
    await core.forget(person);
    release();
    say('two');
    await seen(() => expect(texts(own()).at(-1)).toBe('two'));
    expect(workspace.files()).toEqual([]);
    expect(stage.agent.requests.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('waits for the copies of files that the agent was sending', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'file', path: 'report.txt' };
      await new Promise(() => undefined);
    };
    const { files, workspaces } = stage.files.open();
    const [began, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const collect: typeof workspaces.collect = async ({ person }, path) => {
      began.resolve();
      await release.promise;
      // Too far to be cut off.
      return files.keep(person, { name: path }, bytes('mine'), signal);
    };
    const parts = { files, workspaces: replacing(workspaces, { collect }) };
    const { core } = await begin({ parts });
    say('one');
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    const person = await idOf('Ann');
    await began.promise;
    const forgotten = core.forget(person);
    setTimeout(release.resolve, 100);
    await forgotten;
    await new Promise((resolve) => setTimeout(resolve, 150));
    for await (const left of files.list(person)) expect.fail(`${left.name} is left`);
  });

  it('sends nothing more of what was to be sent', async () => {
    const { core } = await begin();
    stage.messenger.fail({ call: 'send', fault: 'unreachable', times: Number.POSITIVE_INFINITY });
    say('one');
    await seen(() =>
      expect(stage.messenger.calls.some(({ outcome }) => outcome === 'unreachable')).toBe(true),
    );
    await core.forget(await idOf('Ann'));
    stage.messenger.heal();
    say('two');
    await seen(() => expect(texts(own())).toEqual(['two']));
  });

  it('that failed half-way can be repeated, and nobody of that id is no error', async () => {
    let fails = true;
    const failing = droppingBy(async (files, person) => {
      if (fails) throw new Error('the disk is gone');
      await files.dropAll(person);
    });
    const { core } = await begin(failing);
    say('one');
    await seen(() => expect(texts(own())).toEqual(['one']));
    const person = await idOf('Ann');
    await expect(core.forget(person)).rejects.toThrow('the disk is gone');
    expect(await idOf('Ann')).toBe(person);
    // Until then their chats go on.
    say('two');
    await seen(() => expect(texts(own())).toEqual(['one', 'two']));
    fails = false;
    await core.forget(person);
    await core.forget(person);
    await expect(idOf('Ann')).rejects.toThrow('not known');
  });

  it('that failed half-way leaves nothing lying: what it ended goes on', async () => {
    const failing = droppingBy(async () => {
      throw new Error('the disk is gone');
    });
    stage.agent.script = async function* ({ request }) {
      yield { kind: 'text', text: 'half' };
      // Until it is asked again.
      if (request.text === 'slow' && request.resumeAfter === undefined) await new Promise(() => undefined);
      yield { kind: 'end' };
    };
    const { core } = await begin({ ...failing, limits: { journalDelayMs: 0 } });
    stage.messenger.say(own(), 'slow', ann);
    say('waits');
    await seen(() => expect(stage.messenger.drafts(own())).toHaveLength(1));
    const release = stage.messenger.hold('fetch');
    stage.messenger.sayWith(own(), '', [{ name: 'a.txt', content: 'x' }], ann);
    await seen(() => expect(stage.messenger.unacknowledged()).toEqual([]));
    const person = await idOf('Ann');
    await expect(core.forget(person)).rejects.toThrow('the disk is gone');
    release();
    await seen(async () =>
      expect(await stage.database.open().counts()).toMatchObject({ queued: 0, running: 0 }),
    );
    await seen(() => expect(texts(own()).filter((text) => text.includes('half'))).toHaveLength(2));
    expect(stage.agent.requests.map(({ text }) => text)).toEqual(['slow', 'slow', 'waits']);
    await seen(() => expect(stage.workspace.files()).toEqual(['a.txt']));
    say('/clear');
    await seen(() => expect(texts(own()).at(-1)).toContain('begins anew'));
  });
});

describe('replaying dead letters', () => {
  it('sends them again, in their order, and counts only those that were dead', async () => {
    const { core } = await begin();
    stage.messenger.fail({ call: 'send', fault: 'refused', times: 3 });
    say('one');
    const store = stage.database.open();
    await seen(async () => expect(await store.deadLetters(10)).toHaveLength(2));
    stage.messenger.heal();
    const ids = (await store.deadLetters(10)).map(({ id }) => id);
    expect(await core.replay([...ids, 'no-such' as never])).toBe(2);
    await seen(() => expect(texts(own())[0]).toBe('one'));
    await seen(async () => expect(await store.deadLetters(10)).toEqual([]));
    expect(await core.replay(ids)).toBe(0);
  });
});
