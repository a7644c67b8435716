import assert from 'node:assert/strict';
import { isSurfaceError } from '@surfaces/core';
import type { Address, IncomingFile, PersonId } from '@surfaces/protocol';
import { type FilesAtSurface, type Stage, type SurfaceCase, say } from './world.ts';

/** So much is large: no messenger hands it over in one piece. */
const LARGE = 700_000;

/** Bytes that no encoding leaves as they are, in an order that shows where something is missing. */
function bytesOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) % 256);
}

function filesOf(stage: Stage): FilesAtSurface {
  assert(stage.surface.files);
  return stage.surface.files;
}

/** What came with the last message. */
async function arrived(stage: Stage, count: number): Promise<readonly IncomingFile[]> {
  let files: readonly IncomingFile[] = [];
  await stage.until(() => {
    files = stage.events.flatMap((event) => (event.kind === 'message' ? event.attachments : []));
    assert(files.length >= count, `${files.length} of ${count} files arrived`);
  });
  return files;
}

async function fetched(
  stage: Stage,
  { ref }: IncomingFile,
  person: PersonId = filesOf(stage).person,
  address: Address = stage.address,
): Promise<readonly Uint8Array[]> {
  assert(stage.adapter.files);
  const pieces: Uint8Array[] = [];
  for await (const piece of await stage.adapter.files.fetch(address, person, ref, stage.signal)) {
    // A piece may be a view of what the next one is read into.
    pieces.push(piece.slice());
  }
  return pieces;
}

async function refused(work: Promise<unknown>): Promise<void> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (failure: unknown) => failure,
  );
  assert(isSurfaceError(error), `not a SurfaceError: ${error}`);
  assert.equal(error.code, 'refused');
}

const largest = ({ adapter }: Stage): number =>
  adapter.capabilities.files === 'none' ? 0 : Math.min(LARGE, adapter.capabilities.files.maxBytes);

const aboutFiles = {
  applies: ({ capabilities }) => capabilities.files !== 'none',
  needs: 'files',
} as const satisfies Partial<SurfaceCase>;

export const fileCases: readonly SurfaceCase[] = [
  {
    name: 'it has the port of files exactly where it says that files pass',
    async run({ adapter }) {
      const { files } = adapter.capabilities;
      assert.equal(adapter.files !== undefined, files !== 'none');
      assert(files === 'none' || files.maxBytes > 0);
    },
  },
  {
    ...aboutFiles,
    name: 'files arrive with the words they came with, in their order, under their names',
    async run(stage) {
      await stage.start();
      const names = ['notes.txt', 'отчёт за май.csv', 'b.png'];
      const files = names.map((name, i) => ({ name, content: bytesOf(10 + i) }));
      await filesOf(stage).send(stage.address, 'look at these', files);
      const all = await arrived(stage, 3);
      assert.deepEqual(
        all.map(({ name }) => name),
        names,
      );
      for (const [i, { size }] of all.entries()) assert(size === undefined || size === 10 + i);
      assert.deepEqual(stage.texts(), ['look at these']);
      await filesOf(stage).send(stage.address, '', files.slice(0, 1));
      await stage.until(() => assert.deepEqual(stage.texts(), ['look at these', '']));
    },
  },
  {
    ...aboutFiles,
    name: 'a file is fetched byte by byte, and again',
    async run(stage) {
      await stage.start();
      const content = bytesOf(1000);
      await filesOf(stage).send(stage.address, '', [
        { name: 'a.bin', content },
        { name: 'b.bin', content: bytesOf(1) },
      ]);
      const [first, second] = await arrived(stage, 2);
      assert(first && second);
      for (let times = 0; times < 2; times += 1) {
        assert.deepEqual(Buffer.concat(await fetched(stage, first)), Buffer.from(content));
      }
      assert.deepEqual(Buffer.concat(await fetched(stage, second)), Buffer.from(bytesOf(1)));
    },
  },
  {
    ...aboutFiles,
    name: 'a large file comes in pieces, whole',
    async run(stage) {
      await stage.start();
      const content = bytesOf(largest(stage));
      await filesOf(stage).send(stage.address, '', [{ name: 'large.bin', content }]);
      const [file] = await arrived(stage, 1);
      assert(file);
      const pieces = await fetched(stage, file);
      assert(pieces.length > 1 || content.length < 100_000, 'it came in one piece');
      assert(Buffer.concat(pieces).equals(Buffer.from(content)), 'it is not what was sent');
    },
  },
  {
    ...aboutFiles,
    name: "another person's file is refused, and what is none",
    async run(stage) {
      await stage.start();
      await filesOf(stage).send(stage.address, '', [{ name: 'a.txt', content: bytesOf(10) }]);
      const [file] = await arrived(stage, 1);
      assert(file);
      await refused(fetched(stage, file, filesOf(stage).stranger));
      for (const ref of ['', 'x', '../../etc/passwd', `${file.ref}x`, file.ref.slice(1)]) {
        await refused(fetched(stage, { ...file, ref }));
      }
      assert.equal(Buffer.concat(await fetched(stage, file)).length, 10);
    },
  },
  {
    ...aboutFiles,
    name: 'a file that is gone is refused for good',
    async run(stage) {
      const { lose } = filesOf(stage);
      await stage.start();
      await filesOf(stage).send(stage.address, '', [{ name: 'a.txt', content: bytesOf(10) }]);
      const [file] = await arrived(stage, 1);
      assert(file);
      await lose();
      await refused(fetched(stage, file));
    },
  },
  {
    ...aboutFiles,
    name: 'a fetch that was aborted before it began brings nothing',
    async run(stage) {
      await stage.start();
      await filesOf(stage).send(stage.address, '', [{ name: 'a.txt', content: bytesOf(10) }]);
      const [file] = await arrived(stage, 1);
      assert(file && stage.adapter.files);
      const signal = AbortSignal.abort(new Error('given up'));
      const fetching = stage.adapter.files.fetch(stage.address, filesOf(stage).person, file.ref, signal);
      await assert.rejects(async () => {
        for await (const piece of await fetching) assert(piece);
      });
    },
  },
  {
    ...aboutFiles,
    name: 'a file that is sent is shown in its place, with its name and its bytes',
    async run(stage) {
      await stage.start();
      const content = bytesOf(Math.min(5000, largest(stage)));
      const file = await filesOf(stage).keep(stage.address, 'a report.bin', content);
      await stage.send('before', { last: false });
      await stage.send('', { part: 1, file });
      await stage.send('after');
      assert.deepEqual(
        (await stage.person.seen()).map(({ file: shown, text }) => shown?.name ?? text.trim()),
        ['before', 'a report.bin', 'after'],
      );
      const shown = (await stage.person.seen())[1]?.file;
      assert(shown);
      assert.deepEqual(Buffer.from(await shown.open()), Buffer.from(content));
    },
  },
  {
    ...aboutFiles,
    name: 'the same file under the same operation is shown once',
    applies: ({ capabilities }) => capabilities.files !== 'none' && capabilities.sends === 'idempotent',
    async run(stage) {
      await stage.start();
      const file = await filesOf(stage).keep(stage.address, 'once.txt', bytesOf(10));
      const operation = stage.operation();
      const send = () => stage.adapter.send(stage.address, say('', { file }), operation, stage.signal);
      const both = await Promise.all([send(), send()]);
      assert.deepEqual(await send(), both[0]);
      await stage.send('after');
      const seen = await stage.person.seen();
      assert.equal(seen.filter((one) => one.file).length, 1);
      assert.equal(seen.length, 2);
    },
  },
];
