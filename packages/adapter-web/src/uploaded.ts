/**
 * Which uploads no message has used yet. Kept in memory only: after a restart nobody knows any more, and
 * then an upload is not deleted on a page's word but stays until it is too old.
 */
import type { Files, KeptFile } from '@surfaces/core';
import type { FileId, PersonId } from '@surfaces/protocol';

const REMEMBERED = 100_000;

export interface UsedFiles {
  readonly files: readonly KeptFile[];
  /** The message was not taken: they are unused again. */
  release(): void;
}

export class Uploaded {
  readonly #files: Pick<Files, 'find' | 'drop'>;
  readonly #unused = new Map<FileId, PersonId>();

  constructor(files: Pick<Files, 'find' | 'drop'>) {
    this.#files = files;
  }

  add(owner: PersonId, id: FileId): void {
    this.#unused.set(id, owner);
    for (const oldest of this.#unused.keys()) {
      if (this.#unused.size <= REMEMBERED) break;
      this.#unused.delete(oldest);
    }
  }

  /** For a message of `owner`, in its order; `undefined` when one of them is not there for this person. */
  async use(owner: PersonId, ids: readonly FileId[]): Promise<UsedFiles | undefined> {
    const taken = [...new Set(ids)].filter((id) => this.#unused.get(id) === owner);
    for (const id of taken) this.#unused.delete(id);
    const release = () => {
      for (const id of taken) this.add(owner, id);
    };
    try {
      const found = await Promise.all([...new Set(ids)].map((id) => this.#files.find(owner, id)));
      const files = found.filter((file) => file !== undefined);
      if (files.length === found.length) return { files, release };
    } catch (error) {
      release();
      throw error;
    }
    release();
    return undefined;
  }

  /** `used`: a message has it, or may have. */
  async drop(owner: PersonId, id: FileId): Promise<'dropped' | 'used' | 'unknown'> {
    if (this.#unused.get(id) === owner) {
      this.#unused.delete(id);
      await this.#files.drop(owner, id);
      return 'dropped';
    }
    return (await this.#files.find(owner, id)) === undefined ? 'unknown' : 'used';
  }
}
