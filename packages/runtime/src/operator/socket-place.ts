/**
 * Where an app and its operators meet: a Unix socket in the data directory, or, where none can be there,
 * in a directory of its own below the temporary one, with a file in the data directory that says where.
 * A named pipe on Windows.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../files/failure.ts';
import { OperatorError } from './operator-error.ts';

const SOCKET = 'operator.sock';
const POINTER = 'operator.place';
/** Bytes of a path that every system takes for a socket; Linux takes 107. */
const LONGEST = 103;

/** Where it should be; `undefined` when the path is too long for a socket. */
export async function directPlace(dataDir: string): Promise<string | undefined> {
  if (process.platform === 'win32') return `\\\\.\\pipe\\surfaces-${await nameOf(dataDir)}`;
  const path = join(dataDir, SOCKET);
  return Buffer.byteLength(path) > LONGEST ? undefined : path;
}

/** A place elsewhere, of this user alone. Rejects with an `OperatorError` when somebody else has it. */
export async function otherPlace(dataDir: string): Promise<string> {
  const directory = join(tmpdir(), `surfaces-${await nameOf(dataDir)}`);
  await mkdir(directory, { mode: 0o700 }).catch((error) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  const { uid, mode } = await lstat(directory);
  const isOurs = uid === process.getuid?.() && (mode & 0o170077) === 0o040000;
  if (!isOurs)
    throw new OperatorError(`${directory} is there and is not a directory of this user alone: remove it.`);
  const path = join(directory, SOCKET);
  if (Buffer.byteLength(path) > LONGEST) {
    throw new OperatorError(`${path} is too long for a socket: set TMPDIR to a shorter path.`);
  }
  return path;
}

/** Says where the socket is; `undefined`: in the data directory. */
export async function writePointer(dataDir: string, place: string | undefined): Promise<void> {
  const pointer = join(dataDir, POINTER);
  if (place === undefined) await rm(pointer, { force: true });
  else await writeFile(pointer, `${place}\n`, { mode: 0o600 });
}

/** Where a running app would be; `undefined`: nowhere. */
export async function findPlace(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, POINTER), 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return directPlace(dataDir);
    throw error;
  }
}

/** The same for all names of a directory. */
async function nameOf(dataDir: string): Promise<string> {
  const path = await realpath(dataDir).catch(() => dataDir);
  return createHash('sha256').update(path).digest('hex').slice(0, 24);
}
