/** With real processes and SIGKILL: nothing half is seen, what was told is there, and nothing is there twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UNFINISHED_PREFIX } from '@surfaces/core';
import { FileId, PersonId } from '@surfaces/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { createFiles } from './kept-files.ts';

const Told = z.object({ number: z.number(), path: z.string(), id: FileId });
type Told = z.infer<typeof Told>;

const ann = PersonId.parse('ann');
let root: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'surfaces-saver-'));
  await mkdir(join(root, 'workspace'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(root, { recursive: true });
});

/** Runs a process until it told so much, and a little longer; what it told. */
async function live(first: number, tells: number, extraMs: number): Promise<Told[]> {
  const saver = fileURLToPath(new URL('./fixtures/saver.ts', import.meta.url));
  const started = spawn(
    process.execPath,
    [saver, join(root, 'kept'), join(root, 'workspace'), String(first)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  child = started;
  const told: Told[] = [];
  const enough = Promise.withResolvers<void>();
  const lines = createInterface({ input: started.stdout });
  lines.on('line', (line) => {
    // The last one of a killed process may be cut.
    if (!line.endsWith('}')) return;
    told.push(Told.parse(JSON.parse(line)));
    if (told.length >= tells) enough.resolve();
  });
  const closed = once(lines, 'close');
  await Promise.race([enough.promise, closed]);
  await new Promise((resolve) => setTimeout(resolve, extraMs));
  started.kill('SIGKILL');
  await closed;
  expect(told.length).toBeGreaterThanOrEqual(tells);
  return told;
}

/** The number that a whole file is full of. */
function numberIn(content: string): number {
  const [line = ''] = content.split('\n', 1);
  expect(content === `${line}\n`.repeat(40_000)).toBe(true);
  return Number(line);
}

it('survives a SIGKILL at any moment', async () => {
  const told = new Map<number, Told>();
  let next = 0;
  for (let life = 0; life < 8; life += 1) {
    for (const one of await live(next, 2, life * 7)) {
      // What an earlier life had saved and not told is found again.
      expect(told.get(one.number)?.path ?? one.path).toBe(one.path);
      told.set(one.number, one);
    }
    // The next begins with the last that was told, and with the one that was perhaps under way.
    next = Math.max(...told.keys());
    const workspace = join(root, 'workspace');
    const seen = (await readdir(workspace)).filter((name) => !name.startsWith(UNFINISHED_PREFIX));
    const numbers = await Promise.all(
      seen.map(async (name) => numberIn(await readFile(join(workspace, name), 'utf8'))),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const { number, path } of told.values()) {
      expect(numberIn(await readFile(join(workspace, path), 'utf8'))).toBe(number);
    }
  }
  const files = createFiles({ directory: join(root, 'kept'), maxBytes: 10_000_000 });
  const kept = new Map<string, number>();
  for await (const { id } of files.list(ann)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of files.read(ann, id)) pieces.push(piece);
    kept.set(id, numberIn(Buffer.concat(pieces).toString()));
  }
  expect(new Set(kept.values()).size).toBe(kept.size);
  for (const { id, number } of told.values()) expect(kept.get(id)).toBe(number);
}, 60_000);
