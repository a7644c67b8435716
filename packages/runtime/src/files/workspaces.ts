import { createHash, randomUUID } from 'node:crypto';
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
import { basename, join, relative } from 'node:path';
import {
  type Bytes,
  FileError,
  isFileError,
  type KeptFile,
  numberedName,
  safeFileName,
  UNFINISHED_PREFIX,
  type Workplace,
  type Workspaces,
} from '@surfaces/core';
import { type AgentId, FileId, type PersonId } from '@surfaces/protocol';
import { z } from 'zod';
import { errnoOf, readFailure, writeFailure } from './failure.ts';
import { type KeptFiles, newFileId } from './kept-files.ts';
import { isBelow, type OpenDirectory, openBelow, openDirectory } from './open-directory.ts';
import { directoryOf, isOfPerson } from './person-directory.ts';
import { piecesOf, pour } from './pour.ts';
import { placeOf } from './workplace-path.ts';

/** Where an agent works. `shared`: every person has a directory of their own in it. */
export interface Workspace {
  readonly path: string;
  readonly shared: boolean;
}

export interface WorkspacesOptions {
  /** Where an agent works, and whether it serves several people; `undefined`: it shares no directory. */
  readonly workspaceOf: (agentId: AgentId) => Workspace | undefined;
  /** Wherever a person may have a directory: also of agents that went. What is not there does no harm. */
  readonly everywhere: () => readonly Workspace[];
  /** Takes what agents send. */
  readonly files: KeptFiles;
  /** Of one file from a person. */
  readonly maxBytes: number;
}

/** How many equal names there may be. */
const NUMBERS = 10_000;
/** What is unfinished for so long was left by a crash; another process may be at work here too. Milliseconds. */
const ABANDONED = 3_600_000;
/** File systems that know no hard links. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/** What is remembered of a save: the file itself, whatever it is called by now. */
const Saved = z.object({ ino: z.string(), mtimeNs: z.string() });
const Collected = z.object({ file: FileId });

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  return new DirectoryWorkspaces(options);
}

class DirectoryWorkspaces implements Workspaces {
  readonly #workspaceOf: WorkspacesOptions['workspaceOf'];
  readonly #everywhere: WorkspacesOptions['everywhere'];
  readonly #files: KeptFiles;
  readonly #maxBytes: number;
  readonly #collecting = new Map<string, Promise<KeptFile>>();
  /** When each directory was last looked through for what a crash left, and what may be of such. */
  readonly #swept = new Map<string, { readonly at: number; readonly left: Promise<readonly string[]> }>();

  constructor(options: WorkspacesOptions) {
    this.#workspaceOf = options.workspaceOf;
    this.#everywhere = options.everywhere;
    this.#files = options.files;
    this.#maxBytes = options.maxBytes;
  }

  describe({ agentId, person }: Workplace): 'none' | { readonly directory?: string } {
    const workspace = this.#workspaceOf(agentId);
    if (!workspace) return 'none';
    return workspace.shared ? { directory: directoryOf(person) } : {};
  }

  async save(
    workplace: Workplace,
    file: { readonly name: string; readonly key: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<{ readonly path: string; readonly size: number }> {
    const { root, home } = await this.#open(workplace, 'make');
    const pathOf = (name: string) => relative(root, join(home.path, name)).replaceAll('\\', '/');
    try {
      const left = await this.#sweep(home);
      const known = await this.#savedBefore(workplace.person, file.key, home);
      // Whoever is asked to save the same again is the heir of who was killed at it.
      const begins = unfinishedOf(file.key);
      for (const name of left) if (name.startsWith(begins)) await rm(home.at(name), { force: true });
      if (known) return { path: pathOf(known.name), size: known.size };
      const unfinished = `${begins}${randomUUID()}`;
      try {
        const handle = await open(home.at(unfinished), 'wx');
        let size: number;
        try {
          size = await pour(content, handle, this.#maxBytes, signal);
          const { ino, mtimeNs } = await handle.stat({ bigint: true });
          await this.#files.putNote(workplace.person, file.key, { ino: `${ino}`, mtimeNs: `${mtimeNs}` });
        } finally {
          await handle.close();
        }
        const name = await settle(home, unfinished, safeFileName(file.name));
        await home.sync();
        return { path: pathOf(name), size };
      } catch (error) {
        await rm(home.at(unfinished), { force: true });
        throw error;
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw writeFailure(error);
    } finally {
      await home.close();
    }
  }

  async collect(workplace: Workplace, path: string, key: string, signal: AbortSignal): Promise<KeptFile> {
    const flight = `${workplace.person} ${key}`;
    const running = this.#collecting.get(flight);
    if (running) return running;
    const collected = this.#collect(workplace, path, key, signal);
    this.#collecting.set(flight, collected);
    try {
      return await collected;
    } finally {
      this.#collecting.delete(flight);
    }
  }

  async remove(workplace: Workplace, path: string): Promise<void> {
    const opened = await this.#open(workplace, 'look').catch((error) => {
      if (isFileError(error) && error.code === 'not_found') return undefined;
      throw error;
    });
    if (!opened) return;
    const { root, home } = opened;
    try {
      const place = join(root, placeOf(path, root));
      if (place !== join(home.path, basename(place))) {
        throw new FileError('outside', `${path} is not where files are saved`);
      }
      await unlink(home.at(basename(place)));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw readFailure(error);
    } finally {
      await home.close();
    }
  }

  async forget(person: PersonId): Promise<void> {
    const name = directoryOf(person);
    const failures: unknown[] = [];
    for (const { path, shared } of this.#everywhere()) {
      // It may have been shared once. In one that never was, another name may be anything.
      if (!shared && !isOfPerson(name)) continue;
      try {
        // A link in its place is removed, and not what it leads to.
        await rm(join(await realpath(path), name), { recursive: true, force: true });
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') failures.push(error);
      }
    }
    if (failures.length > 0) throw writeFailure(failures[0]);
  }

  async #collect(workplace: Workplace, path: string, key: string, signal: AbortSignal): Promise<KeptFile> {
    const { person } = workplace;
    signal.throwIfAborted();
    const noted = Collected.safeParse(await this.#files.note(person, `collect ${key}`)).data;
    const before = noted && (await this.#files.find(person, noted.file));
    if (before) return before;
    const source = await this.#source(workplace, path);
    try {
      const { size } = await source.stat();
      if (size > this.#files.maxBytes) {
        throw new FileError('too_large', `more than ${this.#files.maxBytes} bytes`);
      }
      const id = noted?.file ?? newFileId();
      if (!noted) await this.#files.putNote(person, `collect ${key}`, { file: id });
      const content = piecesOf(source, 0, size);
      return await this.#files.keepAs(person, id, { name: basename(path) }, content, signal);
    } finally {
      await source.close();
    }
  }

  async #source(workplace: Workplace, path: string): Promise<FileHandle> {
    const { workspace, root, own } = await this.#locate(workplace);
    const place = join(root, placeOf(path, path.startsWith(root) ? root : workspace.path));
    // Not to tell what there is of others, whether or not this person has anything.
    if (!isBelow(place, own)) throw new FileError('outside', `${path} is not this person's`);
    const { home } = await this.#open(workplace, 'look');
    try {
      if (!isBelow(place, home.path)) throw new FileError('outside', `${path} is not this person's`);
      return await openBelow(home.path, place);
    } catch (error) {
      throw readFailure(error);
    } finally {
      await home.close();
    }
  }

  /** The workspace without links, and where in it this person's directory is, or would be. */
  async #locate({ agentId, person }: Workplace) {
    const workspace = this.#workspaceOf(agentId);
    if (!workspace) throw new FileError('no_workspace', `${agentId} shares no directory`);
    try {
      const root = await realpath(workspace.path);
      return { workspace, root, own: workspace.shared ? join(root, directoryOf(person)) : root };
    } catch (cause) {
      throw new FileError('no_workspace', `${workspace.path} cannot be opened`, { cause });
    }
  }

  /** The workspace without links, and in it the directory that is this person's. */
  async #open(
    workplace: Workplace,
    how: 'make' | 'look',
  ): Promise<{ readonly root: string; readonly home: OpenDirectory }> {
    const { workspace, root, own } = await this.#locate(workplace);
    try {
      if (workspace.shared && how === 'make') {
        await mkdir(own).catch((error) => {
          if (errnoOf(error) !== 'EEXIST') throw error;
        });
      }
      return { root, home: await openDirectory(own) };
    } catch (error) {
      throw how === 'make' ? writeFailure(error) : readFailure(error);
    }
  }

  /** What an earlier save by the same key left, before anybody heard of it. */
  async #savedBefore(
    person: PersonId,
    key: string,
    home: OpenDirectory,
  ): Promise<{ readonly name: string; readonly size: number } | undefined> {
    const noted = Saved.safeParse(await this.#files.note(person, key)).data;
    if (!noted) return undefined;
    let found: { readonly name: string; readonly size: number } | undefined;
    for (const name of await readdir(home.at('.'))) {
      const facts = await lstat(home.at(name), { bigint: true }).catch(() => undefined);
      if (!facts?.isFile() || `${facts.ino}` !== noted.ino || `${facts.mtimeNs}` !== noted.mtimeNs) continue;
      if (name.startsWith(UNFINISHED_PREFIX)) await rm(home.at(name), { force: true });
      else found = { name, size: Number(facts.size) };
    }
    return found;
  }

  /** Removes what crashed saves left here, at the first save and then once in a while; what is too young for that. */
  #sweep(home: OpenDirectory): Promise<readonly string[]> {
    const now = Date.now();
    const before = this.#swept.get(home.path);
    if (before && now - before.at < ABANDONED) return before.left;
    const left = (async () => {
      const young: string[] = [];
      for (const name of await readdir(home.at('.'))) {
        if (!name.startsWith(UNFINISHED_PREFIX)) continue;
        const facts = await lstat(home.at(name)).catch(() => undefined);
        if (facts && now - facts.mtimeMs > ABANDONED) await rm(home.at(name), { force: true });
        else young.push(name);
      }
      return young;
    })();
    this.#swept.set(home.path, { at: now, left });
    // The next save meets the same trouble and says so.
    left.catch(() => this.#swept.delete(home.path));
    return left;
  }
}

/** How the temporary names of one save begin. */
function unfinishedOf(key: string): string {
  return `${UNFINISHED_PREFIX}${createHash('sha256').update(key).digest('hex').slice(0, 24)}-`;
}

/** Gives a whole file the first name that is free; nothing that is there is touched. The name. */
async function settle(home: OpenDirectory, unfinished: string, wanted: string): Promise<string> {
  for (let number = 0; number < NUMBERS; number += 1) {
    const name = number === 0 ? wanted : numberedName(wanted, number);
    try {
      await link(home.at(unfinished), home.at(name));
      await unlink(home.at(unfinished));
      return name;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') continue;
      if (!NO_LINKS.has(errnoOf(error))) throw error;
      if (await renameTo(home, unfinished, name)) return name;
    }
  }
  throw new FileError('failed', `${NUMBERS} files are called ${wanted}`);
}

/** Takes the name first, so that nothing is overwritten; empty for a moment. False when it is taken. */
async function renameTo(home: OpenDirectory, unfinished: string, name: string): Promise<boolean> {
  try {
    await (await open(home.at(name), 'wx')).close();
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await rename(home.at(unfinished), home.at(name));
  } catch (error) {
    await rm(home.at(name), { force: true });
    throw error;
  }
  return true;
}
