/** Files: what the system keeps for people, and the directories that agents work in. Implemented by the runtime. */
import type { AgentId, FileId, PersonId } from '@surfaces/protocol';

export type Bytes = AsyncIterable<Uint8Array>;

/** A file that the system keeps for one person. Nobody else can open it, whatever id they know. */
export interface KeptFile {
  readonly id: FileId;
  readonly name: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

export interface Files {
  /** Bytes; what is larger is refused with `too_large`. */
  readonly maxBytes: number;
  /**
   * Keeps what a person sends. Durable when it resolves; nothing is left of what failed.
   * Throws a `FileError`: `too_large`, `empty`, `disk_full`, `cut_off` (the bytes ended with an error), `failed`.
   */
  keep(
    owner: PersonId,
    file: { readonly name: string; readonly mediaType?: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<KeptFile>;
  /** `undefined`: there is none of that id, for this person. */
  find(owner: PersonId, id: FileId): Promise<KeptFile | undefined>;
  /** From byte `from` to before `to`. Throws a `FileError` (`not_found`). */
  read(owner: PersonId, id: FileId, range?: { readonly from: number; readonly to: number }): Bytes;
  /** Again, or of one that is gone: nothing happens. */
  drop(owner: PersonId, id: FileId): Promise<void>;
  /** Everything of a person. */
  dropAll(owner: PersonId): Promise<void>;
  /** All files of a person, for an export. */
  list(owner: PersonId): AsyncIterable<KeptFile>;
  /**
   * Deletes what was kept before that time (epoch milliseconds), but for those of the ids in `needed` and
   * those that were asked for by `find` a short while ago: whoever did may be about to need them. How many files.
   */
  prune(before: number, needed: ReadonlySet<string>, signal: AbortSignal): Promise<number>;
}

/** Whose part of which agent's workspace. */
export interface Workplace {
  readonly agentId: AgentId;
  readonly person: PersonId;
}

/**
 * The directories that agents work in. An agent that serves several people has a directory per person
 * below its workspace, and no path leads from one to another's. Paths are relative to the workspace.
 * Everything throws a `FileError`.
 */
export interface Workspaces {
  /** `none`: files cannot be exchanged with this agent. `person`: the person's own directory, relative. */
  describe(workplace: Workplace): 'none' | { readonly directory?: string };
  /**
   * Saves under a safe name that is not taken (design, section 8), as a whole or not at all. `key` makes
   * it safe to repeat after a crash: what was saved by it and is there unchanged is not saved again.
   * Throws as `Files.keep` does, and `no_workspace`, `outside`.
   */
  save(
    workplace: Workplace,
    file: { readonly name: string; readonly key: string },
    content: Bytes,
    signal: AbortSignal,
  ): Promise<{ readonly path: string; readonly size: number }>;
  /**
   * Takes a copy of a file that the agent names into keeping. `key` makes it safe to repeat: the same
   * one is one file. The path may be relative, `/workspace/…` or `/agents/N/…` (design, section 8).
   * `not_found`, `outside`, `not_a_file`, `too_large`, `empty`, `cut_off` (it shrank meanwhile), `no_workspace`,
   * `disk_full`, `failed`. What grows meanwhile is taken as long as it was at the beginning.
   */
  collect(workplace: Workplace, path: string, key: string, signal: AbortSignal): Promise<KeptFile>;
  /** Takes away a file that `save` made. */
  remove(workplace: Workplace, path: string): Promise<void>;
  /** Takes away the person's own directories: in every workspace, whoever is served there now. */
  forget(person: PersonId): Promise<void>;
}
