/** The data directory: only its owner may look into it. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '@surfaces/core';

/**
 * Makes the directory (0700) and the empty files (0600), so that what SQLite puts beside them has
 * the same rights. What exists keeps its own.
 */
export function prepareDirectory(directory: string, file: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of [file, `${file}.lock`]) createFile(join(directory, name));
  } catch (error) {
    const full = codeOf(error) === 'ENOSPC';
    const what = full
      ? `the disk with ${directory} is full: make room there`
      : `${directory} cannot be written: give this user the right to, or choose another data directory`;
    throw new StoreError(full ? 'disk_full' : 'not_writable', `${what} (${error})`, { cause: error });
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
