/** The directories of agents in memory, with links as a real disk has them. */
import type { AgentId } from '@surfaces/protocol';
import { untilAborted } from '../attempts.ts';
import { FileError, type FileErrorCode } from '../ports/file-errors.ts';

type Entry = { readonly bytes: Uint8Array } | { readonly link: string } | 'directory';

export interface DiskFault {
  readonly call: 'keep' | 'save' | 'collect';
  readonly code: FileErrorCode;
  /** How many calls fail; 1 when left out. */
  readonly times?: number;
}

/** How many links one path may lead over. */
const LINKS = 20;

/** One agent's workspace. Paths are relative to it, without a leading slash. */
export class MemoryWorkspace {
  readonly path: string;
  readonly shared: boolean;
  readonly #entries = new Map<string, Entry>();

  constructor(path: string, shared: boolean) {
    this.path = path;
    this.shared = shared;
  }

  /** Makes or replaces a file, and the directories on the way. */
  write(path: string, content: string | Uint8Array): void {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) this.makeDirectory(parts.slice(0, depth).join('/'));
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    this.#entries.set(path, { bytes });
  }

  makeDirectory(path: string): void {
    if (!this.#entries.has(path)) this.#entries.set(path, 'directory');
  }

  /** A symbolic link; `to` is relative to where it lies, or absolute. */
  link(path: string, to: string): void {
    this.#entries.set(path, { link: to });
  }

  remove(path: string): void {
    for (const name of [...this.#entries.keys()]) {
      if (name === path || name.startsWith(`${path}/`)) this.#entries.delete(name);
    }
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  isLink(path: string): boolean {
    const entry = this.#entries.get(path);
    return typeof entry === 'object' && 'link' in entry;
  }

  /** Paths of all files below a directory. */
  files(directory = ''): string[] {
    const start = directory === '' ? '' : `${directory}/`;
    return [...this.#entries]
      .filter(([name, entry]) => name.startsWith(start) && typeof entry === 'object' && 'bytes' in entry)
      .map(([name]) => name)
      .sort();
  }

  text(path: string): string | undefined {
    const entry = this.#entries.get(path);
    return typeof entry === 'object' && 'bytes' in entry ? new TextDecoder().decode(entry.bytes) : undefined;
  }

  /** The bytes at a path, links followed as long as they stay below `home`. Throws a `FileError`. */
  read(path: string, home: string): Uint8Array {
    const real = this.#real(path.split('/'), 0);
    if (home !== '' && real !== home && !real.startsWith(`${home}/`)) throw outside(path);
    const entry = real === '' ? 'directory' : this.#entries.get(real);
    if (entry === undefined) throw new FileError('not_found', `no ${path}`);
    if (entry === 'directory' || !('bytes' in entry)) throw new FileError('not_a_file', `${path} is no file`);
    return entry.bytes;
  }

  #real(parts: readonly string[], links: number): string {
    let at: string[] = [];
    for (const [index, part] of parts.entries()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (at.length === 0) throw outside(parts.join('/'));
        at = at.slice(0, -1);
        continue;
      }
      const entry = this.#entries.get([...at, part].join('/'));
      if (typeof entry === 'object' && 'link' in entry) {
        const inside = entry.link.startsWith(`${this.path}/`)
          ? entry.link.slice(this.path.length + 1)
          : entry.link;
        if (inside.startsWith('/') || links >= LINKS) throw outside(entry.link);
        const from = inside === entry.link ? at : [];
        return this.#real([...from, ...inside.split('/'), ...parts.slice(index + 1)], links + 1);
      }
      at.push(part);
    }
    return at.join('/');
  }
}

/** What outlives the processes of a test: workspaces, and what goes wrong with them. */
export class MemoryDisk {
  readonly workspaces = new Map<AgentId, MemoryWorkspace>();
  #faults: { readonly fault: DiskFault; left: number }[] = [];
  #holds: { readonly call: DiskFault['call']; readonly released: Promise<void> }[] = [];

  /** `shared`: the agent serves several people. */
  addWorkspace(agentId: AgentId, options: { readonly shared?: boolean } = {}): MemoryWorkspace {
    const workspace = new MemoryWorkspace(`/agents/${this.workspaces.size}`, options.shared ?? false);
    this.workspaces.set(agentId, workspace);
    return workspace;
  }

  fail(fault: DiskFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  heal(): void {
    this.#faults = [];
  }

  /** Makes calls of a kind wait until the result is called. */
  hold(call: DiskFault['call']): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hold = { call, released: promise };
    this.#holds.push(hold);
    return () => {
      this.#holds = this.#holds.filter((other) => other !== hold);
      resolve();
    };
  }

  /** Waits where calls are held; throws where a fault was set, and the signal's reason. */
  async meet(call: DiskFault['call'], signal: AbortSignal): Promise<void> {
    for (const hold of this.#holds.filter((other) => other.call === call)) {
      await untilAborted(hold.released, signal);
    }
    const found = this.#faults.find(({ fault, left }) => fault.call === call && left > 0);
    if (!found) return;
    found.left -= 1;
    throw new FileError(found.fault.code, `the disk was told to fail: ${found.fault.code}`);
  }
}

function outside(path: string): FileError {
  return new FileError('outside', `${path} leads out`);
}
