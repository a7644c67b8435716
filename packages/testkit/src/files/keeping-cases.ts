import assert from 'node:assert/strict';
import { FileId } from '@surfaces/protocol';
import { ann, bob, broken, bytesOf, type FilesCase, fails, hanging, many, never, textOf } from './harness.ts';

async function listed(content: AsyncIterable<{ readonly name: string }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of content) names.push(name);
  return names.sort();
}

export const keepingCases: readonly FilesCase[] = [
  {
    name: 'what is kept is found and read, byte by byte',
    async run({ files }) {
      const kept = await files.keep(
        ann,
        { name: 'a.txt', mediaType: 'text/plain' },
        bytesOf('on', 'e'),
        never,
      );
      assert.deepEqual({ ...kept, id: '' }, { id: '', name: 'a.txt', mediaType: 'text/plain', size: 3 });
      assert.deepEqual(await files.find(ann, kept.id), kept);
      assert.equal(await textOf(files.read(ann, kept.id)), 'one');
      const large = await files.keep(ann, { name: 'large' }, many(90_001, 7000), never);
      assert.equal(await textOf(files.read(ann, large.id)), await textOf(many(90_001, 7000)));
    },
  },
  {
    name: 'a part of a file is read by its bytes',
    async run({ files }) {
      const { id } = await files.keep(ann, { name: 'a' }, bytesOf('0123456789'), never);
      const part = (from: number, to: number) => textOf(files.read(ann, id, { from, to }));
      assert.deepEqual(await Promise.all([part(0, 1), part(3, 7), part(9, 10), part(4, 4), part(8, 99)]), [
        '0',
        '3456',
        '9',
        '',
        '89',
      ]);
    },
  },
  {
    name: 'nobody else opens, lists or drops a file, whatever id they know',
    async run({ files }) {
      const { id } = await files.keep(ann, { name: 'secret' }, bytesOf('x'), never);
      assert.equal(await files.find(bob, id), undefined);
      await fails(textOf(files.read(bob, id)), 'not_found');
      assert.deepEqual(await listed(files.list(bob)), []);
      await files.drop(bob, id);
      await files.dropAll(bob);
      assert.equal(await textOf(files.read(ann, id)), 'x');
    },
  },
  {
    name: 'an id that is none is not found, and is no path',
    async run({ files }) {
      const { id } = await files.keep(ann, { name: 'a' }, bytesOf('x'), never);
      for (const other of [
        '',
        '.',
        '..',
        `../${id}`,
        `./${id}`,
        `${id}.json`,
        'A'.repeat(24),
        '/etc/passwd',
      ]) {
        // As a caller without types would.
        assert.equal(await files.find(ann, other as FileId), undefined, other);
        await fails(textOf(files.read(ann, other as FileId)), 'not_found');
        await files.drop(ann, other as FileId);
      }
      assert.equal(await textOf(files.read(ann, id)), 'x');
    },
  },
  {
    name: 'ids of equal files differ and cannot be told from one another',
    async run({ files }) {
      const ids = new Set<string>();
      for (let i = 0; i < 20; i += 1) ids.add((await files.keep(ann, { name: 'a' }, bytesOf('x'), never)).id);
      assert.equal(ids.size, 20);
    },
  },
  {
    name: 'names are made safe',
    async run({ files }) {
      for (const [name, safe] of [
        ['../../x', 'x'],
        ['CON', '_CON'],
        ['a\nb.txt', 'a_b.txt'],
        ['..', 'file'],
        ['', 'file'],
      ] as const) {
        const kept = await files.keep(ann, { name }, bytesOf('x'), never);
        assert.equal(kept.name, safe);
        assert.equal((await files.find(ann, kept.id))?.name, safe);
      }
      const long = await files.keep(ann, { name: `${'a'.repeat(300)}.png` }, bytesOf('x'), never);
      assert(long.name.endsWith('.png') && long.name.length <= 200);
      assert.equal(long.mediaType, 'image/png');
    },
  },
  {
    name: 'nothing is left of what is empty, too large, cut off or given up',
    async run({ files }) {
      await fails(files.keep(ann, { name: 'a' }, bytesOf(), never), 'empty');
      await fails(files.keep(ann, { name: 'a' }, many(files.maxBytes + 1), never), 'too_large');
      await fails(files.keep(ann, { name: 'a' }, broken('half'), never), 'cut_off');
      const giveUp = new AbortController();
      const kept = files.keep(ann, { name: 'a' }, hanging('half'), giveUp.signal);
      setTimeout(() => giveUp.abort(new Error('given up')), 10);
      await assert.rejects(kept, /given up/);
      assert.deepEqual(await listed(files.list(ann)), []);
      const most = await files.keep(ann, { name: 'most' }, many(files.maxBytes), never);
      assert.equal(most.size, files.maxBytes);
    },
  },
  {
    name: 'what is dropped is gone, as often as it is dropped; the others stay',
    async run({ files }) {
      const [first, second] = await Promise.all([
        files.keep(ann, { name: 'first' }, bytesOf('1'), never),
        files.keep(ann, { name: 'second' }, bytesOf('2'), never),
      ]);
      await files.drop(ann, first.id);
      await files.drop(ann, first.id);
      assert.equal(await files.find(ann, first.id), undefined);
      assert.deepEqual(await listed(files.list(ann)), ['second']);
      assert.equal(await textOf(files.read(ann, second.id)), '2');
    },
  },
  {
    name: 'everything of one person goes, and nothing of another',
    async run({ files }) {
      for (const owner of [ann, bob]) await files.keep(owner, { name: `of ${owner}` }, bytesOf('x'), never);
      await files.dropAll(ann);
      assert.deepEqual(await listed(files.list(ann)), []);
      assert.deepEqual(await listed(files.list(bob)), [`of ${bob}`]);
    },
  },
  {
    name: 'what is older than a time is pruned, and counted',
    async run({ files }) {
      const ids: string[] = [];
      for (const name of ['a', 'b', 'needed', 'asked']) {
        ids.push((await files.keep(ann, { name }, bytesOf('x'), never)).id);
      }
      const needed = new Set(ids.slice(2, 3));
      const none: ReadonlySet<string> = new Set();
      assert.equal(await files.prune(Date.now() - 60_000, none, never), 0);
      const asked = FileId.parse(ids[3]);
      assert.ok(await files.find(ann, asked));
      assert.equal(await files.prune(Date.now() + 60_000, needed, never), 2);
      assert.equal(await files.find(ann, FileId.parse(ids[0])), undefined);
      assert.equal(await textOf(files.read(ann, asked)), 'x');
      assert.equal(await files.prune(Date.now() + 60_000, none, never), 1);
      assert.equal(
        await files.prune(Date.now() + 60_000, none, AbortSignal.abort('enough')).catch(String),
        'enough',
      );
    },
  },
];
