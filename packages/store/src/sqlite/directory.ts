/** The data directory: only its owner may look into it. */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreError } from '@surfaces/core';

/**
 * Makes the directory (0700) and the empty files (0600), so that what SQLite puts beside them has
 * the same rights. What exists keeps its own.
 */
export function prepareDirectory(directory: string, file: string): void {
  try {
    makeDirectory(directory);
    for (const name of [file, `${file}.lock`]) createFile(join(directory, name));
  } catch (error) {
    const full = codeOf(error) === 'ENOSPC';
    const what = full
      ? `the disk with ${directory} is full: make room there`
      : `${directory} cannot be written: give this user the right to, or choose another data directory`;
    throw new StoreError(full ? 'disk_full' : 'not_writable', `${what} (${error})`, { cause: error });
  }
}

/**
 * With all that is missing above it. Level by level, because Node's own `recursive` never returns where
 * a file system has the parent but makes nothing in it (below /proc, for one).
 */
function makeDirectory(directory: string): void {
  const make = () => mkdirSync(directory, { mode: 0o700 });
  try {
    make();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      if (!statSync(directory).isDirectory()) throw new Error('it is a file', { cause: error });
      return;
    }
    if (codeOf(error) !== 'ENOENT' || dirname(directory) === directory) throw error;
    makeDirectory(dirname(directory));
    make();
  }
}

/** Never opens one that exists: closing it again would drop the locks this process holds on it. */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
