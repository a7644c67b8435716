import { constants, existsSync } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { FileError } from '@surfaces/core';

/** Linux shows for every open file where it is now. */
const HANDLES = '/proc/self/fd';
/** More links and directories than this on one way are no way. */
const MOST_STEPS = 256;
const byHandle = process.platform === 'linux' && existsSync(HANDLES);

/** A directory that stays the same one while it is open, whatever its path comes to mean meanwhile. */
export interface OpenDirectory {
  /** As it was when it was opened, without links. */
  readonly path: string;
  /** A path to what it holds under this name. */
  at(name: string): string;
  /** What was done in it survives a crash. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a directory by a path in which nothing is a link. Throws `outside` where something is one. */
export async function openDirectory(path: string): Promise<OpenDirectory> {
  if (!byHandle) {
    if ((await realpath(path)) !== path) throw new FileError('outside', `${path} is a link`);
    return {
      path,
      at: (name) => join(path, name),
      sync: async () => undefined,
      close: async () => undefined,
    };
  }
  const { O_RDONLY, O_DIRECTORY } = constants;
  const handle = await open(path, O_RDONLY | O_DIRECTORY);
  if ((await readlink(`${HANDLES}/${handle.fd}`)) !== path) {
    await handle.close();
    throw new FileError('outside', `${path} is a link`);
  }
  return {
    path,
    at: (name) => `${HANDLES}/${handle.fd}/${name}`,
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/**
 * Opens a regular file below a directory to be read: by a path without links, and what was opened is
 * looked at again, for between the look and the opening an agent may have put something else there.
 */
export async function openBelow(directory: string, path: string): Promise<FileHandle> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    // The same answer as for what is there: a link must not tell what there is outside.
    if (await leadsOut(path, directory)) throw new FileError('outside', `${path} leads out of ${directory}`);
    throw error;
  }
  if (!isBelow(real, directory)) throw new FileError('outside', `${path} leads out of ${directory}`);
  // A device may do something when it is opened.
  if (!(await stat(real)).isFile()) throw new FileError('not_a_file', `${path} is no file`);
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  // Not to wait for the other end of a pipe.
  const handle = await open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const opened = await handle.stat();
    if (!opened.isFile()) throw new FileError('not_a_file', `${path} is no file`);
    if (byHandle) {
      const now = await readlink(`${HANDLES}/${handle.fd}`);
      if (!isBelow(now, directory)) throw new FileError('outside', `${path} leads out of ${directory}`);
    } else {
      const now = await realpath(path);
      const { ino, dev } = await stat(now);
      if (!isBelow(now, directory) || ino !== opened.ino || dev !== opened.dev) {
        throw new FileError('outside', `${path} is not what it was`);
      }
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether a path that cannot be followed to its end leaves a directory by a link on the way. */
async function leadsOut(path: string, directory: string): Promise<boolean> {
  let at = path;
  for (let step = 0; step < MOST_STEPS && isBelow(at, directory); step += 1) {
    const parent = await realpath(dirname(at)).catch(() => undefined);
    if (parent === undefined) {
      // What stops it lies further up.
      at = dirname(at);
      continue;
    }
    if (!isBelow(parent, directory)) return true;
    const target = await readlink(join(parent, basename(at))).catch(() => undefined);
    if (target === undefined) return false;
    at = resolve(parent, target);
  }
  return true;
}

/** Whether a path leads to something in a directory, by its words alone. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
