import { IncomingEvent } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { Metrics } from './ports/index.ts';
import { echo, FakeAgent, FakeMessenger, noMetrics, realClock } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

const asked = () => stage.agent.requests.map(({ text, attachments }) => [text, ...attachments]);
const say = (text: string, ...files: Parameters<FakeMessenger['sayWith']>[2]) =>
  stage.messenger.sayWith(room(), text, files);
const file = (name: string, content = `in ${name}`) => ({ name, content });

/** Time that a test sets ahead; what waits comes due at once. */
function hastyClock() {
  return { ...realClock, after: (ms: number, call: () => void) => realClock.after(ms > 50 ? 5 : ms, call) };
}

describe('files with a text', () => {
  it('are in the workspace when the agent is asked, which gets their paths', async () => {
    await begin();
    say('look', file('a.txt'), file('a.txt', 'another'), file('../../x\ny'));
    await seen(() => expect(texts()).toEqual(['look']));
    const [[, ...paths] = []] = asked();
    expect(paths.toSorted()).toEqual(['a (1).txt', 'a.txt', 'x_y']);
    expect(paths.map((path) => stage.workspace.text(path))).toEqual(['in a.txt', 'another', 'in ../../x\ny']);
    expect(stage.agent.requests[0]?.person?.directory).toBeUndefined();
  });

  it("go to the person's own directory where the agent serves several, who is told which", async () => {
    const shared = stage.disk.addWorkspace(stage.agent.agentId, { shared: true });
    await begin();
    for (const externalId of ['ann', 'bob']) {
      stage.messenger.sayWith(room(), externalId, [file('a.txt', externalId)], {
        externalId,
        name: externalId,
      });
    }
    await seen(() => expect(stage.agent.requests).toHaveLength(2));
    const homes = stage.agent.requests.map(({ person }) => person?.directory);
    expect(new Set(homes).size).toBe(2);
    for (const { text, attachments, person } of stage.agent.requests) {
      expect(attachments).toEqual([`${person?.directory}/a.txt`]);
      expect(shared.text(attachments[0] ?? '')).toBe(text);
    }
  });

  it('are waited for, and stop ends the wait', async () => {
    await begin();
    const release = stage.messenger.hold('fetch');
    say('look', file('a.txt'));
    await seen(() => expect(stage.messenger.isTyping(room())).toBe(true));
    stage.messenger.say(room(), '/stop');
    await seen(() => expect(texts()).toEqual(['Stopped.']));
    release();
    say('again', file('b.txt'));
    await seen(() => expect(texts()).toEqual(['Stopped.', 'again']));
    expect(asked()).toEqual([['again', 'b.txt']]);
    expect(stage.workspace.files()).toEqual(['b.txt']);
  });

  it('are fetched once, and before their turn has come', async () => {
    const done = Promise.withResolvers<void>();
    stage.agent.script = async function* (ask) {
      if (ask.request.text === 'first') await done.promise;
      yield* echo(ask);
    };
    await begin();
    stage.messenger.say(room(), 'first');
    say('second', file('a.txt'));
    await seen(() => expect(stage.workspace.files()).toEqual(['a.txt']));
    done.resolve();
    await seen(() => expect(texts()).toEqual(['first', 'second']));
    expect(asked()[1]).toEqual(['second', 'a.txt']);
    expect(stage.messenger.calls.filter(({ kind }) => kind === 'fetch')).toHaveLength(1);
  });

  it('that come too slowly do not hold up other chats', async () => {
    await begin();
    stage.messenger.hold('fetch');
    say('slow', file('a.txt'));
    stage.messenger.say(stage.messenger.room('r2'), 'quick');
    await seen(() => expect(texts(stage.messenger.room('r2'))).toEqual(['quick']));
  });

  it('are tried again while the messenger cannot give them', async () => {
    await begin({ clock: hastyClock() });
    stage.messenger.fail({ call: 'fetch', fault: 'unreachable', times: 2 });
    let cut = true;
    const content = async function* () {
      yield new Uint8Array(10);
      if (cut) {
        cut = false;
        throw new Error('the connection broke');
      }
      yield new Uint8Array(10);
    };
    say('look', { name: 'a.bin', content });
    await seen(() => expect(asked()).toEqual([['look', 'a.bin']]));
    expect(stage.workspace.text('a.bin')).toHaveLength(20);
    expect(stage.workspace.files()).toEqual(['a.bin']);
  });

  it('whose bytes stop coming are fetched anew', async () => {
    const time = { ahead: 0 };
    await begin({ clock: { ...hastyClock(), now: () => Date.now() + time.ahead } });
    let times = 0;
    const content = async function* () {
      times += 1;
      yield new Uint8Array(10);
      if (times === 1) await new Promise(() => undefined);
    };
    say('look', { name: 'a.bin', content });
    await seen(() => expect(times).toBe(1));
    time.ahead = 61_000;
    await seen(() => expect(asked()).toEqual([['look', 'a.bin']]));
    expect(stage.workspace.text('a.bin')).toHaveLength(10);
  });

  it('that cannot be had fail the turn with words, and come with a retry', async () => {
    await begin();
    stage.messenger.fail({ call: 'fetch', fault: 'refused' });
    say('look', file('a`.txt'), file('b.txt'));
    await seen(() => expect(texts()).toHaveLength(1));
    expect(texts()[0]).toMatch(/not asked[\s\S]*`a'.txt`: it is not there any more/);
    expect(stage.agent.requests).toEqual([]);
    const [shown] = stage.messenger.shown(room());
    stage.messenger.press(room(), shown?.message.buttons[0]?.action ?? '');
    await seen(() => expect(texts()).toContain('look'));
    expect(asked()).toEqual([['look', 'a`.txt', 'b.txt']]);
    expect(stage.workspace.files()).toEqual(['a`.txt', 'b.txt']);
  });

  it('are given up after a while, the disk sooner', async () => {
    await begin({ clock: hastyClock(), limits: { fetchForMs: 100 } });
    stage.messenger.fail({ call: 'fetch', fault: 'unreachable', times: Number.POSITIVE_INFINITY });
    say('look', file('a.txt'));
    await seen(() => expect(texts()).toEqual([expect.stringContaining('something went wrong on our side')]));
    stage.messenger.heal();
    stage.disk.fail({ call: 'save', code: 'disk_full', times: 4 });
    say('look', file('b.txt'));
    await seen(() => expect(texts().at(-1)).toContain('no room left'));
    expect(stage.workspace.files()).toEqual([]);
    say('look', file('b.txt'));
    await seen(() => expect(texts().at(-1)).toBe('look'));
  });

  it.each([
    ['over the limit and not announced', 'x'.repeat(1_000_001), 'too large'],
    ['of zero bytes', '', 'it is empty'],
  ])('%s fail the turn', async (_, content, words) => {
    await begin();
    say('look', { name: 'a.txt', content });
    await seen(() => expect(texts()).toEqual([expect.stringContaining(words)]));
    expect(stage.workspace.files()).toEqual([]);
  });
});

it('a file that is not wanted any more is let go where its bytes come from', async () => {
  stage.messenger = new FakeMessenger();
  const { surface } = await begin({ clock: hastyClock() });
  const signals: AbortSignal[] = [];
  const fetch = surface.files?.fetch;
  if (!fetch) throw new Error('no files');
  Object.assign(surface.files ?? {}, {
    fetch: (...given: Parameters<typeof fetch>) => {
      signals.push(given[3]);
      return fetch(...given);
    },
  });
  stage.disk.fail({ call: 'save', code: 'failed' });
  say('look', file('a.txt'));
  await seen(() => expect(asked()).toEqual([['look', 'a.txt']]));
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

describe('a message with files is refused in words', () => {
  const refused = async (words: string) => {
    const result = await say('look', { ...file('a.txt'), size: 8 }).acknowledged;
    expect(result).toMatchObject({ outcome: 'refused', reason: 'no_files' });
    await seen(() => expect(texts()).toEqual([expect.stringContaining(words)]));
    expect(stage.agent.requests).toEqual([]);
  };

  it('where the surface has no files', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { files: 'none' } });
    await begin();
    await refused('Files cannot be sent here');
  });

  it('where the agent has no workspace', async () => {
    stage.disk.workspaces.clear();
    await begin();
    await refused('does not take files');
    stage.messenger.say(room(), 'no files');
    await seen(() => expect(texts().at(-1)).toBe('no files'));
  });

  it.each([
    [1_000_001, 'at most 1 MB'],
    [0, 'is empty'],
  ])('that are announced with %d bytes', async (size, words) => {
    await begin();
    const result = await say('look', { ...file('a`b.txt'), size }).acknowledged;
    expect(result).toMatchObject({ outcome: 'refused', notice: expect.stringContaining(words) });
    await seen(() => expect(texts()).toEqual([expect.stringContaining("`a'b.txt`")]));
  });
});

describe('files without a text', () => {
  it('that are too many are refused in words that are true of each message', async () => {
    await begin({ limits: { waitingFiles: 2 } });
    const { acknowledged } = say('', file('a.txt'), file('b.txt'), file('c.txt'));
    expect(await acknowledged).toMatchObject({ outcome: 'refused', reason: 'files_full' });
    await seen(() => expect(texts()).toEqual([expect.stringMatching(/^More than 2 files.*`\/remove all`/)]));
  });

  it('that are too old are named in the note', async () => {
    await begin();
    stage.messenger.sayWith(room(), '', [file('a`.txt'), file('b.txt')], undefined, Date.now() - 3_600_000);
    await seen(() => expect(texts()).toEqual([expect.stringContaining("- `a'.txt, b.txt`")]));
  });

  it('wait for the next one, which takes them along; one line says so', async () => {
    await begin();
    for (const name of ['a.txt', 'b.txt', 'c.txt']) say('', file(name));
    await seen(() => expect(texts()).toHaveLength(1));
    expect(texts()[0]).toMatch(/3 files wait.*`a\.txt`, `b\.txt`, `c\.txt`.*\/list.*\/remove/);
    expect(stage.agent.requests).toEqual([]);
    say('and these', file('d.txt'));
    await seen(() => expect(texts()).toHaveLength(2));
    expect(asked()).toEqual([['and these', 'a.txt', 'b.txt', 'c.txt', 'd.txt']]);
    stage.messenger.say(room(), 'nothing');
    await seen(() => expect(asked()).toHaveLength(2));
    expect(asked()[1]).toEqual(['nothing']);
  });

  it('are not spoken of when the text comes right behind them', async () => {
    await begin();
    say('', file('a.txt'));
    say('these');
    await seen(() => expect(asked()).toEqual([['these', 'a.txt']]));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(texts()).toEqual(['these']);
  });

  it('that are still on their way when the text comes are waited for', async () => {
    await begin();
    const release = stage.messenger.hold('fetch');
    say('', file('a.txt'));
    stage.messenger.say(room(), 'these');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(stage.agent.requests).toEqual([]);
    release();
    await seen(() => expect(asked()).toEqual([['these', 'a.txt']]));
    expect(stage.workspace.files()).toEqual(['a.txt']);
  });

  it('that cannot be had are named at once, and hinder no later text', async () => {
    await begin();
    stage.messenger.fail({ call: 'fetch', fault: 'refused' });
    say('', file('a.txt'));
    await seen(() => expect(texts()).toEqual([expect.stringMatching(/could not take `a\.txt`.*not there/)]));
    stage.messenger.say(room(), 'go on');
    await seen(() => expect(asked()).toEqual([['go on']]));
  });

  it('that were removed leave the workspace, or never come there', async () => {
    await begin();
    say('', file('a.txt'));
    await seen(() => expect(stage.workspace.files()).toEqual(['a.txt']));
    const release = stage.messenger.hold('fetch');
    say('', file('b.txt'));
    stage.messenger.say(room(), '/list');
    await seen(() => expect(texts().at(-1)).toContain('**2 files wait'));
    stage.messenger.say(room(), '/remove all');
    await seen(() => expect(texts().at(-1)).toBe('2 files are removed.'));
    release();
    await seen(() => expect(stage.workspace.files()).toEqual([]));
    stage.messenger.say(room(), 'alone');
    await seen(() => expect(asked()).toEqual([['alone']]));
  });
});

it('files that wait in a chat which moves to another agent come to that one', async () => {
  await begin();
  say('', file('a.txt'));
  await seen(() => expect(stage.workspace.files()).toEqual(['a.txt']));
  await stage.system?.stop();
  stage.agent = new FakeAgent(echo, 'agent-1');
  const other = stage.disk.addWorkspace(stage.agent.agentId);
  other.write('a.txt', 'another one');
  await begin();
  stage.messenger.say(room(), 'look');
  await seen(() => expect(asked()).toEqual([['look', 'a (1).txt']]));
  expect(other.text('a (1).txt')).toBe('in a.txt');
});

describe('files that wait in a chat which moves while the system runs', () => {
  const moves = [
    ['another file', () => say('', file('b.txt')), ['a.txt', 'b.txt']],
    ['a command', () => stage.messenger.say(room(), '/list'), ['a.txt']],
  ] as const;

  it.each(moves)('come to the other agent, moved by %s', async (_, move, names) => {
    const other = new FakeAgent(echo, 'agent-1');
    const workspace = stage.disk.addWorkspace(other.agentId);
    workspace.write('a.txt', 'of somebody else');
    let agentId = stage.agent.agentId;
    await begin({ others: [other], assign: () => ({ choices: [agentId], byDefault: false }) });
    say('', file('a.txt'));
    await seen(() => expect(stage.workspace.files()).toEqual(['a.txt']));
    agentId = other.agentId;
    move();
    await seen(() => expect(texts().join()).toContain('answers here from now on'));
    say('look');
    await seen(() => expect(other.requests).toHaveLength(1));
    const [given] = other.requests;
    expect(given?.attachments.map((path) => workspace.text(path))).toEqual(names.map((name) => `in ${name}`));
  });

  it.each(moves)('and are on their way come to the other agent, moved by %s', async (_, move, names) => {
    const other = new FakeAgent(echo, 'agent-1');
    const workspace = stage.disk.addWorkspace(other.agentId);
    let agentId = stage.agent.agentId;
    await begin({ others: [other], assign: () => ({ choices: [agentId], byDefault: false }) });
    const release = stage.messenger.hold('fetch');
    await say('', file('a.txt')).acknowledged;
    agentId = other.agentId;
    await move().acknowledged;
    release();
    await seen(() => expect(workspace.files()).toEqual(names));
    say('look');
    await seen(() => expect(other.requests.map(({ attachments }) => attachments)).toEqual([names]));
    expect(stage.workspace.files()).toEqual([]);
  });
});

it('files and their bytes are counted, in both directions', async () => {
  const counted: unknown[] = [];
  const metrics: Metrics = {
    ...noMetrics,
    count: (name, labels, by) => {
      if (name.startsWith('surfaces_file')) counted.push([name, { ...labels }, by ?? 1]);
    },
  };
  stage.agent.script = async function* ({ request }) {
    for (const path of [...request.attachments, 'nothing']) yield { kind: 'file', path };
    yield { kind: 'end' };
  };
  await begin({ metrics });
  say('look', { name: 'a.txt', content: 'four' });
  await seen(() => expect(texts()).toHaveLength(2));
  expect(counted).toEqual([
    ['surfaces_files_total', { direction: 'in', outcome: 'saved' }, 1],
    ['surfaces_file_bytes_total', { direction: 'in' }, 4],
    ['surfaces_files_total', { direction: 'out', outcome: 'kept' }, 1],
    ['surfaces_file_bytes_total', { direction: 'out' }, 4],
    ['surfaces_files_total', { direction: 'out', outcome: 'not_found' }, 1],
  ]);
});

it('names of files and commands turn nothing that stands behind them', async () => {
  await begin();
  stage.messenger.fail({ call: 'fetch', fault: 'refused' });
  say('look', file('a\u202etxt.exe\u200b\n  b'));
  await seen(() => expect(texts()).toEqual([expect.stringContaining('`atxt.exe b`')]));
  const { surface, account } = stage.messenger;
  const event = {
    kind: 'command',
    surface,
    account,
    eventId: 'odd',
    address: room(),
    name: 'x\u202ey',
    args: '',
  };
  const author = { externalId: 'somebody', name: 'Somebody' };
  const { core, surface: adapter } = stage.system ?? (await begin());
  await core.accept(adapter, IncomingEvent.parse({ ...event, author, sentAt: Date.now() }));
  await seen(() => expect(texts().at(-1)).toContain('`/xy`'));
});

it('names of files show no secrets', async () => {
  await begin({ scrub: (text) => text.replaceAll('hunter2', '[hidden]') });
  stage.messenger.fail({ call: 'fetch', fault: 'refused' });
  say('look', file('hunter2.txt'));
  await seen(() => expect(texts()).toEqual([expect.stringContaining('`[hidden].txt`')]));
});

it('more files than may come at once all come', async () => {
  await begin();
  say('all', ...Array.from({ length: 12 }, (_, i) => file(`f${i}.txt`)));
  await seen(() => expect(asked()).toEqual([['all', ...Array.from({ length: 12 }, (_, i) => `f${i}.txt`)]]));
  expect(stage.agent.script).toBe(echo);
});
