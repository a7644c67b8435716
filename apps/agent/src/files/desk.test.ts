/** Errands that are cut off and run again, and callers with few features. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformChatId } from '@surfaces/protocol';
import type { AgentTurn } from '@surfaces/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History } from '../history.ts';
import { phrasesFor } from '../phrases.ts';
import { Desk } from './desk.ts';
import { Workspace } from './workspace.ts';

const context = PlatformChatId.parse('7');
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agent-desk-'));
  await mkdir(join(root, 'space/me'), { recursive: true });
  await mkdir(join(root, 'history'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const put = (name: string, content: string) => writeFile(join(root, 'space/me', name), content);
const mine = async () => (await readdir(join(root, 'space/me'))).sort();

interface Played {
  readonly said: string;
  readonly asked: number;
  readonly sent: readonly string[];
  readonly died: boolean;
}

/** Works on a message as a process of its own would: nothing but the disk is left of an earlier one. */
async function play(
  requestId: string,
  text: string,
  {
    answers = [],
    attachments = [],
    diesAt,
    canAsk = true,
  }: {
    readonly answers?: readonly string[];
    readonly attachments?: readonly string[];
    /** What the process is killed in. */
    readonly diesAt?: 'write' | 'sendFile' | 'confirm';
    readonly canAsk?: boolean;
  } = {},
): Promise<Played> {
  const history = new History(join(root, 'history'));
  const desk = new Desk(await Workspace.open(join(root, 'space')), history);
  const said: string[] = [];
  const sent: string[] = [];
  let asked = 0;
  const die = (where: typeof diesAt) => {
    if (where === diesAt) throw new Error('killed');
  };
  const turn: AgentTurn = {
    platformChatId: context,
    requestId,
    text,
    attachments,
    person: { id: 'P1', name: 'P', locale: 'en', directory: 'me' },
    features: new Set(canAsk ? ['confirm'] : []),
    signal: new AbortController().signal,
    async write(more) {
      die('write');
      said.push(more);
    },
    async sendFile(path) {
      die('sendFile');
      sent.push(path);
    },
    async confirm() {
      die('confirm');
      return answers[asked++] ?? 'no';
    },
    async toolCall() {},
    async toolResult() {},
    async update() {},
    usage() {},
  };
  await history.enter(context, {
    requestId,
    text,
    ...(attachments.length > 0 ? { files: attachments } : {}),
  });
  const say = phrasesFor('en');
  const work = async () => {
    if (!(await desk.answer(turn, say))) await desk.describeAttachments(turn, say, false);
  };
  const died = await work().then(
    () => false,
    (error: Error) => {
      if (error.message !== 'killed') throw error;
      return true;
    },
  );
  return { said: said.join(''), asked, sent, died };
}

test('a report that was cut off is not written twice, and not asked for twice', async () => {
  await put('a.txt', 'token in the first line\n');
  await play('r1', '', { attachments: ['me/a.txt'] });
  expect((await play('r2', 'report', { diesAt: 'sendFile' })).died).toBe(true);
  const again = await play('r2', 'report');
  expect(again).toMatchObject({ asked: 0, sent: ['me/report.md'], died: false });
  expect(await mine()).toEqual(['a.txt', 'report.md']);
  // The next request finds a report that is not its own.
  for (const [id, answer, name] of [
    ['r3', 'once', 'report.md'],
    ['r4', 'no', 'report (1).md'],
    ['r5', 'no', 'report (2).md'],
  ] as const) {
    expect(await play(id, 'report', { answers: [answer], diesAt: 'sendFile' })).toMatchObject({
      asked: 1,
      died: true,
    });
    expect(await play(id, 'report', { answers: ['no'] })).toMatchObject({ asked: 0, sent: [`me/${name}`] });
  }
  expect(await mine()).toEqual(['a.txt', 'report (1).md', 'report (2).md', 'report.md']);
});

test('a report of somebody else that came between plan and writing is not overwritten', async () => {
  await put('a.txt', 'x');
  await play('r1', '', { attachments: ['me/a.txt'] });
  const history = new History(join(root, 'history'));
  await history.note(context, 'r2', { writes: 'report.md', replace: false });
  await put('report.md', 'precious');
  expect(await play('r2', 'report')).toMatchObject({ asked: 0, sent: ['me/report (1).md'] });
  expect(await readFile(join(root, 'space/me/report.md'), 'utf8')).toBe('precious');
});

test('a deletion that was cut off is not asked for again, and what is gone is gone', async () => {
  await put('a.txt', 'x');
  expect(await play('r1', 'delete a.txt', { diesAt: 'confirm' })).toMatchObject({ died: true });
  expect(await mine()).toEqual(['a.txt']);
  expect(await play('r1', 'delete a.txt', { answers: ['once'], diesAt: 'write' })).toMatchObject({
    died: true,
  });
  expect(await mine()).toEqual([]);
  expect(await play('r1', 'delete a.txt')).toMatchObject({ asked: 0, said: '`a.txt` is deleted.' });
  // Another request for it is told the truth.
  expect(await play('r2', 'delete a.txt')).toMatchObject({
    asked: 0,
    said: expect.stringMatching(/no file `a\.txt`/),
  });
});

test('always is for this person and this kind of question, also after a crash', async () => {
  for (const name of ['a.txt', 'b.txt', 'report.md']) await put(name, 'x');
  await play('r1', '', { attachments: ['me/a.txt'] });
  expect((await play('r2', 'delete a.txt', { answers: ['always'] })).said).toMatch(
    /not ask about that again/,
  );
  expect(await play('r3', 'delete b.txt', { diesAt: 'write' })).toMatchObject({ asked: 0, died: true });
  expect(await play('r3', 'delete b.txt')).toMatchObject({ asked: 0, said: '`b.txt` is deleted.' });
  await put('c.txt', 'x');
  await play('r4', '', { attachments: ['me/c.txt'] });
  expect(await play('r5', 'report', { answers: ['no'] })).toMatchObject({ asked: 1 });
});

test('a caller that cannot ask: nothing is deleted or overwritten', async () => {
  for (const name of ['a.txt', 'report.md']) await put(name, 'x');
  await play('r1', '', { attachments: ['me/a.txt'] });
  expect((await play('r2', 'delete a.txt', { canAsk: false })).said).toMatch(/I cannot/);
  expect(await play('r3', 'report', { canAsk: false })).toMatchObject({ sent: ['me/report (1).md'] });
  expect(await mine()).toEqual(['a.txt', 'report (1).md', 'report.md']);
});

test('questions are about the file spoken of last, as long as it is there', async () => {
  await put('a.csv', 'price\n1\n3\n');
  await put('b.txt', 'one two\n');
  await play('r1', '', { attachments: ['me/a.csv'] });
  expect((await play('r2', 'mean of price')).said).toBe('Mean (`price`): 2');
  expect((await play('r3', 'mean of prise')).said).toMatch(/no column `prise`.*`price`/);
  await play('r4', 'read b.txt');
  expect((await play('r5', 'how many words?')).said).toBe('Words: 2 (`b.txt`)');
  expect((await play('r6', 'how many rows in a.csv')).said).toBe('Rows: 2 (`a.csv`)');
  expect((await play('r7', 'delete it', { answers: ['once'] })).said).toBe('`b.txt` is deleted.');
  expect((await play('r8', 'columns')).said).toMatch(/Columns: 1 \(`a\.csv`\)/);
  await rm(join(root, 'space/me/a.csv'));
  expect((await play('r9', 'columns')).said).toMatch(/no file `a\.csv`/);
});
