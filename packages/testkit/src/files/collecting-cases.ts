import assert from 'node:assert/strict';
import {
  ann,
  bob,
  collected,
  type FilesCase,
  type FilesUnderTest,
  fails,
  never,
  save,
  textOf,
} from './harness.ts';

/** Paths below a person's directory of the agent that serves several. */
async function homes({ agents, disks, workspaces }: FilesUnderTest) {
  const directory = (person: typeof ann) => {
    const place = workspaces.describe({ agentId: agents.shared, person });
    assert(place !== 'none' && place.directory !== undefined);
    return place.directory;
  };
  const [annHome, bobHome] = [directory(ann), directory(bob)];
  await disks.shared.write(`${annHome}/mine.txt`, 'mine');
  await disks.shared.write(`${bobHome}/secret.txt`, 'secret');
  await disks.shared.write('of-all.txt', 'of all');
  return { annHome, bobHome, annAt: { agentId: agents.shared, person: ann } };
}

export const collectingCases: readonly FilesCase[] = [
  {
    name: 'what an agent names is kept for the person, by every form of a path',
    async run(harness) {
      const { agents, disks } = harness;
      await disks.own.write('out/report.md', 'a report');
      for (const path of [
        'out/report.md',
        './out/../out/report.md',
        '/workspace/out/report.md',
        `${disks.own.path}/out/report.md`,
      ]) {
        assert.equal(await collected(harness, { agentId: agents.own, person: ann }, path), 'a report', path);
      }
      const kept = await harness.workspaces.collect(
        { agentId: agents.own, person: ann },
        'out/report.md',
        'key',
        never,
      );
      assert.equal(kept.name, 'report.md');
      assert.equal(kept.size, 8);
      assert.deepEqual(await harness.files.find(ann, kept.id), kept);
      assert.equal(await harness.files.find(bob, kept.id), undefined);
    },
  },
  {
    name: 'what was saved for the agent can be sent back',
    async run(harness) {
      for (const agentId of [harness.agents.own, harness.agents.shared]) {
        const { path } = await save(harness, { agentId, person: ann }, 'a.txt');
        assert.equal(await collected(harness, { agentId, person: ann }, path), 'content');
      }
    },
  },
  {
    name: 'a path out of the workspace is refused',
    async run(harness) {
      const { agents, disks } = harness;
      await disks.own.write('a.txt', 'x');
      for (const path of [
        '../x',
        '/etc/passwd',
        '/workspace/../../etc/passwd',
        'a/../../x',
        `${disks.own.path}-other/x`,
        `${disks.own.path}/../x`,
        '/agents/somebody-else/a.txt',
      ]) {
        await fails(collected(harness, { agentId: agents.own, person: ann }, path), 'outside');
      }
    },
  },
  {
    name: 'a link out of the workspace is refused, one inside is followed',
    async run(harness) {
      const { agents, disks } = harness;
      const own = { agentId: agents.own, person: ann };
      await disks.own.write('deep/a.txt', 'inside');
      await disks.own.link('inside.txt', 'deep/a.txt');
      await disks.own.link('absolute', `${disks.own.path}/deep`);
      await disks.own.link('passwd', '/etc/passwd');
      await disks.own.link('etc', '/etc');
      await disks.own.link('deep/up', '../..');
      assert.equal(await collected(harness, own, 'inside.txt'), 'inside');
      assert.equal(await collected(harness, own, 'absolute/a.txt'), 'inside');
      for (const path of ['passwd', 'etc/passwd', 'deep/up/etc']) {
        await fails(collected(harness, own, path), 'outside', 'not_found');
      }
      await fails(collected(harness, own, 'passwd'), 'outside');
    },
  },
  {
    name: "another person's files are refused by every way, whether they are there or not",
    async run(harness) {
      const { annHome, bobHome, annAt } = await homes(harness);
      const { disks } = harness;
      assert.equal(await collected(harness, annAt, `${annHome}/mine.txt`), 'mine');
      assert.equal(await collected(harness, annAt, `/workspace/${annHome}/mine.txt`), 'mine');
      await disks.shared.link(`${annHome}/file`, `../${bobHome}/secret.txt`);
      await disks.shared.link(`${annHome}/directory`, `../${bobHome}`);
      for (const path of [
        `${bobHome}/secret.txt`,
        `${bobHome}/nothing.txt`,
        `${annHome}/../${bobHome}/secret.txt`,
        `/workspace/${bobHome}/secret.txt`,
        `${disks.shared.path}/${bobHome}/secret.txt`,
        `${annHome}/file`,
        `${annHome}/directory/secret.txt`,
        'of-all.txt',
        'nothing.txt',
        annHome.slice(0, -1),
        `${annHome}-more/x`,
      ]) {
        await fails(collected(harness, annAt, path), 'outside');
      }
    },
  },
  {
    name: "nothing is taken where an agent put a link in place of a person's directory",
    async run(harness) {
      const { annHome, bobHome, annAt } = await homes(harness);
      await harness.disks.shared.remove(annHome);
      await harness.disks.shared.link(annHome, bobHome);
      await fails(collected(harness, annAt, `${annHome}/secret.txt`), 'outside');
    },
  },
  {
    name: 'what is not there, no file, empty or too large is refused',
    async run(harness) {
      const { agents, disks, files } = harness;
      const own = { agentId: agents.own, person: ann };
      await disks.own.makeDirectory('directory');
      await disks.own.write('empty', '');
      await disks.own.write('large', 'x'.repeat(files.maxBytes + 1));
      await disks.own.link('dangling', 'nothing');
      for (const [path, code] of [
        ['nothing', 'not_found'],
        ['no/thing', 'not_found'],
        ['dangling', 'not_found'],
        ['', 'not_found'],
        ['a\u0000b', 'not_found'],
        ['directory', 'not_a_file'],
        ['.', 'not_a_file'],
        ['/workspace/', 'not_a_file'],
        ['empty', 'empty'],
        ['large', 'too_large'],
      ] as const) {
        await fails(collected(harness, own, path), code);
      }
      const left: string[] = [];
      for await (const { name } of files.list(ann)) left.push(name);
      assert.deepEqual(left, []);
    },
  },
  {
    name: 'the same key is one file, whatever becomes of the source; it is a copy of its own',
    async run({ agents, disks, files, workspaces }) {
      const own = { agentId: agents.own, person: ann };
      const collect = (key: string) => workspaces.collect(own, 'a.txt', key, never);
      await disks.own.write('a.txt', 'first');
      const [first, same] = await Promise.all([collect('k1'), collect('k1')]);
      assert.deepEqual(same, first);
      await disks.own.write('a.txt', 'second');
      assert.deepEqual(await collect('k1'), first);
      const second = await collect('k2');
      await disks.own.remove('a.txt');
      assert.deepEqual(await collect('k1'), first);
      assert.equal(await textOf(files.read(ann, first.id)), 'first');
      assert.equal(await textOf(files.read(ann, second.id)), 'second');
      await disks.own.write('a.txt', 'third');
      // What was dropped is not wanted any more: the key means what is there now.
      await files.drop(ann, first.id);
      assert.equal(await textOf(files.read(ann, (await collect('k1')).id)), 'third');
    },
  },
];
