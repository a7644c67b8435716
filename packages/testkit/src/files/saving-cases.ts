import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { UNFINISHED_PREFIX } from '@surfaces/core';
import {
  ann,
  bob,
  broken,
  bytesOf,
  type FilesCase,
  fails,
  hanging,
  many,
  never,
  save,
  textOf,
} from './harness.ts';

export const savingCases: readonly FilesCase[] = [
  {
    name: 'what is saved is in the workspace, under the path that is told',
    async run(harness) {
      const { agents, disks, workspaces } = harness;
      const own = { agentId: agents.own, person: ann };
      assert.deepEqual(workspaces.describe(own), {});
      assert.deepEqual(await save(harness, own, 'a.txt', bytesOf('on', 'e')), { path: 'a.txt', size: 3 });
      assert.equal(await disks.own.read('a.txt'), 'one');
      const large = await save(harness, own, 'large', many(90_001, 7000));
      assert.equal(await disks.own.read(large.path), await textOf(many(90_001, 7000)));
      assert.deepEqual((await disks.own.files()).toSorted(), ['a.txt', 'large']);
    },
  },
  {
    name: 'at an agent of several people each has a directory of their own',
    async run(harness) {
      const { agents, disks, workspaces } = harness;
      const directories: string[] = [];
      for (const person of [ann, bob]) {
        const place = workspaces.describe({ agentId: agents.shared, person });
        assert(place !== 'none' && place.directory !== undefined);
        directories.push(place.directory);
        const { path } = await save(harness, { agentId: agents.shared, person }, 'a.txt', bytesOf(person));
        assert.equal(path, `${place.directory}/a.txt`);
        assert.equal(await disks.shared.read(path), String(person));
      }
      assert.notEqual(directories[0], directories[1]);
    },
  },
  {
    name: 'names lead nowhere else, whatever they are',
    async run(harness) {
      const { agents, disks } = harness;
      for (const name of [
        '../../x',
        '..\\x',
        '/etc/x',
        'CON',
        '.',
        '..',
        '...',
        '',
        'a\nb',
        'n'.repeat(300),
        `${UNFINISHED_PREFIX}x`,
        'a\u0000b',
      ]) {
        const { path } = await save(harness, { agentId: agents.own, person: ann }, name);
        assert.match(path, /^[^/\\]+$/, name);
        assert.equal(await disks.own.read(path), 'content', name);
      }
      assert.equal((await disks.own.files()).length, 12);
    },
  },
  {
    name: 'a name that is taken gets a number, and nothing is overwritten',
    async run(harness) {
      const { agents, disks } = harness;
      const own = { agentId: agents.own, person: ann };
      await disks.own.write('a.txt', 'the agent wrote this');
      await disks.own.makeDirectory('b.txt');
      const paths: string[] = [];
      for (const name of ['a.txt', 'a.txt', 'b.txt', 'caf\u00e9', 'cafe\u0301']) {
        paths.push((await save(harness, own, name, bytesOf(`${paths.length}`))).path);
      }
      assert.deepEqual(paths, ['a (1).txt', 'a (2).txt', 'b (1).txt', 'caf\u00e9', 'caf\u00e9 (1)']);
      assert.equal(await disks.own.read('a.txt'), 'the agent wrote this');
      assert.deepEqual(await Promise.all(paths.map((path) => disks.own.read(path))), [
        '0',
        '1',
        '2',
        '3',
        '4',
      ]);
    },
  },
  {
    name: 'ten of the same name at once are ten files',
    async run(harness) {
      const { agents, disks } = harness;
      const own = { agentId: agents.own, person: ann };
      const saved = await Promise.all(
        Array.from({ length: 10 }, (_, i) => save(harness, own, 'same.txt', bytesOf('number ', `${i}`))),
      );
      const texts = await Promise.all(saved.map(({ path }) => disks.own.read(path)));
      assert.deepEqual(
        texts,
        Array.from({ length: 10 }, (_, i) => `number ${i}`),
      );
      assert.equal((await disks.own.files()).length, 10);
    },
  },
  {
    name: 'half a file is never seen, nor left',
    async run(harness) {
      const { agents, disks } = harness;
      const own = { agentId: agents.own, person: ann };
      const giveUp = new AbortController();
      const saving = save(harness, own, 'a.txt', hanging('half'), giveUp.signal);
      saving.catch(() => undefined);
      await wait(50);
      const seen = (await disks.own.files()).filter((path) => !path.startsWith(UNFINISHED_PREFIX));
      giveUp.abort(new Error('given up'));
      await assert.rejects(saving, /given up/);
      assert.deepEqual(seen, []);
      await fails(save(harness, own, 'a.txt', broken('half')), 'cut_off');
      await fails(save(harness, own, 'a.txt', bytesOf()), 'empty');
      await fails(save(harness, own, 'a.txt', many(harness.files.maxBytes + 1)), 'too_large');
      assert.deepEqual(await disks.own.files(), []);
    },
  },
  {
    name: 'the same save again is one file; when that is changed or gone it is saved anew',
    async run({ agents, disks, workspaces }) {
      const own = { agentId: agents.own, person: ann };
      const again = () => workspaces.save(own, { name: 'a.txt', key: 'k' }, bytesOf('x'), never);
      const first = await again();
      assert.deepEqual(await again(), first);
      assert.deepEqual(await disks.own.files(), ['a.txt']);
      await workspaces.save(own, { name: 'a.txt', key: 'other' }, bytesOf('y'), never);
      assert.deepEqual((await disks.own.files()).toSorted(), ['a (1).txt', 'a.txt']);
      await disks.own.remove('a.txt');
      assert.deepEqual(await again(), first);
      assert.equal(await disks.own.read('a.txt'), 'x');
    },
  },
  {
    name: "nothing is saved where an agent put a link in place of a person's directory",
    async run(harness) {
      const { agents, disks, workspaces } = harness;
      const shared = { agentId: agents.shared, person: ann };
      const place = workspaces.describe(shared);
      assert(place !== 'none' && place.directory !== undefined);
      await save(harness, { agentId: agents.shared, person: bob }, 'of bob');
      const other = workspaces.describe({ agentId: agents.shared, person: bob });
      await disks.shared.link(place.directory, other !== 'none' ? (other.directory ?? '') : '');
      await fails(save(harness, shared, 'a.txt'), 'outside');
      assert.equal((await disks.shared.files()).filter((path) => path.endsWith('a.txt')).length, 0);
    },
  },
  {
    name: 'what was saved is removed, and nothing else can be',
    async run(harness) {
      const { agents, disks, workspaces } = harness;
      const [annAt, bobAt] = [ann, bob].map((person) => ({ agentId: agents.shared, person }));
      assert(annAt && bobAt);
      const { path } = await save(harness, annAt, 'a.txt');
      const other = await save(harness, bobAt, 'b.txt');
      await fails(workspaces.remove(annAt, other.path), 'outside');
      await fails(workspaces.remove(annAt, `${path}/../../${other.path}`), 'outside');
      await workspaces.remove(annAt, path);
      await workspaces.remove(annAt, path);
      assert.deepEqual(await disks.shared.files(), [other.path]);
    },
  },
  {
    name: "a person's directory goes, and no other",
    async run(harness) {
      const { agents, disks, workspaces } = harness;
      await save(harness, { agentId: agents.shared, person: ann }, 'a.txt');
      const other = await save(harness, { agentId: agents.shared, person: bob }, 'b.txt');
      await save(harness, { agentId: agents.own, person: ann }, 'mine.txt');
      await workspaces.forget(ann);
      assert.deepEqual(await disks.shared.files(), [other.path]);
      assert.deepEqual(await disks.own.files(), ['mine.txt']);
    },
  },
  {
    name: 'an agent that shares no directory gets and gives nothing',
    async run(harness) {
      const none = { agentId: harness.agents.none, person: ann };
      assert.equal(harness.workspaces.describe(none), 'none');
      await fails(save(harness, none, 'a.txt'), 'no_workspace');
      await fails(harness.workspaces.collect(none, 'a.txt', 'key', never), 'no_workspace');
    },
  },
];
