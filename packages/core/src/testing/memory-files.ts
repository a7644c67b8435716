/** `Files` and `Workspaces` in memory, as one process sees them. */
import { FileId, type PersonId } from '@surfaces/protocol';
import { numberedName, safeFileName } from '../file-name.ts';
import { FileError, isFileError } from '../ports/file-errors.ts';
import type { Bytes, Files, KeptFile, Workplace, Workspaces } from '../ports/files.ts';
import type { MemoryDisk, MemoryWorkspace } from './memory-disk.ts';

interface Kept {
  readonly file: KeptFile;
  readonly bytes: Uint8Array;
  /** Epoch milliseconds. */
  readonly keptAt: number;
}

/** What several 'processes' share. */
export class MemoryFileTables {
  readonly kept = new Map<PersonId, Map<FileId, Kept>>();
  /** By person and key: what a save or a collect made. */
  readonly saved = new Map<string, { readonly path: string; readonly bytes: Uint8Array }>();
  readonly collected = new Map<string, FileId>();
  readonly disk: MemoryDisk;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
  }

  /** `maxBytes`: of one file, in each direction. */
  open(maxBytes = 1_000_000): MemoryFileSystem {
    let alive = true;
    const living = (): Promise<void> => (alive ? Promise.resolve() : new Promise(() => undefined));
    const files = new MemoryFiles(this, maxBytes, living);
    const workspaces = new MemoryWorkspaces(this, files, maxBytes, living);
    return {
      files,
      workspaces,
      kill: () => {
        alive = false;
      },
    };
  }
}

export interface MemoryFileSystem {
  readonly files: Files;
  readonly workspaces: Workspaces;
  /** As SIGKILL: calls, made or waiting, never settle and change nothing. */
  kill(): void;
}

class MemoryFiles implements Files {
  readonly maxBytes: number;
  readonly #asked = new Set<FileId>();
  readonly #tables: MemoryFileTables;
  readonly #living: () => Promise<void>;

  constructor(tables: MemoryFileTables, maxBytes: number, living: () => Promise<void>) {
    this.#tables = tables;
    this.maxBytes = maxBytes;
    this.#living = living;
  }

  async keep(
    owner: PersonId,
    file: { readonly name: string; readonly mediaType?: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<KeptFile> {
    const bytes = await whole(content, this.maxBytes, signal);
    await this.#living();
    await this.#tables.disk.meet('keep', signal);
    return this.keepAs(owner, FileId.parse(crypto.randomUUID()), file, bytes);
  }

  keepAs(
    owner: PersonId,
    id: FileId,
    file: { readonly name: string; readonly mediaType?: string },
    bytes: Uint8Array,
  ): KeptFile {
    const kept: KeptFile = {
      id,
      name: safeFileName(file.name),
      mediaType: file.mediaType ?? (file.name.endsWith('.png') ? 'image/png' : 'application/octet-stream'),
      size: bytes.length,
    };
    const owned = this.#tables.kept.get(owner) ?? new Map<FileId, Kept>();
    this.#tables.kept.set(owner, owned.set(id, { file: kept, bytes, keptAt: Date.now() }));
    return kept;
  }

  async find(owner: PersonId, id: FileId): Promise<KeptFile | undefined> {
    this.#asked.add(id);
    return this.#tables.kept.get(owner)?.get(id)?.file;
  }

  async *read(
    owner: PersonId,
    id: FileId,
    range?: { readonly from: number; readonly to: number },
  ): AsyncGenerator<Uint8Array> {
    const kept = this.#tables.kept.get(owner)?.get(id);
    if (!kept) throw new FileError('not_found', `no file ${id}`);
    const bytes = kept.bytes.slice(range?.from ?? 0, range?.to ?? kept.bytes.length);
    // In pieces, as a disk gives them.
    for (let at = 0; at < bytes.length; at += 4096) yield bytes.slice(at, at + 4096);
  }

  async drop(owner: PersonId, id: FileId): Promise<void> {
    await this.#living();
    this.#tables.kept.get(owner)?.delete(id);
  }

  async dropAll(owner: PersonId): Promise<void> {
    await this.#living();
    this.#tables.kept.delete(owner);
  }

  async *list(owner: PersonId): AsyncGenerator<KeptFile> {
    for (const { file } of this.#tables.kept.get(owner)?.values() ?? []) yield file;
  }

  async prune(before: number, needed: ReadonlySet<string>, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    let gone = 0;
    for (const owned of this.#tables.kept.values()) {
      for (const [id, { keptAt }] of owned) {
        if (keptAt < before && !needed.has(id) && !this.#asked.has(id) && owned.delete(id)) gone += 1;
      }
    }
    return gone;
  }
}

class MemoryWorkspaces implements Workspaces {
  readonly #tables: MemoryFileTables;
  readonly #files: MemoryFiles;
  readonly #maxBytes: number;
  readonly #living: () => Promise<void>;

  constructor(tables: MemoryFileTables, files: MemoryFiles, maxBytes: number, living: () => Promise<void>) {
    this.#tables = tables;
    this.#files = files;
    this.#maxBytes = maxBytes;
    this.#living = living;
  }

  describe({ agentId, person }: Workplace): 'none' | { readonly directory?: string } {
    const workspace = this.#tables.disk.workspaces.get(agentId);
    if (!workspace) return 'none';
    return workspace.shared ? { directory: person } : {};
  }

  async save(
    workplace: Workplace,
    file: { readonly name: string; readonly key: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<{ readonly path: string; readonly size: number }> {
    const { workspace, home } = this.#open(workplace);
    const key = `${workplace.person} ${file.key}`;
    const before = this.#tables.saved.get(key);
    if (before && workspace.has(before.path) && workspace.read(before.path, home) === before.bytes) {
      return { path: before.path, size: before.bytes.length };
    }
    const bytes = await whole(content, this.#maxBytes, signal);
    await this.#living();
    await this.#tables.disk.meet('save', signal);
    if (home !== '' && workspace.isLink(home)) throw new FileError('outside', `${home} is a link`);
    const wanted = safeFileName(file.name);
    const pathOf = (number: number) =>
      `${home === '' ? '' : `${home}/`}${number === 0 ? wanted : numberedName(wanted, number)}`;
    let number = 0;
    while (workspace.has(pathOf(number))) number += 1;
    const path = pathOf(number);
    workspace.write(path, bytes);
    this.#tables.saved.set(key, { path, bytes });
    return { path, size: bytes.length };
  }

  async collect(workplace: Workplace, path: string, key: string, signal: AbortSignal): Promise<KeptFile> {
    signal.throwIfAborted();
    const { workspace, home } = this.#open(workplace);
    await this.#living();
    await this.#tables.disk.meet('collect', signal);
    await this.#living();
    const known = this.#tables.collected.get(`${workplace.person} ${key}`);
    const before = known && this.#tables.kept.get(workplace.person)?.get(known)?.file;
    if (before) return before;
    if (home !== '' && workspace.isLink(home)) throw new FileError('outside', `${home} is a link`);
    const place = placeOf(path, workspace.path);
    if (home !== '' && !place.startsWith(`${home}/`)) throw new FileError('outside', `${path} is not theirs`);
    const bytes = workspace.read(place, home);
    if (bytes.length > this.#files.maxBytes) throw new FileError('too_large', `${path} is too large`);
    if (bytes.length === 0) throw new FileError('empty', `${path} is empty`);
    const id = known ?? FileId.parse(crypto.randomUUID());
    this.#tables.collected.set(`${workplace.person} ${key}`, id);
    return this.#files.keepAs(workplace.person, id, { name: path }, bytes);
  }

  async remove(workplace: Workplace, path: string): Promise<void> {
    const { workspace, home } = this.#open(workplace);
    const name = home === '' ? path : path.slice(home.length + 1);
    if (path !== (home === '' ? name : `${home}/${name}`) || name.includes('/')) {
      throw new FileError('outside', `${path} is not where files are saved`);
    }
    await this.#living();
    workspace.remove(path);
  }

  async forget(person: PersonId): Promise<void> {
    await this.#living();
    for (const workspace of this.#tables.disk.workspaces.values()) {
      if (workspace.shared) workspace.remove(person);
    }
  }

  #open({ agentId, person }: Workplace): { readonly workspace: MemoryWorkspace; readonly home: string } {
    const workspace = this.#tables.disk.workspaces.get(agentId);
    if (!workspace) throw new FileError('no_workspace', `${agentId} shares no directory`);
    return { workspace, home: workspace.shared ? person : '' };
  }
}

function placeOf(path: string, root: string): string {
  if (path === '' || path.includes('\0')) throw new FileError('not_found', 'not a path');
  for (const start of [root, '/workspace']) {
    if (path.startsWith(`${start}/`)) return normal(path.slice(start.length + 1));
  }
  if (path.startsWith('/')) throw new FileError('outside', `${path} leads out`);
  return normal(path);
}

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..' && parts.pop() === undefined) throw new FileError('outside', `${path} leads out`);
    if (part !== '' && part !== '.' && part !== '..') parts.push(part);
  }
  return parts.join('/');
}

async function whole(content: Bytes, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  const source = content[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([source.next(), aborted]).catch((cause) => {
      if (signal.aborted || isFileError(cause)) throw cause;
      throw new FileError('cut_off', 'the bytes ended with an error', { cause });
    });
    if (next.done) break;
    size += next.value.length;
    if (size > maxBytes) {
      void source.return?.();
      throw new FileError('too_large', `more than ${maxBytes} bytes`);
    }
    pieces.push(next.value.slice());
  }
  if (size === 0) throw new FileError('empty', 'no bytes came');
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
