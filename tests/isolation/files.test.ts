/** Two people and one shared agent: no file of the one is had, named, changed or guessed by the other. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { personOf, query } from './database.ts';
import { ask, type BotMessage, type Page } from './page.ts';
import { World } from './world.ts';

/** In every name and content of ben's files. */
const BENS = 'bens-marmalade';

let world: World;
let anna: Page;
let ben: Page;
/** The directories of the two in the workspace of the shared agent. */
let annas: string;
let bens: string;
/** What ben uploaded and used, what he uploaded only, and what the agent gave him. */
let fileIds: readonly string[];

beforeAll(async () => {
  world = await World.open();
  [anna, ben] = await Promise.all([world.page('anna'), world.page('ben')]);
  await anna.say('here', { files: [await anna.upload('annas.csv', 'a,b\n1,2\n')] });
  const used = await ben.upload(`${BENS}.csv`, `x,y\n${BENS},2\n`);
  await ben.say('here', { files: [used] });
  const report = (await ben.say('report')).find(({ file }) => file !== undefined)?.file;
  const unused = await ben.upload(`${BENS}-unused.png`, BENS);
  fileIds = [used, unused, report?.id ?? ''];
  annas = join(world.workspace('shared'), personOf(world, 'anna'));
  bens = join(world.workspace('shared'), personOf(world, 'ben'));
}, 60_000);
afterAll(() => world?.close());

function text(messages: readonly BotMessage[]): string {
  return messages.map(({ markdown }) => markdown).join('\n');
}

/** Every file below a directory with its content. */
function filesBelow(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'utf8'),
    ]),
  );
}

test('each has a directory of their own, and only their own files in it', () => {
  expect(world.directories('shared').toSorted()).toEqual(
    [personOf(world, 'anna'), personOf(world, 'ben')].toSorted(),
  );
  expect(readdirSync(annas)).toEqual(['annas.csv']);
  expect(readdirSync(bens).toSorted()).toEqual([`${BENS}.csv`, 'report.md']);
});

test('a file of the other is answered like one that does not exist, by every method', async () => {
  const unknown = await anna.http('/files/AAAAAAAAAAAAAAAAAAAAAAAA');
  expect(unknown.status).toBe(404);
  const plain = ({ date: _, ...headers }: typeof unknown.headers) => headers;
  for (const id of fileIds) {
    for (const [method, headers] of [
      ['GET', {}],
      ['HEAD', {}],
      ['GET', { Range: 'bytes=0-4' }],
      ['GET', { Range: 'bytes=999999-' }],
      ['GET', { 'If-None-Match': `"${id}"` }],
      ['GET', { 'If-Range': `"${id}"`, Range: 'bytes=0-0' }],
      ['DELETE', {}],
    ] as const) {
      for (const query of ['', '?inline', `?owner=${personOf(world, 'ben')}`]) {
        const answer = await anna.http(`/files/${id}${query}`, { method, headers });
        expect(answer.status, `${method} ${query}`).toBe(404);
        expect(answer.text).toBe(method === 'HEAD' ? '' : unknown.text);
        if (method !== 'HEAD') expect(plain(answer.headers)).toEqual(plain(unknown.headers));
      }
    }
    expect((await ben.http(`/files/${id}`)).text).toContain(BENS);
  }
});

test('no trick in a path of a file leads anywhere', async () => {
  const id = fileIds[0] ?? '';
  const owner = readdirSync(join(world.app.dir, 'files')).find((name) =>
    existsSync(join(world.app.dir, 'files', name, id)),
  );
  if (owner === undefined) throw new Error('the file is not where it is looked for');
  const paths = [
    `../${owner}/${id}`,
    `..%2f${owner}%2f${id}`,
    `%2e%2e/${owner}/${id}`,
    `%2e%2e%2f${owner}%2f${id}`,
    `..%252f${owner}%252f${id}`,
    `..%c0%af${owner}%c0%af${id}`,
    `..\\${owner}\\${id}`,
    `..%5c${owner}%5c${id}`,
    `${owner}/${id}`,
    `./${id}`,
    `${id}/`,
    `${id}.json`,
    `${id}%00`,
    `${id}%00.png`,
    `%00${id}`,
    encodeURIComponent(join(world.app.dir, 'files', owner, id)),
    join(world.app.dir, 'surfaces.db'),
    '..%2f..%2fsurfaces.db',
    '../../surfaces.db',
    '....//....//surfaces.db',
    id.toLowerCase() === id ? id.toUpperCase() : id.toLowerCase(),
    id.slice(0, -1),
    `${id}A`,
    '*',
    '%',
    '.',
    '..',
    '',
    'A'.repeat(8000),
  ];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const answer = await anna.http(`/files/${path}`, { method });
      expect([400, 404, 405], `${method} ${path.slice(0, 100)}`).toContain(answer.status);
      expect(answer.text).not.toContain(BENS);
      expect(answer.text).not.toContain('SQLite format');
    }
  }
  expect((await ben.http(`/files/${id}`)).text).toContain(BENS);
});

test('a message takes no file of the other along, not even beside an own one', async () => {
  const own = await anna.upload('annas-own.txt', 'annas own words');
  for (const id of fileIds) {
    for (const files of [[id], [own, id], [id, own]]) {
      expect(await anna.send('look', { files })).toMatchObject({ type: 'refused', reason: 'no_file' });
    }
  }
  expect(text(await anna.say('look', { files: [own] }))).toContain('annas-own.txt');
  expect(query(world, 'SELECT name FROM attachments WHERE person = ?', personOf(world, 'anna'))).toEqual([
    { name: 'annas.csv' },
    { name: 'annas-own.txt' },
  ]);
  // His upload that no message has is still his to use.
  expect(text(await ben.say('mine', { files: [fileIds[1] ?? ''] }))).toContain(`${BENS}-unused.png`);
});

test('no name of an upload leads out of the own directory', async () => {
  const before = { ...filesBelow(bens), ...filesBelow(world.workspace('of-ben')) };
  const his = personOf(world, 'ben');
  const names = [
    `../${his}/planted.txt`,
    `..\\${his}\\planted.txt`,
    `${his}/planted.txt`,
    `/workspace/${his}/planted.txt`,
    join(bens, 'planted.txt'),
    `..%2f${his}%2fplanted.txt`,
    `./../${his}/./planted.txt`,
    `..\u2215${his}\u2215planted.txt`,
    '..',
    '../..',
    `../${his}`,
    '.planted',
    '../../../../../../../../tmp/planted.txt',
    'planted\0.txt',
    '../../agents.yaml',
  ];
  for (const [index, name] of names.entries()) {
    const id = await anna.upload(name, `annas plant ${index}`);
    const said = text(await anna.say('plant', { files: [id] }));
    expect(said, name).toContain('plant');
  }
  const now = filesBelow(world.workspace('shared'));
  const planted = Object.entries(now).filter(([, content]) => content.startsWith('annas plant'));
  expect(planted).toHaveLength(names.length);
  for (const [path] of planted) expect(path.startsWith(`${annas}/`), path).toBe(true);
  expect({ ...filesBelow(bens), ...filesBelow(world.workspace('of-ben')) }).toEqual(before);
});

test('the shared agent opens, sends, reads and deletes nothing outside of the directory of who asks', async () => {
  mkdirSync(annas, { recursive: true });
  const secret = join(bens, 'secret.txt');
  writeFileSync(secret, `${BENS} and nothing else`);
  // What a person cannot make, but an agent's tools might have.
  symlinkSync(secret, join(annas, 'link.txt'));
  symlinkSync(bens, join(annas, 'way'));
  symlinkSync(`../${personOf(world, 'ben')}/secret.txt`, join(annas, 'relative.txt'));
  const his = personOf(world, 'ben');
  const paths = [
    `../${his}/secret.txt`,
    `./../${his}/secret.txt`,
    `x/../../${his}/secret.txt`,
    `${his}/secret.txt`,
    `/workspace/${his}/secret.txt`,
    `/workspace/${personOf(world, 'anna')}/../${his}/secret.txt`,
    `/agents/shared/${his}/secret.txt`,
    `/agents/0/${his}/secret.txt`,
    secret,
    'link.txt',
    'relative.txt',
    'way/secret.txt',
    `../${his}/report.md`,
    `..\\${his}\\secret.txt`,
    '../../of-ben/x.txt',
    '/etc/passwd',
    '../../../agents.yaml',
  ];
  const before = filesBelow(bens);
  for (const path of paths) {
    for (const verb of ['send', 'read']) {
      const said = await anna.say(`${verb} ${path}`);
      expect(
        said.flatMap(({ file }) => file ?? []),
        `${verb} ${path}`,
      ).toEqual([]);
      expect(text(said)).not.toMatch(/root:|nothing else/);
    }
  }
  for (const path of [`../${his}/secret.txt`, 'link.txt', 'way/secret.txt', secret]) {
    const said = await anna.say(`delete ${path}`);
    expect(
      said.flatMap(({ buttons }) => buttons.filter(({ action }) => action.startsWith('confirm:'))),
    ).toEqual([]);
    await anna.say(`how many words in ${path}`);
    await anna.say(`first 3 lines of ${path}`);
  }
  expect(filesBelow(bens)).toEqual(before);
  // The words say the same whether there is such a file or not.
  const there = text(await anna.say(`send ../${his}/secret.txt`));
  expect(text(await anna.say(`send ../${his}/absent.txt`)).replace('absent', 'secret')).toBe(there);
  expect(await anna.heard()).not.toContain(BENS);
  expect(text(await ben.say('send secret.txt'))).toContain('secret.txt');
});

test('the list and the report of the one have nothing of the other', async () => {
  const listed = text(await anna.say('files'));
  expect(listed).toContain('annas.csv');
  expect(listed).not.toContain(BENS);
  const report = (await anna.say('report')).find(({ file }) => file !== undefined)?.file;
  const content = (await anna.http(`/files/${report?.id}`)).text;
  expect(content).toContain('annas.csv');
  expect(content).not.toContain(BENS);
  expect(text(await ben.say('files'))).not.toContain('annas');
  expect(await anna.heard()).not.toContain(BENS);
  expect(await ben.heard()).not.toContain('annas');
});

test('whoever has no key has no file, and can bring none', async () => {
  const outside = { 'X-Forwarded-For': '192.0.2.7' };
  for (const id of fileIds) {
    for (const [method, path] of [
      ['GET', `/files/${id}`],
      ['HEAD', `/files/${id}`],
      ['DELETE', `/files/${id}`],
      ['POST', '/upload?name=a'],
    ] as const) {
      const answer = await ask(world.url, path, { method, headers: outside });
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain(BENS);
      // Somebody at the machine itself is known, but is not on the registry's list and has no files.
      const local = await ask(world.url, path, { method });
      expect([403, 404], `${method} ${path}`).toContain(local.status);
      expect(local.text).not.toContain(BENS);
    }
  }
});
