import type { PersonId } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { noFiles, noWorkspaces } from './testing/no-files.ts';
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

/** Files and workspaces that note what is forgotten. */
function forgetful() {
  const done: string[] = [];
  return {
    done,
    files: { ...noFiles, dropAll: async (person: PersonId) => void done.push(`files ${person}`) },
    workspaces: {
      ...noWorkspaces,
      forget: async ({ agentId, person }: { agentId: string; person: PersonId }) =>
        void done.push(`${agentId} ${person}`),
    },
  };
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
    const { done, ...kept } = forgetful();
    const { core } = await begin(kept);
    say('hello', room(), ben);
    await seen(() => expect(texts()).toEqual(['hello']));
    say('one');
    await seen(() => expect(texts(own())).toEqual(['one']));
    say('/save a');
    await seen(() => expect(texts(own())).toHaveLength(2));
    say('slow');
    say('waiting');
    await seen(() => expect(stage.messenger.drafts(own())).toHaveLength(1));
    const person = await idOf('Ann');
    const context = stage.agent.requests.find(({ text }) => text === 'one')?.platformChatId;
    const copy = stage.agent.forks[0]?.to;

    await core.forget(person);
    await cancelled.promise;
    expect(done).toEqual([`files ${person}`, `agent-0 ${person}`]);
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
    const dropAll = () => {
      began.resolve();
      return release.promise;
    };
    const files = { ...noFiles, dropAll };
    const { core } = await begin({ files });
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
    const files = {
      ...noFiles,
      dropAll: async () => {
        if (fails) throw new Error('the disk is gone');
      },
    };
    const { core } = await begin({ files });
    say('one');
    await seen(() => expect(texts(own())).toEqual(['one']));
    const person = await idOf('Ann');
    await expect(core.forget(person)).rejects.toThrow('the disk is gone');
    expect(await idOf('Ann')).toBe(person);
    fails = false;
    await core.forget(person);
    await core.forget(person);
    await expect(idOf('Ann')).rejects.toThrow('not known');
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
