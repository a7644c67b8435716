import { afterEach, describe, expect, it } from 'vitest';
import type { Script } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, beginMortal, restart, room, seen, texts } = stage;
afterEach(() => stage.clear());

const asked = () => stage.agent.requests.map(({ text, attachments }) => [text, ...attachments]);
const say = (text: string, name = 'a.txt') =>
  stage.messenger.sayWith(room(), text, [{ name, content: `in ${name}` }]);

describe('a crash while a file comes in', () => {
  it.each(['accept.stored', 'file.saved', 'file.settled', 'turn.before_start', 'turn.started'])(
    'at %s leaves one copy, and the agent gets it',
    async (point) => {
      const { died } = await beginMortal(point);
      say('look');
      await died;
      await restart();
      await seen(() => expect(texts()).toEqual(['look']));
      expect(asked()).toEqual([['look', 'a.txt']]);
      expect(stage.workspace.files()).toEqual(['a.txt']);
    },
  );

  it.each(['accept.stored', 'file.saved', 'file.settled'])(
    'that waits, at %s, leaves one copy for the next text',
    async (point) => {
      const { died } = await beginMortal(point);
      say('');
      await died;
      await restart();
      await seen(() => expect(stage.workspace.files()).toEqual(['a.txt']));
      stage.messenger.say(room(), 'look');
      await seen(() => expect(asked()).toEqual([['look', 'a.txt']]));
      expect(stage.workspace.files()).toEqual(['a.txt']);
    },
  );

  it('and a disk that was full: it comes after the restart', async () => {
    await begin();
    stage.disk.fail({ call: 'save', code: 'failed', times: 1 });
    say('look');
    await seen(() => expect(stage.messenger.calls.filter(({ kind }) => kind === 'fetch')).toHaveLength(1));
    await restart();
    await seen(() => expect(asked()).toEqual([['look', 'a.txt']]));
  });
});

it('a stop of the core leaves what did not come for the next start', async () => {
  await begin();
  const release = stage.messenger.hold('fetch');
  say('look');
  say('', 'b.txt');
  await seen(async () => {
    const { turns, files } = await stage.database.open().recover([stage.messenger]);
    expect([turns.length, files.length]).toEqual([1, 1]);
  });
  await stage.system?.stop(0);
  release();
  await restart();
  await seen(() => expect(asked()).toEqual([['look', 'a.txt']]));
  await seen(() => expect(stage.workspace.files()).toEqual(['a.txt', 'b.txt']));
});

describe('a crash while files go out', () => {
  const script: Script = async function* ({ request }) {
    const { resumeAfter = 0 } = request;
    if (resumeAfter < 1) yield { kind: 'text', text: 'here' };
    if (resumeAfter < 2) yield { kind: 'file', path: 'a.txt' };
    // Long enough to be journalled.
    await new Promise((resolve) => setTimeout(resolve, 20));
    yield { kind: 'end' };
  };
  const files = () =>
    stage.messenger.shown(room()).flatMap(({ message }) => (message.file ? [message.file] : []));
  const keptBy = async () => {
    const [file] = files();
    const kept: string[] = [];
    if (file) for await (const { id } of stage.files.open().files.list(file.owner)) kept.push(id);
    return kept;
  };

  it.each(['file.collected', 'journal.appended', 'final.before', 'final.committed', 'send.done'])(
    'at %s shows the file once, and keeps one copy',
    async (point) => {
      stage.workspace.write('a.txt', 'x');
      stage.agent.script = script;
      const { died } = await beginMortal(point, 1, { limits: { journalDelayMs: 0 } });
      stage.messenger.say(room(), 'go');
      await died;
      await restart(script);
      await seen(() => expect(files()).toHaveLength(1));
      stage.agent.script = async function* () {
        yield { kind: 'text', text: 'end' };
        yield { kind: 'end' };
      };
      stage.messenger.say(room(), 'next');
      await seen(() => expect(texts().at(-1)).toBe('end'));
      expect(texts()).toEqual(['here', '', 'end']);
      expect(await keptBy()).toHaveLength(1);
    },
  );

  it('and of the agent shows what that one names when it begins anew', async () => {
    stage.workspace.write('a.txt', 'first');
    stage.agent.script = async function* () {
      yield { kind: 'text', text: 'here' };
      yield { kind: 'file', path: 'a.txt' };
      await new Promise(() => undefined);
    };
    const { died } = await beginMortal('file.collected', 1, { limits: { journalDelayMs: 60_000 } });
    stage.messenger.say(room(), 'go');
    await died;
    stage.workspace.write('a.txt', 'second, longer');
    await restart(async function* () {
      yield { kind: 'restarted' };
      yield { kind: 'text', text: 'there' };
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'end' };
    });
    await seen(() => expect(files()).toMatchObject([{ size: 14 }]));
    expect(await keptBy()).toHaveLength(1);
  });

  it('after it was journalled shows the copy of that time', async () => {
    stage.workspace.write('a.txt', 'first');
    stage.agent.script = async function* () {
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'text', text: 'half' };
      await new Promise(() => undefined);
    };
    await begin({ limits: { journalDelayMs: 0 } });
    stage.messenger.say(room(), 'go');
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    stage.system?.kill();
    stage.workspace.write('a.txt', 'second, longer');
    await restart(async function* ({ request }) {
      expect(request.resumeAfter).toBe(2);
      yield { kind: 'text', text: ' and half' };
      yield { kind: 'end' };
    });
    await seen(() => expect(texts()).toEqual(['half and half', '']));
    expect(files()).toMatchObject([{ size: 5 }]);
  });
});
