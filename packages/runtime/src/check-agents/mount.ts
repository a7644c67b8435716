/** Whether an agent works in the directory that is mounted here. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { openBelow } from '../files/open-directory.ts';

/** In which the word has to stand. */
const MOST_BYTES = 1024 * 1024;

export interface MountProbe {
  /** Relative to the workspace, for the message that goes to the agent. */
  readonly path: string;
  /** Whether what the agent said, or a file that it sends, shows that it read the probe. */
  proves(answer: { readonly text: string; readonly files: readonly string[] }): Promise<boolean>;
  remove(): Promise<void>;
}

/**
 * Leaves a file with a random word in a directory of its own. The word stands nowhere else, so that who
 * repeats it has read the file. Rejects with an error that says what to do.
 */
export async function placeProbe(workspace: string): Promise<MountProbe> {
  const directory = `surfaces-check-${randomBytes(6).toString('hex')}`;
  const word = `word-${randomBytes(12).toString('hex')}`;
  const absolute = join(workspace, directory);
  const remove = () => rm(absolute, { recursive: true, force: true });
  await assertDirectory(workspace);
  try {
    await mkdir(absolute);
    await writeFile(join(absolute, 'probe.txt'), `${word}\nThis file can be deleted.\n`, {
      flag: 'wx',
    });
    if (!(await readFile(join(absolute, 'probe.txt'), 'utf8')).startsWith(word)) {
      throw new Error('it reads back as something else');
    }
  } catch (error) {
    await remove().catch(() => undefined);
    throw new Error(`${workspace} cannot be written (${reasonOf(error)}): give this user the right to`, {
      cause: error,
    });
  }
  const path = posix.join(directory, 'probe.txt');
  return {
    path,
    remove,
    async proves({ text, files }) {
      if (text.includes(word)) return true;
      for (const file of files) {
        if (posix.normalize(file) === path) return true;
        if (await hasWord(file)) return true;
      }
      return false;
    },
  };

  /** A copy that the agent made: it may call its own workspace by other names (design, section 8). */
  async function hasWord(file: string): Promise<boolean> {
    const inside = file.replace(/^\/(workspace|agents\/[^/]+)(?=\/)/, '.');
    const path = resolve(workspace, inside);
    // What is there may be anything: a pipe that never ends, a link to somewhere else.
    const handle = await openBelow(await realpath(workspace), path).catch(() => undefined);
    if (handle === undefined) return false;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
      return buffer.subarray(0, bytesRead).includes(word);
    } catch {
      return false;
    } finally {
      await handle.close();
    }
  }
}

async function assertDirectory(path: string): Promise<void> {
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(path)).isDirectory();
  } catch (error) {
    throw new Error(`${path} cannot be opened (${reasonOf(error)}): mount the agent's directory there`, {
      cause: error,
    });
  }
  if (!isDirectory) throw new Error(`${path} is not a directory`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
