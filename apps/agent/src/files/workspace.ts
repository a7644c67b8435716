/** The agent's workspace, and in it the one directory from which a person's files come and to which they go. */
import { constants } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  unlink,
} from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { FileProblem, toFileProblem } from './file-problem.ts';

/** An open regular file. Close it with `handle.close()`. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Relative to the person's directory. */
  readonly name: string;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** Changes when the file does. */
  readonly version: string;
}

export interface ListedFile {
  readonly name: string;
  readonly size: number;
}

const MOST_LISTED = 1000;
// Neither exists on Windows, where there are no such pipes. A pipe would keep `open` waiting for a writer.
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export class Workspace {
  private readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** Makes the directory where there is none. */
  static async open(path: string): Promise<Workspace> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return new Workspace(await realpath(path));
  }

  /**
   * Where a person's files are: `directory` as the caller names it, or the whole workspace. Throws a
   * `FileProblem` (`outside`) when it is not a plain path below the workspace.
   */
  place(directory: string | undefined): Place {
    const parts = (directory ?? '').split('/').filter((part) => part !== '');
    const strange = parts.some((part) => part === '.' || part === '..' || /[\\\0]/.test(part));
    if (strange || directory?.startsWith('/') || (directory !== undefined && parts.length === 0)) {
      throw new FileProblem('outside', '.');
    }
    return new Place(this.root, parts);
  }
}

/** One person's part of the workspace. No path leads out of it. Everything throws a `FileProblem`. */
export class Place {
  private readonly root: string;
  private readonly parts: readonly string[];
  private readonly directory: string;

  constructor(root: string, parts: readonly string[]) {
    this.root = root;
    this.parts = parts;
    this.directory = join(root, ...parts);
  }

  /** A path of the wire, relative to the workspace, as one relative to this directory. */
  nameOf(path: string): string {
    const prefix = this.parts.map((part) => `${part}/`).join('');
    if (!path.startsWith(prefix)) throw new FileProblem('outside', path.split('/').at(-1) ?? path);
    const name = path.slice(prefix.length);
    this.plainPath(name);
    return name;
  }

  /** The other way round. */
  pathOf(name: string): string {
    return [...this.parts, name].join('/');
  }

  async open(name: string): Promise<OpenFile> {
    try {
      const handle = await open(await this.locate(name), READ);
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) throw new FileProblem('not_a_file', name);
        const version = [stats.dev, stats.ino, stats.size, stats.mtimeMs].join(':');
        return { handle, name, size: stats.size, version };
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw toFileProblem(error, name);
    }
  }

  /** Is there anything of this name, file or not? */
  async has(name: string): Promise<boolean> {
    try {
      await lstat(this.plainPath(name));
      return true;
    } catch (error) {
      const problem = toFileProblem(error, name);
      if (problem.code === 'missing') return false;
      throw problem;
    }
  }

  /** Regular files, hidden ones left out, by name; at most 1000. */
  async list(): Promise<readonly ListedFile[]> {
    const found: ListedFile[] = [];
    const walk = async (under: string): Promise<void> => {
      const entries = await readdir(join(this.directory, under), { withFileTypes: true });
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (found.length >= MOST_LISTED) return;
        const name = under === '' ? entry.name : `${under}/${entry.name}`;
        if (entry.name.startsWith('.')) continue;
        if (entry.isDirectory()) await walk(name);
        // It may be gone in the meantime.
        const stats = entry.isFile()
          ? await lstat(join(this.directory, name)).catch(() => undefined)
          : undefined;
        if (stats !== undefined) found.push({ name, size: stats.size });
      }
    };
    try {
      await this.checkDirectory();
      await walk('');
    } catch (error) {
      const problem = toFileProblem(error, '.');
      if (problem.code !== 'missing') throw problem;
    }
    return found;
  }

  /** Deletes a regular file. Of what is not there: `missing`. */
  async remove(name: string): Promise<void> {
    try {
      const real = await this.locate(name);
      // A link inside the directory leads to another name: what was named is not the file.
      if (real !== this.plainPath(name)) throw new FileProblem('not_a_file', name);
      if (!(await lstat(real)).isFile()) throw new FileProblem('not_a_file', name);
      await unlink(real);
    } catch (error) {
      throw toFileProblem(error, name);
    }
  }

  /** Writes a file of that name, as a whole or not at all. `replace` false: `taken` when there is one. */
  async write(name: string, content: string, { replace }: { readonly replace: boolean }): Promise<void> {
    const path = this.plainPath(name);
    const aside = `${path}.part`.replace(/[^/\\]+$/, (base) => `.${base}`);
    try {
      await this.makeDirectory();
      await rm(aside, { force: true });
      const handle = await open(aside, 'wx', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if (replace) await rename(aside, path);
      else await link(aside, path);
    } catch (error) {
      throw toFileProblem(error, name);
    } finally {
      await rm(aside, { force: true }).catch(() => {});
    }
  }

  /** The real path of what is there. */
  private async locate(name: string): Promise<string> {
    const path = this.plainPath(name);
    await this.checkDirectory();
    const real = await realpath(path);
    if (!real.startsWith(this.directory + sep)) throw new FileProblem('outside', name);
    return real;
  }

  /** Where it would be; it says nothing about links. */
  private plainPath(name: string): string {
    const path = resolve(this.directory, name);
    if (name.includes('\0') || !path.startsWith(this.directory + sep)) throw new FileProblem('outside', name);
    return path;
  }

  /** The directory itself is no link: it would be somebody else's. */
  private async checkDirectory(): Promise<void> {
    if ((await realpath(this.directory)) !== this.directory) throw new FileProblem('outside', '.');
  }

  private async makeDirectory(): Promise<void> {
    let path = this.root;
    for (const part of this.parts) {
      path = join(path, part);
      await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
        if (toFileProblem(error, '.').code !== 'taken') throw error;
      });
      if (!(await lstat(path)).isDirectory()) throw new FileProblem('outside', '.');
    }
  }
}
