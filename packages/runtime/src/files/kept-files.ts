/**
 * The files that the system keeps: `<directory>/<hash of the owner>/<id>` with what is known of it in
 * `<id>.json` beside it, written last: what has none was never kept.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bytes,
  FileError,
  type Files,
  type KeptFile,
  safeFileName,
  UNFINISHED_PREFIX,
} from '@surfaces/core';
import { FileId, type PersonId } from '@surfaces/protocol';
import mime from 'mime';
import { z } from 'zod';
import { errnoOf, readFailure, writeFailure } from './failure.ts';
import { piecesOf, pour } from './pour.ts';

export interface FilesOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Of one file. */
  readonly maxBytes: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const Facts = z.object({
  name: z.string().min(1).max(255),
  mediaType: z.string().max(255),
  size: z.number().int().nonnegative(),
  keptAt: z.number(),
});
type Facts = z.infer<typeof Facts>;

const MEDIA_TYPE = /^[a-z0-9][\w.+-]{0,100}\/[a-z0-9][\w.+-]{0,100}$/i;
const FACTS = '.json';
const NOTE = '.note';
/** Whoever asked for a file has so long to begin to need it: a message that names it is stored by then. */
const ASKED_MS = 10 * 60_000;

/** Nobody is asked to trust it: it says how to show a file, and not what is in it. */
function mediaTypeOf(name: string, given: string | undefined): string {
  if (given !== undefined && MEDIA_TYPE.test(given)) return given.toLowerCase();
  return mime.getType(name) ?? 'application/octet-stream';
}

export function newFileId(): FileId {
  return FileId.parse(randomBytes(18).toString('base64url'));
}

export class KeptFiles implements Files {
  readonly maxBytes: number;
  readonly #directory: string;
  readonly #now: () => number;
  /** When each file, by its path, was asked for, the latest last, epoch milliseconds; only since `ASKED_MS`. */
  readonly #asked = new Map<string, number>();
  /** Those that are being pruned: nobody finds them any more. */
  readonly #going = new Set<string>();
  /** What an earlier process left unfinished is gone. Never rejects. */
  readonly #swept: Promise<void>;

  constructor(options: FilesOptions) {
    this.maxBytes = options.maxBytes;
    this.#directory = options.directory;
    this.#now = options.now ?? Date.now;
    // What cannot be swept hinders nobody: the next call meets the same trouble and says so.
    this.#swept = this.#sweep(Date.now()).catch(() => undefined);
  }

  keep(
    owner: PersonId,
    file: { readonly name: string; readonly mediaType?: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<KeptFile> {
    return this.keepAs(owner, newFileId(), file, content, signal);
  }

  /** As `keep`, under an id that was made before. */
  async keepAs(
    owner: PersonId,
    id: FileId,
    file: { readonly name: string; readonly mediaType?: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<KeptFile> {
    await this.#swept;
    const directory = this.#directoryOf(owner);
    const name = safeFileName(file.name);
    const path = join(directory, FileId.parse(id));
    const unfinished = join(directory, `${UNFINISHED_PREFIX}${randomUUID()}`);
    try {
      await this.#make(directory);
      const size = await writing(unfinished, (handle) => pour(content, handle, this.maxBytes, signal));
      await rename(unfinished, path);
      const kept = { id, name, mediaType: mediaTypeOf(name, file.mediaType), size };
      await this.#write(directory, `${id}${FACTS}`, { ...kept, keptAt: this.#now() });
      return kept;
    } catch (error) {
      for (const left of [unfinished, path]) await rm(left, { force: true });
      if (signal.aborted) throw signal.reason;
      throw writeFailure(error);
    }
  }

  async find(owner: PersonId, id: FileId): Promise<KeptFile | undefined> {
    const parsed = FileId.safeParse(id);
    if (!parsed.success || this.#going.has(id)) return undefined;
    const path = join(this.#directoryOf(owner), parsed.data);
    this.#noteAsked(path);
    const found = await this.#find(owner, id);
    if (!found) this.#asked.delete(path);
    return found;
  }

  async *read(
    owner: PersonId,
    id: FileId,
    range?: { readonly from: number; readonly to: number },
  ): AsyncGenerator<Uint8Array> {
    const facts = await this.#facts(owner, id);
    if (!facts) throw new FileError('not_found', `no file ${id}`);
    const from = Math.max(0, range?.from ?? 0);
    const to = Math.min(facts.size, range?.to ?? facts.size);
    let handle: FileHandle;
    try {
      handle = await open(join(this.#directoryOf(owner), id), 'r');
    } catch (error) {
      throw readFailure(error);
    }
    yield* piecesOf(handle, from, to);
  }

  async drop(owner: PersonId, id: FileId): Promise<void> {
    const parsed = FileId.safeParse(id);
    if (!parsed.success) return;
    const path = join(this.#directoryOf(owner), parsed.data);
    try {
      // First what makes it a file; content alone is swept.
      await rm(`${path}${FACTS}`, { force: true });
      await rm(path, { force: true });
    } catch (error) {
      throw writeFailure(error);
    }
  }

  async dropAll(owner: PersonId): Promise<void> {
    try {
      await rm(this.#directoryOf(owner), { recursive: true, force: true });
    } catch (error) {
      throw writeFailure(error);
    }
  }

  async *list(owner: PersonId): AsyncGenerator<KeptFile> {
    for (const name of await namesIn(this.#directoryOf(owner))) {
      const id = FileId.safeParse(name);
      const kept = id.success ? await this.#find(owner, id.data) : undefined;
      if (kept) yield kept;
    }
  }

  async prune(before: number, needed: ReadonlySet<string>, signal: AbortSignal): Promise<number> {
    let gone = 0;
    for (const directory of await this.#owners()) {
      for (const name of await namesIn(directory)) {
        signal.throwIfAborted();
        const path = join(directory, name);
        if (name.endsWith(NOTE)) {
          if (await isOlder(path, before)) await rm(path, { force: true });
          continue;
        }
        const id = name.endsWith(FACTS) ? name.slice(0, -FACTS.length) : undefined;
        const facts = id === undefined ? undefined : await factsIn(path);
        if (id === undefined || !facts || facts.keptAt >= before || needed.has(id)) continue;
        if (await this.#letGo(id, path)) gone += 1;
      }
    }
    return gone;
  }

  /** What was noted for this person under a key, as JSON; `undefined` when there is nothing. */
  async note(owner: PersonId, key: string): Promise<unknown> {
    return json(join(this.#directoryOf(owner), noteName(key)));
  }

  /** Durable when it resolves. Goes with the person's files, and by age. */
  async putNote(owner: PersonId, key: string, note: object): Promise<void> {
    const directory = this.#directoryOf(owner);
    try {
      await this.#make(directory);
      await this.#write(directory, noteName(key), note);
    } catch (error) {
      throw writeFailure(error);
    }
  }

  async #find(owner: PersonId, id: FileId): Promise<KeptFile | undefined> {
    const facts = await this.#facts(owner, id);
    if (!facts) return undefined;
    const { name, mediaType, size } = facts;
    return { id, name, mediaType, size };
  }

  #noteAsked(path: string): void {
    const now = this.#now();
    this.#asked.delete(path);
    this.#asked.set(path, now);
    for (const [oldest, at] of this.#asked) {
      if (now - at < ASKED_MS) break;
      this.#asked.delete(oldest);
    }
  }

  /** Nobody who asks for it from now on finds it, and nobody did lately; false when somebody did. */
  async #letGo(id: string, facts: string): Promise<boolean> {
    const asked = this.#asked.get(facts.slice(0, -FACTS.length));
    if (asked !== undefined && this.#now() - asked < ASKED_MS) return false;
    this.#going.add(id);
    try {
      await rm(facts, { force: true });
      await rm(facts.slice(0, -FACTS.length), { force: true });
    } finally {
      this.#going.delete(id);
    }
    return true;
  }

  #directoryOf(owner: PersonId): string {
    return join(this.#directory, createHash('sha256').update(owner).digest('hex'));
  }

  async #facts(owner: PersonId, id: FileId): Promise<Facts | undefined> {
    const parsed = FileId.safeParse(id);
    if (!parsed.success) return undefined;
    return factsIn(join(this.#directoryOf(owner), `${parsed.data}${FACTS}`));
  }

  async #make(directory: string): Promise<void> {
    const made = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(this.#directory);
  }

  async #write(directory: string, name: string, content: object): Promise<void> {
    const unfinished = join(directory, `${UNFINISHED_PREFIX}${randomUUID()}`);
    try {
      await writing(unfinished, async (handle) => {
        await handle.writeFile(JSON.stringify(content));
        await handle.sync();
      });
      await rename(unfinished, join(directory, name));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await syncDirectory(directory);
  }

  async #owners(): Promise<string[]> {
    const names = await namesIn(this.#directory);
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).map((name) => join(this.#directory, name));
  }

  async #sweep(startedAt: number): Promise<void> {
    for (const directory of await this.#owners()) {
      const names = new Set(await namesIn(directory));
      for (const name of names) {
        const left =
          name.startsWith(UNFINISHED_PREFIX) ||
          (FileId.safeParse(name).success && !names.has(`${name}${FACTS}`));
        const path = join(directory, name);
        if (left && (await isOlder(path, startedAt))) await unlink(path);
      }
    }
  }
}

/** `directory` is for nothing else; one process at a time. */
export function createFiles(options: FilesOptions): KeptFiles {
  return new KeptFiles(options);
}

async function writing<T>(path: string, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'wx', 0o600);
  try {
    return await write(handle);
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no such call.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw readFailure(error);
  }
}

async function json(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw readFailure(error);
  }
}

async function factsIn(path: string): Promise<Facts | undefined> {
  return Facts.safeParse(await json(path)).data;
}

async function isOlder(path: string, before: number): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < before;
  } catch {
    return false;
  }
}

function noteName(key: string): string {
  return `${createHash('sha256').update(key).digest('hex')}${NOTE}`;
}
