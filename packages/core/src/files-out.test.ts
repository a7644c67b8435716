import type { OutgoingMessage } from '@surfaces/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeMessenger, type Script } from './testing/index.ts';
import { Stage } from './testing/stage.ts';

const stage = new Stage();
const { begin, room, seen, texts } = stage;
afterEach(() => stage.clear());

/** Says something and sends files. */
const sending = (text: string, ...paths: string[]): Script =>
  async function* () {
    if (text !== '') yield { kind: 'text', text };
    for (const path of paths) yield { kind: 'file', path };
    yield { kind: 'end' };
  };
const messages = (): OutgoingMessage[] => stage.messenger.shown(room()).map(({ message }) => message);
const ask = () => stage.messenger.say(room(), 'go');

/** What a person gets when they open a file. */
async function contentOf({ file }: OutgoingMessage): Promise<string> {
  if (!file) throw new Error('no file');
  const pieces: Uint8Array[] = [];
  for await (const piece of stage.files.open().files.read(file.owner, file.id)) pieces.push(piece);
  return new TextDecoder().decode(pieces[0]);
}

describe('a file of an agent', () => {
  it('follows the text of the answer, each as a message of its own', async () => {
    stage.workspace.write('out/a.txt', 'first');
    stage.workspace.write('b.png', 'second');
    stage.agent.script = sending('here they are', 'out/a.txt', '/workspace/b.png');
    await begin();
    ask();
    await seen(() => expect(messages()).toHaveLength(3));
    expect(messages()).toMatchObject([
      { markdown: 'here they are', part: 0, last: false },
      { markdown: '', part: 1, last: false, file: { name: 'a.txt', size: 5 } },
      { markdown: '', part: 2, last: true, file: { name: 'b.png', mediaType: 'image/png' } },
    ]);
    expect(new Set(messages().map(({ turnId }) => turnId)).size).toBe(1);
    expect(await contentOf(messages()[1] as OutgoingMessage)).toBe('first');
    expect(await contentOf(messages()[2] as OutgoingMessage)).toBe('second');
  });

  it('is the copy of the moment when it was named, whatever the agent does then', async () => {
    stage.workspace.write('a.txt', 'first');
    const go = Promise.withResolvers<void>();
    stage.agent.script = async function* () {
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'text', text: 'sent' };
      await go.promise;
      stage.workspace.write('a.txt', 'second');
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'end' };
    };
    await begin();
    ask();
    await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
    go.resolve();
    await seen(() => expect(messages()).toHaveLength(3));
    expect(await contentOf(messages()[1] as OutgoingMessage)).toBe('first');
    expect(await contentOf(messages()[2] as OutgoingMessage)).toBe('second');
  });

  it('alone is an answer', async () => {
    stage.workspace.write('a.txt', 'x');
    stage.agent.script = sending('', 'a.txt');
    await begin();
    ask();
    await seen(() =>
      expect(messages()).toMatchObject([{ markdown: '', last: true, file: { name: 'a.txt' } }]),
    );
  });

  it('alone leaves words in the placeholder that was there', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { preview: 'edit' } });
    stage.workspace.write('a.txt', 'x');
    const go = Promise.withResolvers<void>();
    stage.agent.script = async function* () {
      yield { kind: 'progress', phase: 'call', label: 'drawing' };
      await go.promise;
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'end' };
    };
    await begin();
    ask();
    await seen(() => expect(texts()).toHaveLength(1));
    go.resolve();
    await seen(() => expect(messages()).toHaveLength(2));
    expect(messages()).toMatchObject([
      { markdown: expect.stringContaining('1 file'), part: 0, last: false },
      { markdown: '', part: 1, last: true, file: { name: 'a.txt' } },
    ]);
  });

  it('of an answer that failed comes before the words about it', async () => {
    stage.workspace.write('a.txt', 'x');
    stage.agent.script = async function* () {
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'error', code: 'quota', message: 'no money' };
    };
    await begin();
    ask();
    await seen(() => expect(messages()).toHaveLength(2));
    expect(messages()).toMatchObject([
      { file: { name: 'a.txt' }, state: 'failed', last: true },
      { markdown: expect.stringContaining('no money'), buttons: [{}], role: 'system' },
    ]);
  });

  it.each([
    ['../secret', 'not in your directory'],
    ['/etc/passwd', 'not in your directory'],
    ['/agents/other/a.txt', 'not in your directory'],
    ['link', 'not in your directory'],
    ['nothing.txt', 'not there any more'],
    ['directory', 'not a file'],
    ['empty', 'is empty'],
    ['large', 'too large'],
    ['a`b\n# c', "`a'b # c`"],
  ])('%j that cannot be had is named in the answer', async (path, words) => {
    stage.workspace.makeDirectory('directory');
    stage.workspace.link('link', '/etc/passwd');
    stage.workspace.write('empty', '');
    stage.workspace.write('large', 'x'.repeat(1_000_001));
    stage.agent.script = sending('here', path);
    await begin();
    ask();
    await seen(() => expect(texts()).toEqual([expect.stringContaining(words)]));
    expect(texts()[0]).toMatch(/^here\n\n📎/);
  });

  it("of another person's directory is not had", async () => {
    const shared = stage.disk.addWorkspace(stage.agent.agentId, { shared: true });
    stage.agent.script = async function* ({ request }) {
      const own = request.person?.directory;
      shared.write(`${own}/a.txt`, `of ${request.text}`);
      for (const path of shared.files()) yield { kind: 'file', path };
      yield { kind: 'end' };
    };
    await begin();
    for (const externalId of ['ann', 'bob']) {
      const place = stage.messenger.room(externalId);
      stage.messenger.say(place, externalId, { externalId, name: externalId });
      await seen(() => expect(stage.messenger.shown(place).length).toBeGreaterThan(0));
    }
    const shown = stage.messenger.shown(stage.messenger.room('bob')).map(({ message }) => message);
    expect(shown).toHaveLength(2);
    expect(shown[0]?.markdown).toContain('not in your directory');
    expect(await contentOf(shown[1] as OutgoingMessage)).toBe('of bob');
  });

  it('too large for the messenger is named with its limit', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { files: { maxBytes: 2048 } } });
    stage.workspace.write('a.txt', 'x'.repeat(2049));
    stage.agent.script = sending('here', 'a.txt');
    await begin();
    ask();
    await seen(() => expect(texts()).toEqual([expect.stringContaining('at most 2 kB')]));
  });

  it('cannot be sent where the surface has no files', async () => {
    stage.messenger = new FakeMessenger({ capabilities: { files: 'none' } });
    stage.workspace.write('a.txt', 'x');
    stage.agent.script = sending('here', 'a.txt');
    await begin();
    ask();
    await seen(() => expect(texts()).toEqual([expect.stringContaining('Files cannot be sent here')]));
  });

  it('beyond the limit of one answer is counted', async () => {
    stage.workspace.write('a.txt', 'x');
    stage.agent.script = sending('many', ...Array.from({ length: 25 }, () => 'a.txt'));
    await begin({ limits: { answerFiles: 3 } });
    ask();
    await seen(() => expect(messages()).toHaveLength(4));
    expect(texts()[0]).toMatch(/22 more files.*at most 3/);
  });

  it('that the agent named before it began anew is forgotten', async () => {
    stage.workspace.write('a.txt', 'old');
    stage.agent.script = async function* () {
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'text', text: 'lost' };
      await seen(() => expect(stage.messenger.drafts(room())).toHaveLength(1));
      yield { kind: 'restarted' };
      stage.workspace.write('a.txt', 'new');
      yield { kind: 'text', text: 'anew' };
      yield { kind: 'file', path: 'a.txt' };
      yield { kind: 'end' };
    };
    await begin();
    ask();
    await seen(() => expect(messages()).toHaveLength(2));
    expect(texts()[0]).toMatch(/^anew/);
    expect(await contentOf(messages()[1] as OutgoingMessage)).toBe('new');
    const kept = [];
    for await (const file of stage.files.open().files.list(messages()[1]?.file?.owner as never))
      kept.push(file);
    expect(kept).toHaveLength(1);
  });

  it('that takes long ends with stop', async () => {
    stage.workspace.write('a.txt', 'x');
    stage.agent.script = sending('here', 'a.txt', 'a.txt');
    await begin();
    const release = stage.disk.hold('collect');
    ask();
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(texts()).toEqual([]);
    stage.messenger.say(room(), '/stop');
    await seen(() => expect(texts()).toEqual([expect.stringMatching(/^here\n\n📎.*`a\.txt`.*broke off/)]));
    release();
  });

  it('that takes long is left for the next start when the core stops', async () => {
    stage.workspace.write('a.txt', 'x');
    stage.agent.script = sending('here', 'a.txt');
    await begin({ limits: { journalDelayMs: 0 } });
    const release = stage.disk.hold('collect');
    ask();
    await seen(() => expect(stage.agent.requests).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await stage.system?.stop(0);
    release();
    await stage.restart(sending('never asked'));
    await seen(() => expect(messages()).toMatchObject([{ markdown: 'here' }, { file: { name: 'a.txt' } }]));
    expect(stage.agent.requests).toEqual([]);
  });

  it('has a name without secrets', async () => {
    stage.workspace.write('hunter2.txt', 'x');
    stage.agent.script = sending('', 'hunter2.txt', 'no-hunter2');
    await begin({ scrub: (text) => text.replaceAll('hunter2', '[hidden]') });
    ask();
    await seen(() => expect(messages()).toHaveLength(2));
    expect(JSON.stringify(messages().map(({ markdown, file }) => [markdown, file?.name]))).not.toContain(
      'hunter2',
    );
  });
});
