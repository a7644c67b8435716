import { once } from 'node:events';
import { mkdir, open, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentClient, AgentEvent } from '@surfaces/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentHouse, ask, context, request } from './fixtures/running-agent.ts';

let house: AgentHouse;
let client: AgentClient;
beforeEach(async () => {
  house = await AgentHouse.open();
  client = house.connect((await house.start()).url);
});
afterEach(() => house.close());

const at = (...path: string[]) => join(house.dataDir, 'workspace', ...path);
const someone = (directory?: string, locale = 'en') => ({
  person: { id: directory ?? 'P', name: 'P', locale, ...(directory === undefined ? {} : { directory }) },
});

/** Says something, and answers what is asked back. */
async function say(text: string, more: Parameters<typeof request>[1] = {}, option = 'no') {
  const asked = request(text, { ...someone(), ...more });
  const questions: string[] = [];
  const { text: said, events } = await ask(client, asked, async (event: AgentEvent) => {
    if (event.kind !== 'confirm') return;
    questions.push(event.text);
    await client.reply(context, asked.requestId, event.id, option);
  });
  const sent = events.flatMap((event) => (event.kind === 'file' ? [event.path] : []));
  return { said, questions, sent };
}

test('files come, are talked about, reported on, sent and deleted', async () => {
  await writeFile(at('notes.txt'), 'token-8f31 stands here\nsecond line\n');
  await writeFile(at('prices.csv'), 'item,price\nbread,2.5\nmilk,1.5\n');
  await writeFile(at('tree.json'), '{"list":[{"n":1},{"n":3}]}');
  const text = await say('', { attachments: ['notes.txt'] });
  expect(text.said).toMatch(/notes\.txt[\s\S]*Lines: 2[\s\S]*Words: 5[\s\S]*`token-8f31 stands here`/);
  expect((await say('how many words?')).said).toBe('Words: 5 (`notes.txt`)');
  expect((await say('first 2 lines')).said).toBe('`token-8f31 stands here`  \n`second line`');

  const both = await say('look at these', { attachments: ['prices.csv', 'tree.json'] });
  expect(both.said).toMatch(
    /^look at these\n\n\*\*`prices\.csv`\*\*[\s\S]*\| `price` \| number \| 2 \| 1\.5 \| 2\.5 \| 2 \| 2 \|/,
  );
  expect(both.said).toMatch(
    /tree\.json[\s\S]*list: list\n {4}each item: object × 2\n {6}n: number × 2 \(1 … 3\)/,
  );
  expect((await say('mean of n')).said).toBe('Mean (`list[].n`): 2');
  expect((await say('median of price in prices.csv')).said).toBe('Median (`price`): 2');

  expect(await say('report')).toMatchObject({ questions: [], sent: ['report.md'] });
  const report = await readFile(at('report.md'), 'utf8');
  expect(report).toMatch(/# Report[\s\S]*notes\.txt[\s\S]*prices\.csv[\s\S]*tree\.json/);
  const refused = await say('Write a report, please', {}, 'no');
  expect(refused).toMatchObject({ questions: [expect.stringMatching(/overwrite/)], sent: ['report (1).md'] });
  expect(await say('report', {}, 'always')).toMatchObject({
    questions: [expect.anything()],
    sent: ['report.md'],
  });
  expect(await say('report')).toMatchObject({ questions: [], sent: ['report.md'] });

  expect((await say('files')).said).toMatch(/notes\.txt[\s\S]*prices\.csv[\s\S]*report \(1\)\.md/);
  expect(await say('send prices.csv')).toMatchObject({ sent: ['prices.csv'] });
  expect(await say('delete report (1).md', {}, 'no')).toMatchObject({
    questions: [expect.stringMatching(/delete/i)],
  });
  expect(await readdir(at())).toContain('report (1).md');
  expect((await say('delete report (1).md', {}, 'once')).said).toBe('`report (1).md` is deleted.');
  expect(await readdir(at())).not.toContain('report (1).md');
  // Plain words stay plain words.
  for (const words of ['the columns of smoke', 'total failure', 'delete button broken', 'report a bug']) {
    expect((await say(words)).said).toBe(words);
  }
});

test('in Russian and Korean', async () => {
  await writeFile(at('a.csv'), 'price\n1.5\n2\n');
  for (const [locale, facts, question, answer, report, erase] of [
    ['ru', /Записей: 2/, 'среднее по price', 'Среднее (`price`): 1,75', 'отчёт', 'удали report.md'],
    ['ko', /행: 2/, 'price의 평균은?', '평균 (`price`): 1.75', '보고서', 'report.md 삭제'],
  ] as const) {
    const person = someone(undefined, locale);
    expect((await say('', { attachments: ['a.csv'], ...person })).said).toMatch(facts);
    expect((await say(question, person)).said).toBe(answer);
    expect((await say(report, person)).sent).toEqual(['report.md']);
    expect((await say(erase, person, 'once')).questions).toHaveLength(1);
    expect(await readdir(at())).toEqual(['a.csv']);
  }
});

test('killed while it asks: it asks again, and what was agreed to is done once', async () => {
  for (const name of ['a.txt', 'report.md']) await writeFile(at(name), 'x');
  const first = await house.start();
  const caller = house.connect(first.url);
  await ask(caller, request('', { attachments: ['a.txt'] }));
  const asked = request('report');
  let questions = 0;
  const { events } = await ask(caller, asked, async (event) => {
    if (event.kind !== 'confirm') return;
    questions++;
    if (questions === 1) {
      first.child.kill('SIGKILL');
      await once(first.child, 'exit');
      await house.start(first.port);
    } else await caller.reply(context, asked.requestId, event.id, 'once');
  });
  expect(questions).toBe(2);
  expect(events.filter(({ kind }) => kind === 'file')).toMatchObject([{ path: 'report.md' }]);
  expect(await readdir(at())).toEqual(['a.txt', 'report.md']);
  expect(await readFile(at('report.md'), 'utf8')).toMatch(/# Report/);
});

test('people who share the agent reach nothing of each other', async () => {
  for (const who of ['alice', 'bob']) {
    await mkdir(at(who));
    await writeFile(at(who, 'secret.txt'), `of ${who}\n`);
  }
  await symlink('../bob/secret.txt', at('alice', 'link.txt'));
  const alice = someone('alice');
  const bobs = /of bob/;
  expect((await say('', { attachments: ['alice/secret.txt'], ...alice })).said).toMatch(/`of alice`/);
  for (const path of [
    'bob/secret.txt',
    'alice/../bob/secret.txt',
    '../workspace/bob/secret.txt',
    'alice/link.txt',
    '/etc/hostname',
  ]) {
    const { said } = await say('', { attachments: [path], ...alice });
    expect(said, path).not.toMatch(bobs);
    expect(said).toMatch(/not among your files/);
  }
  for (const errand of ['read', 'send', 'delete']) {
    for (const name of ['../bob/secret.txt', at('bob', 'secret.txt'), 'link.txt']) {
      const { said, sent, questions } = await say(`${errand} ${name}`, alice, 'once');
      expect(said).toMatch(/not among your files/);
      expect([...sent, ...questions]).toEqual([]);
    }
  }
  expect((await say('files', alice)).said).toMatch(/^Your files:\n\n- `secret\.txt`: 9 bytes$/);
  // The same context, as in a room of both: what alice sent is not what bob asks about.
  const bob = someone('bob');
  expect((await say('words', bob)).said).toBe('words');
  expect((await say('report', bob)).said).toMatch(/no file in this chat/);
  await say('', { attachments: ['bob/secret.txt'], ...bob });
  expect((await say('report', bob)).sent).toEqual(['bob/report.md']);
  expect((await say('report', alice)).sent).toEqual(['alice/report.md']);
  expect(await readFile(at('alice', 'report.md'), 'utf8')).not.toMatch(bobs);
  for (const directory of ['../x', '/', 'alice/../bob']) {
    expect((await say('files', someone(directory))).said).toMatch(/not among your files/);
  }
});

test('files larger than its memory', async () => {
  const roomy = house.connect((await house.start(0, ['--max-old-space-size=48'])).url);
  const rows = 30_000;
  const each = (row: (n: number) => string) => Array.from({ length: rows }, (_, n) => `${row(n)}\n`).join('');
  // Rows that are kept take several times the room of their text.
  for (const [name, head, body, pieces] of [
    ['big.csv', 'n,name,note\n', each((n) => `${n},name ${n},"some, words"`), 20],
    ['big.jsonl', '', each((n) => `{"n":${n},"name":"name ${n}"}`), 20],
    ['big.txt', '', each((n) => `line ${n} of a text that is ${'very '.repeat(20)}long`), 16],
  ] as const) {
    const file = await open(at(name), 'w');
    await file.write(head);
    for (let i = 0; i < pieces; i++) await file.write(body);
    await file.close();
  }
  expect((await stat(at('big.txt'))).size).toBeGreaterThan(56 * 2 ** 20);
  const asked = request('', { attachments: ['big.csv', 'big.jsonl', 'big.txt'] });
  const { text, events } = await ask(roomy, asked);
  expect(text).toMatch(/Rows: 600,000\n[\s\S]*\| `n` \| integer \| 600,000 \| 0 \| 29,999 \| 14,999\.5 \|/);
  expect(text).toMatch(/Values: 600,000\n[\s\S]*n: number × 600,000 \(0 … 29,999\)/);
  expect(text).toMatch(/big\.txt[\s\S]*Lines: 480,000\n/);
  // On the way it says that it reads.
  expect(events).toContainEqual(expect.objectContaining({ kind: 'progress', label: 'Reading big.csv' }));
}, 120_000);
