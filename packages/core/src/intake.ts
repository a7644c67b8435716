/** Files from people on their way into the workspaces of agents (design, section 8). */
import { silenceLimit, untilAborted } from './attempts.ts';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { fileLimit } from './file-refusal.ts';
import { fileName, fileReason } from './file-words.ts';
import { translator } from './i18n/catalogue.ts';
import { persist } from './persist.ts';
import {
  type Attachment,
  type Bytes,
  type Chat,
  FileError,
  type FileErrorCode,
  isFileError,
  isStoreError,
  isSurfaceError,
  type Person,
  type SurfaceAdapter,
  sleep,
} from './ports/index.ts';
import { say } from './say.ts';

/** So many files of one chat come in at the same time. */
const AT_ONCE = 3;
const BACKOFF = { firstMs: 500, maxMs: 15_000 };
/** So often a disk may be full; it is seldom free a moment later. */
const FULL_DISKS = 4;
/** So many files are remembered whose turn may still be on its way here. */
const REMEMBERED = 1000;

const LASTING: ReadonlySet<FileErrorCode> = new Set([
  'too_large',
  'empty',
  'not_found',
  'no_workspace',
  'outside',
]);

/** Whose files these are, and who has their bytes. */
export interface FilePlace {
  readonly chat: Chat;
  readonly person: Person;
  readonly adapter: SurfaceAdapter;
}

interface Fetching {
  readonly chat: Chat['key'];
  readonly agentId: Chat['agentId'];
  readonly abort: AbortController;
  /** As it is then, saved or failed. Rejects when it was given up. */
  readonly done: Promise<Attachment>;
}

export class Intake {
  readonly #context: Context;
  readonly #delivery: Delivery;
  readonly #fetching = new Map<string, Fetching>();
  /** The newest that are settled, for turns that were accepted before. */
  readonly #settled = new Map<string, Attachment>();
  readonly #busy = new Map<Chat['key'], { running: number; readonly waiting: (() => void)[] }>();

  constructor(context: Context, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
  }

  /** Brings those that are not in the workspace yet, in the background. */
  begin(files: readonly Attachment[], place: FilePlace): void {
    for (const file of files) {
      if (file.state === 'incoming' && !this.#settled.has(file.id)) this.#fetch(file, place);
    }
  }

  /** All of them, saved or failed. Rejects with the signal's reason, and when the core stops. */
  ready(files: readonly Attachment[], place: FilePlace, signal: AbortSignal): Promise<readonly Attachment[]> {
    const all = Promise.all(
      files.map((file) => {
        if (file.state !== 'incoming') return file;
        return this.#settled.get(file.id) ?? this.#fetch(file, place).done;
      }),
    );
    return untilAborted(all, signal);
  }

  /** Stops bringing files that nobody waits for any more. */
  giveUp(files: readonly Attachment[]): void {
    for (const { id } of files) this.#fetching.get(id)?.abort.abort(new Error('nobody waits for this file'));
  }

  /** The chat moved to another agent, in whose workspace none of its files is: those that wait are brought there. */
  moved(place: FilePlace): void {
    const { chat, person } = place;
    for (const fetching of this.#fetching.values()) {
      if (fetching.chat !== chat.key || fetching.agentId === chat.agentId) continue;
      fetching.abort.abort(new Error('this chat is at another agent now'));
    }
    for (const file of this.#settled.values()) if (file.chat === chat.key) this.#settled.delete(file.id);
    const waiting = persist(this.#context, 'the files of a chat that moved', () =>
      this.#context.store.waitingFiles(chat.key, person.id),
    );
    const begun = waiting.then((files) => this.begin(files, place));
    this.#context.own('the files of a chat that moved', begun);
  }

  /** What was taken out of the queue: it is not brought any more, and leaves the workspace. */
  async remove(files: readonly Attachment[], chat: Pick<Chat, 'agentId'>): Promise<void> {
    for (const file of files) {
      const fetching = this.#fetching.get(file.id);
      fetching?.abort.abort(new Error('this file was removed'));
      const { path } = (await fetching?.done.catch(() => undefined)) ?? this.#settled.get(file.id) ?? file;
      if (path !== undefined) await this.#takeAway(file, chat, path);
    }
  }

  /** Ends everything in chats that are being deleted; resolves when nothing of it is at work. */
  async end(chats: readonly Chat['key'][]): Promise<void> {
    const ending = [...this.#fetching.values()].filter(({ chat }) => chats.includes(chat));
    for (const { abort } of ending) abort.abort(new Error('this chat is being deleted'));
    await Promise.allSettled(ending.map(({ done }) => done));
  }

  /** Resolves when nothing is at work any more; for the stopping core. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#fetching.values()].map(({ done }) => done));
  }

  #fetch(file: Attachment, place: FilePlace): Fetching {
    const known = this.#fetching.get(file.id);
    if (known && !known.abort.signal.aborted) return known;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, this.#context.stopping]);
    // What was given up may still be tidying up.
    const before = known?.done.catch(() => undefined) ?? Promise.resolve();
    const done = before.then(() => this.#bring(file, place, signal));
    const fetching = { chat: file.chat, agentId: place.chat.agentId, abort, done };
    this.#fetching.set(file.id, fetching);
    const over = () => {
      if (this.#fetching.get(file.id) === fetching) this.#fetching.delete(file.id);
    };
    done.then(over, (error) => {
      over();
      if (!signal.aborted) {
        this.#context.logger.error({ file: file.id, chat: file.chat, err: error }, 'lost track of a file');
      }
    });
    return fetching;
  }

  async #bring(file: Attachment, place: FilePlace, signal: AbortSignal): Promise<Attachment> {
    const { clock, limits } = this.#context;
    const until = clock.now() + limits.fetchForMs;
    let fullDisks = 0;
    for (let wait = BACKOFF.firstMs; ; wait = Math.min(wait * 2, BACKOFF.maxMs)) {
      try {
        const saved = await this.#inTurn(file.chat, signal, () => this.#attempt(file, place, signal));
        return await this.#settle(file, place, saved, signal);
      } catch (error) {
        if (isStoreError(error)) throw error;
        if (signal.aborted) throw signal.reason;
        const code = codeOf(error);
        if (code === 'disk_full') fullDisks += 1;
        const over = clock.now() >= until || fullDisks >= FULL_DISKS;
        const fields = { file: file.id, chat: file.chat, code, err: error };
        if (LASTING.has(code) || over) {
          this.#context.logger.warn(fields, 'a file could not be taken');
          return this.#fail(file, place, code, signal);
        }
        const later = isSurfaceError(error) && error.retryAfterMs ? error.retryAfterMs : wait;
        this.#context.logger.info({ ...fields, retryInMs: later }, 'a file did not come; trying again');
        await sleep(clock, later, signal);
      }
    }
  }

  async #attempt(
    file: Attachment,
    { adapter, chat, person }: FilePlace,
    signal: AbortSignal,
  ): Promise<{ readonly path: string; readonly size: number }> {
    const limit = fileLimit(this.#context, adapter);
    if (limit === undefined || !adapter.files) throw new FileError('not_found', 'this surface has no files');
    const attempt = silenceLimit(this.#context.clock, signal);
    try {
      const fetched = adapter.files.fetch(file.address, file.person, file.ref, attempt.signal);
      const content = await untilAborted(fetched, attempt.signal);
      return await this.#context.workspaces.save(
        { agentId: chat.agentId, person: person.id },
        { name: file.name, key: file.id },
        limited(content, limit, attempt.heard),
        attempt.signal,
      );
    } finally {
      attempt.end();
    }
  }

  async #settle(
    file: Attachment,
    { chat }: FilePlace,
    { path, size }: { readonly path: string; readonly size: number },
    signal: AbortSignal,
  ): Promise<Attachment> {
    const { store, metrics, fault, stopping } = this.#context;
    fault('file.saved');
    try {
      // What was saved for nobody, or where it is not wanted any more, must not count as saved.
      signal.throwIfAborted();
      await persist(
        this.#context,
        'a saved file',
        () => store.settleFile(file.id, { state: 'saved', path, size }),
        signal,
      );
    } catch (error) {
      // Nobody will hear of it, unless it is only left for the next start, which finds it.
      if (!stopping.aborted) await this.#takeAway(file, chat, path);
      throw error;
    }
    fault('file.settled');
    metrics.count('surfaces_files_total', { direction: 'in', outcome: 'saved' });
    metrics.count('surfaces_file_bytes_total', { direction: 'in' }, size);
    return this.#remember({ ...file, state: 'saved', path, size });
  }

  /** A few files of a chat at a time; what waits to be tried again holds nobody up. */
  async #inTurn<T>(chat: Chat['key'], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const busy = this.#busy.get(chat) ?? { running: 0, waiting: [] };
    this.#busy.set(chat, busy);
    if (busy.running >= AT_ONCE) {
      const { promise, resolve } = Promise.withResolvers<void>();
      busy.waiting.push(resolve);
      await untilAborted(promise, signal).catch((error) => {
        const index = busy.waiting.indexOf(resolve);
        if (index < 0) return;
        busy.waiting.splice(index, 1);
        throw error;
      });
    } else busy.running += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = busy.waiting.shift();
      // The place is handed on.
      if (next) next();
      else {
        busy.running -= 1;
        if (busy.running === 0) this.#busy.delete(chat);
      }
    }
  }

  /** The next turn says so where it took the file along; otherwise the person is told now. */
  async #fail(
    file: Attachment,
    { chat, person, adapter }: FilePlace,
    code: FileErrorCode,
    signal: AbortSignal,
  ): Promise<Attachment> {
    const { store, metrics } = this.#context;
    const stored = <T>(write: () => Promise<T>) => persist(this.#context, 'a failed file', write, signal);
    await stored(() => store.settleFile(file.id, { state: 'failed', error: code }));
    metrics.count('surfaces_files_total', { direction: 'in', outcome: code });
    const waited = await stored(() => store.removeFiles(file.chat, file.person, [file.id]));
    if (waited.length > 0) {
      const t = translator(this.#context.people.current(person).locale);
      const notice = say(adapter, {
        name: `${file.id}:failed`,
        address: file.address,
        chat,
        role: 'system',
        markdown: t('file_not_taken', {
          name: fileName(this.#context, file.name),
          reason: fileReason(t, code),
        }),
        state: 'failed',
      });
      const committed = await stored(() => store.enqueue(notice));
      this.#context.own('the notice of a file that was not taken', this.#delivery.pushAll(committed));
    }
    return this.#remember({ ...file, state: 'failed', error: code });
  }

  async #takeAway(
    { id, person }: Attachment,
    { agentId }: Pick<Chat, 'agentId'>,
    path: string,
  ): Promise<void> {
    await this.#context.workspaces
      .remove({ agentId, person }, path)
      .catch((error) =>
        this.#context.logger.warn({ file: id, err: error }, 'a removed file is still in the workspace'),
      );
  }

  #remember(file: Attachment): Attachment {
    this.#settled.set(file.id, file);
    for (const id of this.#settled.keys()) {
      if (this.#settled.size <= REMEMBERED) break;
      this.#settled.delete(id);
    }
    return file;
  }
}

function codeOf(error: unknown): FileErrorCode {
  if (isFileError(error)) {
    return isSurfaceError(error.cause) && error.cause.code === 'refused' ? 'not_found' : error.code;
  }
  return isSurfaceError(error) && error.code === 'refused' ? 'not_found' : 'failed';
}

async function* limited(content: Bytes, limit: number, heard: () => void): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of content) {
    heard();
    size += piece.byteLength;
    if (size > limit) throw new FileError('too_large', `more than ${limit} bytes`);
    yield piece;
  }
}
