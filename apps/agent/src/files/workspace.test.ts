import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FileProblemCode, isFileProblem } from './file-problem.ts';
import { type Place, Workspace } from './workspace.ts';

let root: string;
let workspace: Workspace;
let mine: Place;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agent-workspace-'));
  workspace = await Workspace.open(join(root, 'space'));
  mine = workspace.place('me');
  await mkdir(join(root, 'space/me/sub'), { recursive: true });
  await mkdir(join(root, 'space/other'));
  await writeFile(join(root, 'space/me/a.txt'), 'mine');
  await writeFile(join(root, 'space/me/sub/b.txt'), 'mine too');
  await writeFile(join(root, 'space/other/secret.txt'), 'theirs');
  await writeFile(join(root, 'outside.txt'), 'nobody');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function fails(work: Promise<unknown>, code: FileProblemCode): Promise<void> {
  await expect(work).rejects.toSatisfy((error) => isFileProblem(error) && error.code === code);
}
async function read(place: Place, name: string): Promise<string> {
  const { handle } = await place.open(name);
  try {
    return (await handle.readFile()).toString();
  } finally {
    await handle.close();
  }
}

test('no path leads out of the directory, neither to read nor to write nor to delete', async () => {
  await symlink('../other/secret.txt', join(root, 'space/me/link.txt'));
  await symlink('../other', join(root, 'space/me/door'));
  await symlink('loop', join(root, 'space/me/loop'));
  for (const name of [
    '../other/secret.txt',
    'sub/../../other/secret.txt',
    join(root, 'space/other/secret.txt'),
    '/etc/hostname',
    '..',
    '.',
    '',
    'a.txt\0.png',
  ]) {
    await fails(mine.open(name), 'outside');
    await fails(mine.remove(name), 'outside');
    await fails(mine.write(name, 'x', { replace: true }), 'outside');
  }
  for (const name of ['link.txt', 'door/secret.txt', 'loop']) {
    await fails(mine.open(name), 'outside');
    await fails(mine.remove(name), 'outside');
  }
  expect(await readFile(join(root, 'space/other/secret.txt'), 'utf8')).toBe('theirs');
  expect(() => mine.nameOf('other/secret.txt')).toThrow();
  expect(() => mine.nameOf('mean/a.txt')).toThrow();
  expect(mine.nameOf('me/sub/b.txt')).toBe('sub/b.txt');
  expect(mine.pathOf('sub/b.txt')).toBe('me/sub/b.txt');
});

test("a directory that is no plain one of this workspace is nobody's", async () => {
  for (const directory of ['..', '../x', 'me/../other', '/me', '/', '', './me', 'a\\b', 'a\0b']) {
    expect(() => workspace.place(directory), directory).toThrow();
  }
  await symlink('other', join(root, 'space/alias'));
  const alias = workspace.place('alias');
  await fails(alias.open('secret.txt'), 'outside');
  await fails(alias.list(), 'outside');
  await fails(alias.write('x.txt', 'x', { replace: true }), 'outside');
  await symlink(root, join(root, 'space/up'));
  await fails(workspace.place('up/new').write('x.txt', 'x', { replace: true }), 'outside');
  expect((await readdir(root)).sort()).toEqual(['outside.txt', 'space']);
});

test('files are read, listed, written and deleted', async () => {
  await writeFile(join(root, 'space/me/.hidden'), '');
  await symlink('a.txt', join(root, 'space/me/same.txt'));
  expect(await read(mine, 'sub/b.txt')).toBe('mine too');
  expect(await mine.list()).toEqual([
    { name: 'a.txt', size: 4 },
    { name: 'sub/b.txt', size: 8 },
  ]);
  await fails(mine.write('a.txt', 'new', { replace: false }), 'taken');
  expect(await read(mine, 'a.txt')).toBe('mine');
  await mine.write('a.txt', 'new', { replace: true });
  expect(await read(mine, 'a.txt')).toBe('new');
  await mine.write('c.txt', 'c', { replace: false });
  // A link inside of the directory may be read, but deleting it is not deleting the file.
  expect(await read(mine, 'same.txt')).toBe('new');
  await fails(mine.remove('same.txt'), 'not_a_file');
  await fails(mine.remove('sub'), 'not_a_file');
  await fails(mine.write('sub', 'x', { replace: true }), 'not_a_file');
  await mine.remove('c.txt');
  await fails(mine.remove('c.txt'), 'missing');
  expect((await readdir(join(root, 'space/me'))).sort()).toEqual(['.hidden', 'a.txt', 'same.txt', 'sub']);
});

test('a file is replaced, never written through a link', async () => {
  await symlink('../other/secret.txt', join(root, 'space/me/report.md'));
  await link(join(root, 'space/other/secret.txt'), join(root, 'space/me/hard.md'));
  await mine.write('report.md', 'new', { replace: true });
  await mine.write('hard.md', 'new', { replace: true });
  expect(await readFile(join(root, 'space/other/secret.txt'), 'utf8')).toBe('theirs');
  expect(await read(mine, 'report.md')).toBe('new');
});

test("half a file left by a crash is in nobody's way", async () => {
  await writeFile(join(root, 'space/me/.report.md.part'), 'half');
  await mine.write('report.md', 'whole', { replace: false });
  expect(await read(mine, 'report.md')).toBe('whole');
});

test('a person without a directory has no files; it is made for the first', async () => {
  const fresh = workspace.place('new/one');
  expect(await fresh.list()).toEqual([]);
  await fails(fresh.open('a.txt'), 'missing');
  await fresh.write('a.txt', 'x', { replace: false });
  expect(await fresh.list()).toEqual([{ name: 'a.txt', size: 1 }]);
  expect((await workspace.place(undefined).list()).map(({ name }) => name)).toContain('new/one/a.txt');
});
