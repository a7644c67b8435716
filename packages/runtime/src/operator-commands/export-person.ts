/** A person's data as files that people can read, whole or not at all. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type KeptFile, numberedName, safeFileName } from '@surfaces/core';
import type { PersonId } from '@surfaces/protocol';
import { errnoOf } from '../files/failure.ts';
import type { Operator } from '../operator/operator.ts';
import { OperatorError } from '../operator/operator-error.ts';

export interface Exported {
  readonly records: number;
  readonly files: number;
}

/**
 * Writes `records.jsonl` and `files/…` into a directory that is not there yet, or empty. Until everything
 * is in it it has another name, `<directory>.incomplete-…`; what fails leaves nothing.
 */
export async function exportTo(
  directory: string,
  operator: Operator,
  person: PersonId,
  signal: AbortSignal,
): Promise<Exported> {
  if ((await entriesOf(directory)) > 0) {
    throw new OperatorError(`${directory} is there already: name a directory that is not.`);
  }
  const unfinished = `${directory}.incomplete-${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(join(unfinished, 'files'), { recursive: true, mode: 0o700 });
  try {
    const done = await write(unfinished, operator, person, signal);
    await rmdir(directory).catch(unless('ENOENT'));
    await rename(unfinished, directory);
    return done;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function write(
  directory: string,
  operator: Operator,
  person: PersonId,
  signal: AbortSignal,
): Promise<Exported> {
  const done = { records: 0, files: 0 };
  const records = await open(join(directory, 'records.jsonl'), 'wx', 0o600);
  try {
    for await (const record of operator.records(person)) {
      signal.throwIfAborted();
      await records.writeFile(`${JSON.stringify(record)}\n`);
      done.records += 1;
    }
    const taken = new Set<string>();
    for await (const file of operator.files(person)) {
      const name = freeName(file.name, taken);
      if (!(await copy(join(directory, 'files', name), operator, person, file, signal))) continue;
      await records.writeFile(keptLine(file, `files/${name}`));
      done.files += 1;
    }
    await records.sync();
    return done;
  } finally {
    await records.close();
  }
}

/** One line about a kept file. `path`: where it is in the export. */
export function keptLine(file: KeptFile, path?: string): string {
  const data = path === undefined ? file : { ...file, path };
  return `${JSON.stringify({ kind: 'kept_file', data })}\n`;
}

/** False when it was deleted meanwhile. */
async function copy(
  path: string,
  operator: Operator,
  person: PersonId,
  file: KeptFile,
  signal: AbortSignal,
): Promise<boolean> {
  const handle: FileHandle = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for await (const piece of operator.read(person, file.id)) {
      signal.throwIfAborted();
      await handle.writeFile(piece);
      size += piece.byteLength;
    }
    await handle.sync();
  } catch (error) {
    signal.throwIfAborted();
    if (await isThere(operator, person, file)) throw error;
    size = -1;
  } finally {
    await handle.close();
  }
  if (size === file.size) return true;
  if (size >= 0) throw new OperatorError(`${file.name} was cut off: ${size} of ${file.size} bytes came`);
  await rm(path, { force: true });
  return false;
}

async function isThere(operator: Operator, person: PersonId, file: KeptFile): Promise<boolean> {
  for await (const { id } of operator.files(person)) if (id === file.id) return true;
  return false;
}

/** Also where the file system does not tell cases apart. */
function freeName(name: string, taken: Set<string>): string {
  const wanted = safeFileName(name);
  for (let number = 0; ; number += 1) {
    const free = number === 0 ? wanted : numberedName(wanted, number);
    const key = free.toLowerCase();
    if (taken.has(key)) continue;
    taken.add(key);
    return free;
  }
}

async function entriesOf(directory: string): Promise<number> {
  try {
    return (await readdir(directory)).length;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    if (errnoOf(error) === 'ENOTDIR') return 1;
    throw error;
  }
}

function unless(code: string) {
  return (error: unknown): void => {
    if (errnoOf(error) !== code) throw error;
  };
}
