import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync } from 'node:fs';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNFINISHED_PREFIX } from '@surfaces/core';
import { PersonId } from '@surfaces/protocol';
import { liveOrSkip } from '@surfaces/testkit';
import { filesSuite } from '@surfaces/testkit/files';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { agents, openDisk, type TestDisk } from './fixtures/disk.ts';
import { createFiles } from './kept-files.ts';
import { createWorkspaces } from './workspaces.ts';

/** What the file system is made to do by a test; otherwise it is the real one. */
const faults = vi.hoisted(() => ({
  link: undefined as (() => void) | undefined,
  open: undefined as ((path: string) => Promise<void>) | undefined,
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    link: async (...args: Parameters<typeof real.link>) => {
      faults.link?.();
      return real.link(...args);
    },
    open: async (...args: Parameters<typeof real.open>) => {
      await faults.open?.(String(args[0]));
      return real.open(...args);
    },
  };
});

filesSuite('a disk', () => openDisk());

const ann = PersonId.parse('person-ann');
const never = new AbortController().signal;
const at = { agentId: agents.own, person: ann };

async function* bytes(...pieces: readonly (string | Uint8Array)[]) {
  for (const piece of pieces) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
}

/** The longest that is asked for, one byte after the other. */
async function* endless(piece = new Uint8Array(64 * 1024).fill(1)) {
  for (;;) yield piece;
}

async function text(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

let disk: TestDisk;
beforeEach(async () => {
  disk = await openDisk();
});
afterEach(async () => {
  faults.link = undefined;
  faults.open = undefined;
  await disk.cleanup();
});

/** Where what is kept for a person lies. */
const homeOf = (person: PersonId) => join(disk.keptIn, createHash('sha256').update(person).digest('hex'));

describe('kept files', () => {
  it('are for the owner of the process alone', async () => {
    const { id } = await disk.files.keep(ann, { name: 'a' }, bytes('x'), never);
    const modes = await Promise.all(
      [disk.keptIn, homeOf(ann), join(homeOf(ann), id), join(homeOf(ann), `${id}.json`)].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
  });

  it('are there after a restart; what was not finished is gone', async () => {
    const { id } = await disk.files.keep(ann, { name: 'a' }, bytes('x'), never);
    const orphan = 'B'.repeat(24);
    const left = [`${UNFINISHED_PREFIX}1`, orphan];
    const old = new Date(Date.now() - 10_000);
    for (const name of left) {
      await writeFile(join(homeOf(ann), name), 'half');
      await utimes(join(homeOf(ann), name), old, old);
    }
    const next = createFiles({ directory: disk.keptIn, maxBytes: 10 });
    expect(await text(next.read(ann, id))).toBe('x');
    await next.keep(ann, { name: 'b' }, bytes('y'), never);
    const names = await readdir(homeOf(ann));
    expect(names.filter((name) => left.includes(name))).toEqual([]);
    expect(names).toHaveLength(4);
  });

  it.each([
    ['a.csv', undefined, 'text/csv'],
    ['a.unheard-of', undefined, 'application/octet-stream'],
    ['a.txt', 'image/png', 'image/png'],
    ['a.txt', 'text/html; charset=x\r\nX-Evil: 1', 'text/plain'],
    ['a.txt', '../..', 'text/plain'],
  ])('%s given as %s is %s', async (name, mediaType, expected) => {
    const kept = await disk.files.keep(ann, { name, ...(mediaType ? { mediaType } : {}) }, bytes('x'), never);
    expect(kept.mediaType).toBe(expected);
  });

  it('whose facts are damaged are no files', async () => {
    const { id } = await disk.files.keep(ann, { name: 'a' }, bytes('x'), never);
    await writeFile(join(homeOf(ann), `${id}.json`), '{"name":"../../etc"');
    expect(await disk.files.find(ann, id)).toBeUndefined();
    await expect(text(disk.files.read(ann, id))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('leave nothing when there is room for their bytes and not for what is known of them', async () => {
    await disk.files.keep(ann, { name: 'warm' }, bytes('x'), never);
    const before = await readdir(homeOf(ann));
    let opened = 0;
    faults.open = async (path) => {
      if (!path.includes(UNFINISHED_PREFIX)) return;
      opened += 1;
      if (opened === 2) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
    };
    await expect(disk.files.keep(ann, { name: 'a' }, bytes('x'), never)).rejects.toMatchObject({
      code: 'disk_full',
    });
    expect(await readdir(homeOf(ann))).toEqual(before);
  });

  it('that shrank are cut off, and not filled up', async () => {
    const { id } = await disk.files.keep(ann, { name: 'a' }, bytes('0123456789'), never);
    await truncate(join(homeOf(ann), id), 4);
    await expect(text(disk.files.read(ann, id))).rejects.toMatchObject({ code: 'cut_off' });
  });

  it('close what they opened when the reader goes away', async () => {
    const { id } = await disk.files.keep(ann, { name: 'a' }, bytes(new Uint8Array(400_000)), never);
    const open = async () => (await readdir('/proc/self/fd')).length;
    if (process.platform !== 'linux') return;
    const before = await open();
    for (let i = 0; i < 20; i += 1) for await (const piece of disk.files.read(ann, id)) if (piece) break;
    expect(await open()).toBeLessThan(before + 5);
  });
});

describe('a workspace', () => {
  const collect = (path: string, key = path) => disk.workspaces.collect(at, path, key, never);

  it('where hard links are not possible gets whole files all the same, none over another', async () => {
    faults.link = () => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    };
    const saved = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        disk.workspaces.save(at, { name: 'same.txt', key: `${i}` }, bytes(`${i}`), never),
      ),
    );
    const texts = await Promise.all(saved.map(({ path }) => readFile(join(disk.own, path), 'utf8')));
    expect(texts).toEqual(saved.map((_, i) => `${i}`));
    expect(await readdir(disk.own)).toHaveLength(10);
  });

  it('whose process died between saving and telling has one copy after the next save', async () => {
    const save = () => disk.workspaces.save(at, { name: 'a.txt', key: 'k' }, bytes('x'), never);
    const first = await save();
    // As a crash leaves it between the link and the end of the temporary name.
    linkSync(join(disk.own, first.path), join(disk.own, `${UNFINISHED_PREFIX}1`));
    expect(await save()).toEqual(first);
    expect(await readdir(disk.own)).toEqual(['a.txt']);
  });

  it('loses what crashed saves left long ago, and not what another process writes now', async () => {
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ['old', 'new']) await writeFile(join(disk.own, UNFINISHED_PREFIX + name), 'half');
    await utimes(join(disk.own, `${UNFINISHED_PREFIX}old`), old, old);
    await disk.workspaces.save(at, { name: 'a', key: 'a' }, bytes('x'), never);
    expect((await readdir(disk.own)).sort()).toEqual([`${UNFINISHED_PREFIX}new`, 'a']);
  });

  it('loses what a killed process began to save when it is saved again', async () => {
    let seen: string[] = [];
    const cut = new AbortController();
    const saving = disk.workspaces.save(at, { name: 'a', key: 'k' }, stopped(), cut.signal);
    saving.catch(() => undefined);
    async function* stopped() {
      yield new Uint8Array(10);
      seen = await readdir(disk.own);
      cut.abort(new Error('killed'));
    }
    await expect(saving).rejects.toThrow('killed');
    const [left = '', ...more] = seen;
    expect(more).toEqual([]);
    const other = `${UNFINISHED_PREFIX}${'0'.repeat(24)}-of-another`;
    for (const name of [left, other]) await writeFile(join(disk.own, name), 'half');
    const next = createWorkspaces({
      workspaceOf: () => ({ path: disk.own, shared: false }),
      everywhere: () => [],
      files: disk.files,
      maxBytes: 100,
    });
    await Promise.all(['k', 'l'].map((key) => next.save(at, { name: 'a', key }, bytes('x'), never)));
    expect((await readdir(disk.own)).sort()).toEqual([other, 'a', 'a (1)']);
  });

  it('that is not there says so', async () => {
    await rm(disk.own, { recursive: true });
    await expect(disk.workspaces.save(at, { name: 'a', key: 'a' }, bytes('x'), never)).rejects.toMatchObject({
      code: 'no_workspace',
    });
    await expect(collect('a')).rejects.toMatchObject({ code: 'no_workspace' });
  });

  it('that cannot be written to says that it failed', async (context) => {
    if (process.getuid?.() === 0) return context.skip('nothing is forbidden to root');
    await chmod(disk.own, 0o500);
    await expect(disk.workspaces.save(at, { name: 'a', key: 'a' }, bytes('x'), never)).rejects.toMatchObject({
      code: 'failed',
    });
  });

  it('may itself be reached by a link of the operator', async () => {
    const alias = join(disk.own, '..', 'alias');
    await symlink(disk.own, alias);
    const workspaces = createWorkspaces({
      workspaceOf: () => ({ path: alias, shared: false }),
      everywhere: () => [],
      files: disk.files,
      maxBytes: 10,
    });
    const { path } = await workspaces.save(at, { name: 'a', key: 'a' }, bytes('x'), never);
    for (const named of [path, join(alias, path), join(disk.own, path)]) {
      const kept = await workspaces.collect(at, named, named, never);
      expect(await text(disk.files.read(ann, kept.id))).toBe('x');
    }
  });

  it.each([
    ['/agents/1/a.txt', 'x'],
    ['/agents/0/a.txt', 'outside'],
    ['/agents/a.txt', 'outside'],
    ['/workspaces/a.txt', 'outside'],
  ])('knows %s as its own or not: %s', async (path, expected) => {
    await writeFile(join(disk.own, 'a.txt'), 'x');
    const result = await collect(path).then(
      ({ id }) => text(disk.files.read(ann, id)),
      (error) => error.code,
    );
    expect(result).toBe(expected);
  });

  it('says of a path that leads out that it does, also where the person has nothing and nothing is there', async () => {
    const shared = { agentId: agents.shared, person: ann };
    const absolute = join(disk.shared, 'somebody', 'a.txt');
    for (const path of ['../../etc/passwd', '../nothing', '/etc/passwd', 'somebody/a.txt', absolute]) {
      const taken = disk.workspaces.collect(shared, path, path, never);
      await expect(taken, path).rejects.toMatchObject({ code: 'outside' });
    }
    for (const path of ['../../../../../../etc/passwd', '../nothing', 'x/../../nothing']) {
      await expect(collect(path), path).rejects.toMatchObject({ code: 'outside' });
    }
    const own = disk.workspaces.collect(shared, `${ann}/a.txt`, 'own', never);
    await expect(own).rejects.toMatchObject({ code: 'not_found' });
  });

  it.runIf(process.platform === 'linux')('gives no pipe, device or socket, and hangs at none', async () => {
    execFileSync('mkfifo', [join(disk.own, 'pipe')]);
    await symlink('/dev/zero', join(disk.own, 'device'));
    const server = createServer().listen(join(disk.own, 'socket'));
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      for (const [path, code] of [
        ['pipe', 'not_a_file'],
        ['device', 'outside'],
        ['socket', 'not_a_file'],
      ] as const) {
        await expect(collect(path)).rejects.toMatchObject({ code });
      }
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('does not tell by a link what there is outside', async () => {
    const outside = join(disk.own, '..', 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'there.txt'), 'secret');
    for (const name of ['there.txt', 'absent.txt']) {
      await symlink(join(outside, name), join(disk.own, name));
      await symlink(name, join(disk.own, `again-${name}`));
    }
    await symlink('../outside', join(disk.own, 'way'));
    for (const path of ['there.txt', 'absent.txt', 'again-absent.txt', 'way/absent.txt', 'way/there.txt/x']) {
      await expect(collect(path), path).rejects.toMatchObject({ code: 'outside' });
    }
    await symlink('nothing.txt', join(disk.own, 'inside.txt'));
    await symlink('.', join(disk.own, 'here'));
    for (const path of ['inside.txt', 'here/nothing.txt', 'x/y/../z.txt', 'here/here/inside.txt']) {
      await expect(collect(path), path).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  it('whose agent swaps a directory for a link between the look and the opening gives nothing', async () => {
    const outside = join(disk.own, '..', 'outside');
    for (const directory of [outside, join(disk.own, 'd')]) {
      await mkdir(directory);
      await writeFile(join(directory, 'a.txt'), directory === outside ? 'secret' : 'mine');
    }
    let swapped = false;
    faults.open = async (path) => {
      if (swapped || !path.endsWith('/d/a.txt')) return;
      swapped = true;
      await rename(join(disk.own, 'd'), join(disk.own, 'was'));
      await symlink(outside, join(disk.own, 'd'));
    };
    await expect(collect('d/a.txt')).rejects.toMatchObject({ code: 'outside' });
    expect(swapped).toBe(true);
  });

  it('whose agent swaps the file itself for a link gives nothing', async () => {
    await writeFile(join(disk.own, 'a.txt'), 'mine');
    await writeFile(join(disk.own, '..', 'secret.txt'), 'secret');
    let swapped = false;
    faults.open = async (path) => {
      if (swapped || !path.endsWith('/a.txt')) return;
      swapped = true;
      await rm(join(disk.own, 'a.txt'));
      await symlink('../secret.txt', join(disk.own, 'a.txt'));
    };
    await expect(collect('a.txt')).rejects.toMatchObject({ code: 'outside' });
    expect(swapped).toBe(true);
  });

  it("whose agent swaps a person's directory while a file comes in keeps the file where it began", async () => {
    const shared = { agentId: agents.shared, person: ann };
    const home = join(disk.shared, ann);
    const elsewhere = join(disk.shared, '..', 'elsewhere');
    await mkdir(elsewhere);
    let swapped = false;
    faults.open = async (path) => {
      if (swapped || !path.includes(UNFINISHED_PREFIX) || path.startsWith(disk.keptIn)) return;
      swapped = true;
      await rename(home, `${home}-was`);
      await symlink(elsewhere, home);
    };
    await disk.workspaces.save(shared, { name: 'a.txt', key: 'k' }, bytes('x'), never);
    expect(swapped).toBe(true);
    expect(await readdir(`${home}-was`)).toEqual(['a.txt']);
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it('gives a file that grows as long as it was, and one that shrinks not at all', async () => {
    const path = join(disk.own, 'a.txt');
    const held = async (then: () => Promise<void>) => {
      await writeFile(path, 'x'.repeat(300_000));
      let done = false;
      faults.open = async (opened) => {
        // When the copy is made the source is open.
        if (done || !opened.includes(UNFINISHED_PREFIX) || !opened.startsWith(disk.keptIn)) return;
        done = true;
        await then();
      };
    };
    await disk.files.keep(ann, { name: 'warm' }, bytes('x'), never);
    await held(() => appendFile(path, 'y'.repeat(1000)));
    const kept = await collect('a.txt', 'grows');
    expect(kept.size).toBe(300_000);
    await held(() => truncate(path, 100));
    await expect(collect('a.txt', 'shrinks')).rejects.toMatchObject({ code: 'cut_off' });
    await held(() => rm(path));
    expect((await collect('a.txt', 'vanishes')).size).toBe(300_000);
    await expect(collect('a.txt', 'gone')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('on a full disk', () => {
  it('what does not fit is refused and leaves nothing, and later ones fit again', async (context) => {
    liveOrSkip(context, 'tmpfs');
    const mounted = await mkdtemp(join(tmpdir(), 'surfaces-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'surfaces', mounted]);
    try {
      const full = await openDisk(mounted, 100_000_000);
      await full.files.keep(ann, { name: 'warm' }, bytes('x'), never);
      const before = await readdir(full.keptIn, { recursive: true });
      await expect(full.files.keep(ann, { name: 'a' }, endless(), never)).rejects.toMatchObject({
        code: 'disk_full',
      });
      expect(await readdir(full.keptIn, { recursive: true })).toEqual(before);
      await expect(full.workspaces.save(at, { name: 'a', key: 'k' }, endless(), never)).rejects.toMatchObject(
        { code: 'disk_full' },
      );
      expect(await readdir(full.own)).toEqual([]);
      await writeFile(join(full.own, 'large'), 'x'.repeat(600_000));
      await expect(full.workspaces.collect(at, 'large', 'k', never)).rejects.toMatchObject({
        code: 'disk_full',
      });
      await rm(join(full.own, 'large'));
      expect(await full.workspaces.save(at, { name: 'a', key: 'k' }, bytes('x'), never)).toMatchObject({
        path: 'a',
      });
    } finally {
      execFileSync('umount', [mounted]);
      await rm(mounted, { recursive: true });
    }
  });
});
