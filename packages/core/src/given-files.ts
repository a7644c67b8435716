/** Files that an agent sends with an answer. */
import type { AgentEvent } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { Job } from './lane.ts';
import { type FileErrorCode, isFileError, type KeptFile } from './ports/index.ts';

/** One of them: kept, or why not. `no_files`: nothing can be sent here. */
export type GivenFile = { readonly path: string } & (
  | { readonly kept: KeptFile }
  | { readonly error: FileErrorCode | 'no_files' | 'too_large_here' }
);

export interface Given {
  readonly files: readonly GivenFile[];
  /** How many were sent beyond the limit. */
  readonly more: number;
}

export const NOTHING_GIVEN: Given = { files: [], more: 0 };

/**
 * Takes a copy of each file as soon as the agent named it and the journal says so, one after the other,
 * while the answer goes on: what the agent does to it later changes nothing.
 */
export class GivenFiles {
  readonly #context: Context;
  readonly #job: Job;
  /** Made for the first file: most answers have none. */
  #abort: AbortController | undefined;
  /** Why nothing more is copied. */
  #over: unknown;
  #files: Promise<GivenFile>[] = [];
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: Context, job: Job) {
    this.#context = context;
    this.#job = job;
  }

  /** `known`: resolves when a later process would hear of this event. */
  take({ path, seq }: Extract<AgentEvent, { kind: 'file' }>, known: Promise<void>): void {
    this.#count += 1;
    if (this.#files.length >= this.#context.limits.answerFiles) return;
    const { signal } = this.#copying();
    const file = Promise.all([this.#last, known]).then(() => this.#collect(path, seq, signal));
    this.#last = file;
    this.#files.push(file);
  }

  /** All of them. When `signal` aborts, those that are not copied yet are cut off. */
  async all(signal: AbortSignal): Promise<Given> {
    if (this.#count === 0) return NOTHING_GIVEN;
    const { abort } = this;
    if (signal.aborted) abort(signal.reason);
    const onAbort = () => abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return { files: await Promise.all(this.#files), more: this.#count - this.#files.length };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  readonly abort = (reason: unknown): void => {
    this.#over = reason;
    this.#abort?.abort(reason);
  };

  /** Cuts off what is not copied yet; resolves when nothing is at work any more. */
  async end(reason: unknown): Promise<void> {
    this.abort(reason);
    await this.#last.catch(() => undefined);
  }

  /** The agent begins anew: what it names then must not be taken for what it named before. */
  async forget(): Promise<void> {
    this.abort(new Error('the agent began anew'));
    const files = await Promise.all(this.#files);
    this.#abort = undefined;
    this.#over = undefined;
    this.#files = [];
    this.#count = 0;
    for (const file of files) if ('kept' in file) await this.#drop(file.kept);
  }

  #copying(): AbortController {
    if (this.#abort) return this.#abort;
    this.#abort = new AbortController();
    if (this.#over !== undefined) this.#abort.abort(this.#over);
    return this.#abort;
  }

  async #collect(path: string, seq: number, signal: AbortSignal): Promise<GivenFile> {
    const { workspaces, metrics, logger, fault } = this.#context;
    const { turn, chat, person, adapter } = this.#job;
    const given = await (async (): Promise<GivenFile> => {
      if (adapter.capabilities.files === 'none') return { path, error: 'no_files' };
      try {
        const workplace = { agentId: chat.agentId, person: person.id };
        const kept = await workspaces.collect(workplace, path, `${turn.id}:${seq}`, signal);
        if (kept.size <= adapter.capabilities.files.maxBytes) return { path, kept };
        await this.#drop(kept);
        return { path, error: 'too_large_here' };
      } catch (error) {
        if (signal.aborted) return { path, error: 'cut_off' };
        const code = isFileError(error) ? error.code : 'failed';
        logger.warn(
          { turn: turn.id, agent: chat.agentId, code, err: error },
          'a file of an agent could not be taken',
        );
        return { path, error: code };
      }
    })();
    fault('file.collected');
    metrics.count('surfaces_files_total', {
      direction: 'out',
      outcome: 'kept' in given ? 'kept' : given.error,
    });
    if ('kept' in given) metrics.count('surfaces_file_bytes_total', { direction: 'out' }, given.kept.size);
    return given;
  }

  /** Nobody will be shown it. What cannot be dropped grows too old some day. */
  async #drop({ id }: KeptFile): Promise<void> {
    await this.#context.files
      .drop(this.#job.person.id, id)
      .catch((error) => this.#context.logger.warn({ file: id, err: error }, 'a file could not be dropped'));
  }
}
