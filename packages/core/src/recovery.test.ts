import { afterEach, describe, expect, it, vi } from 'vitest';
import { echo, FakeMessenger, type Script } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, beginMortal, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

describe('a crash while a command is handled', () => {
  it('between a retry and its reply asks once again, and the chat goes on', async () => {
    const { died } = await beginMortal('event.before_complete');
    stage.messenger.say(room(), 'one');
    await seen(() => expect(texts()).toEqual(['one']));
    stage.messenger.say(room(), '/retry');
    await died;
    await restart();
    await seen(() => expect(texts().filter((text) => text === 'one')).toHaveLength(2));
    stage.messenger.say(room(), 'next');
    await seen(() => expect(texts()).toContain('next'));
    expect(stage.agent.requests.filter((request) => request.text === 'one').length).toBeLessThanOrEqual(1);
  });

  it('between stop and the end of the answer still stops it, and not the next one', async () => {
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'half' };
      await new Promise(() => undefined);
    };
    const { died } = await beginMortal('accept.stored', 3);
    stage.messenger.say(room(), 'one');
    stage.messenger.say(room(), 'two');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 80));
    stage.messenger.say(room(), '/stop');
    await died;
    const told: unknown[] = [];
    await restart(async function* (ask) {
      if (ask.request.text === 'two') return yield* echo(ask);
      ask.signal.addEventListener('abort', () => told.push(ask.signal.reason?.name));
      await new Promise(() => undefined);
    });
    await seen(() => expect(texts()).toEqual(['half', 'Stopped.', 'two']));
    expect(told).toEqual(['StopRequested']);
  });
});

it('a resumed turn edits its placeholder under new ids', async () => {
  stage.messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
  const begun: Script = async function* () {
    yield { kind: 'text', text: 'half' };
    await new Promise(() => undefined);
  };
  stage.agent.script = begun;
  await begin({ limits: { journalDelayMs: 0 } });
  stage.messenger.say(room(), 'x');
  await seen(() => expect(texts()).toEqual(['half']));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await restart(async function* () {
    yield { kind: 'text', text: ' and' };
    await new Promise(() => undefined);
  });
  await seen(() => expect(texts()).toEqual(['half and']));
  const edits = stage.messenger.calls
    .filter(({ kind }) => kind === 'edit')
    .map(({ operationId }) => operationId);
  expect(new Set(edits).size).toBe(edits.length);
});

it('an error that the agent said before a crash is told, not asked for again', async () => {
  stage.messenger = new FakeMessenger({ capabilities: { preview: 'none' } });
  stage.agent.script = async function* () {
    yield { kind: 'error', code: 'quota', message: 'no money' };
  };
  const store = stage.database.open();
  const held = new Proxy(store, {
    get(target, name: keyof typeof store) {
      const value = target[name];
      if (name === 'commitFinal') return () => new Promise(() => undefined);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await begin({ database: { open: () => held }, limits: { journalDelayMs: 0 } });
  stage.messenger.say(room(), 'x');
  await seen(() => expect(stage.agent.requests).toHaveLength(1));
  const turn = await vi.waitFor(async () => {
    const [unfinished] = (await store.recover([stage.messenger])).turns;
    if (!unfinished) throw new Error('not yet');
    return unfinished;
  });
  // As if the timer of the journal had been quicker than the final commit.
  const lease = await store.claimChat(turn.chat.key);
  await store.appendEvents(lease, turn.turn.id, [
    { kind: 'error', seq: 1, code: 'quota', message: 'no money' },
  ]);
  await restart();
  await seen(() => expect(texts()).toEqual([expect.stringContaining('no money')]));
  expect(stage.agent.requests).toEqual([]);
});
