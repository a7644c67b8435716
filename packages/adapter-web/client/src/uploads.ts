/**
 * The files that go up for one message, and how far each is. No DOM: who sends the bytes is given to
 * it. What is up and not sent is kept over a reload; what was cut off by one is said.
 */
import { computed, type Signal, signal } from '@preact/signals';
import { z } from 'zod';
import { PageFile, type UPLOAD_ERRORS } from '../../src/frames.ts';
import { keep, kept, keptKeys } from './kept.ts';
import { newId } from './new-id.ts';

/** Why a file is not up. `too_many`, `folder`: found here. `reloaded`: the page was left meanwhile. */
export type UploadProblem =
  | (typeof UPLOAD_ERRORS)[number]
  | 'too_many'
  | 'folder'
  | 'reloaded'
  | 'signed_out';

export interface Upload {
  readonly key: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly mediaType: string;
  readonly state: 'waiting' | 'sending' | 'done' | 'failed';
  /** Bytes that are up. */
  readonly sent: Signal<number>;
  /** Where the bytes are, while they can be sent (again). */
  readonly source: File | undefined;
  readonly file?: PageFile;
  readonly problem?: UploadProblem;
}

export type Sent = { readonly file: PageFile } | { readonly problem: UploadProblem };

/** Sends the bytes of one file. Never rejects; ends soon after `signal`. */
export type SendFile = (file: File, progress: (bytes: number) => void, signal: AbortSignal) => Promise<Sent>;

/** How many files go up at once, over all chats; the others wait in order. */
export class UploadSlots {
  #free = 3;
  readonly #send: SendFile;
  readonly #online: () => boolean;
  readonly #waiting: (() => void)[] = [];
  /** Lets the server forget a file that no message will have. */
  readonly drop: (file: PageFile) => void;

  constructor(send: SendFile, online: () => boolean, drop: (file: PageFile) => void) {
    this.#send = send;
    this.#online = online;
    this.drop = drop;
  }

  async send(
    file: File,
    began: () => void,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Sent | undefined> {
    while (!this.#online() || this.#free === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (signal.aborted) {
        // The place in the line that came to it is the next one's.
        this.wake();
        return undefined;
      }
    }
    this.#free--;
    try {
      began();
      return await this.#send(file, progress, signal);
    } finally {
      this.#free++;
      this.wake();
    }
  }

  /** There may be room now, or a connection. */
  wake(): void {
    if (!this.#online()) return;
    for (const go of this.#waiting.splice(0)) go();
  }
}

export interface UploadLimits {
  /** Bytes; 0: no files are taken. */
  readonly fileBytes: number;
  /** Of one message. */
  readonly files: number;
}

/** No server can be asked again with success. */
const FINAL: ReadonlySet<UploadProblem> = new Set([
  'too_large',
  'empty',
  'too_many',
  'folder',
  'no_files',
  'not_served',
  'reloaded',
]);

export function canRetry(upload: Upload): boolean {
  return upload.state === 'failed' && upload.source !== undefined && !FINAL.has(upload.problem ?? 'failed');
}

const Cut = z.array(z.object({ name: z.string(), size: z.number() }));

export class Uploads {
  readonly all = signal<readonly Upload[]>([]);
  readonly running = computed(() =>
    this.all.value.some(({ state }) => state === 'waiting' || state === 'sending'),
  );
  readonly failed = computed(() => this.all.value.some(({ state }) => state === 'failed'));
  readonly #place: string;
  readonly #slots: UploadSlots;
  readonly #limits: () => UploadLimits;
  readonly #stops = new Map<string, AbortController>();

  /** `place`: what is kept of this person and chat is named after it. */
  constructor(place: string, slots: UploadSlots, limits: () => UploadLimits) {
    this.#place = place;
    this.#slots = slots;
    this.#limits = limits;
    this.#restore();
  }

  /** Takes files in the order given. What cannot be sent is listed with its reason. */
  add(files: readonly (File | { readonly folder: string })[]): void {
    for (const file of files) this.#add(file);
  }

  retry(key: string): void {
    const upload = this.all.value.find((one) => one.key === key);
    if (upload?.source === undefined || upload.state !== 'failed') return;
    this.#change(key, ({ problem: _, ...rest }) => ({ ...rest, state: 'waiting' }));
    void this.#run(key, upload.source, upload.sent);
  }

  /** What was cut off by a lost connection goes on when it is back. */
  resume(): void {
    for (const { key, problem } of this.all.value) {
      if (problem === 'cut_off' || problem === 'stopping') this.retry(key);
    }
  }

  remove(key: string): void {
    this.#stops.get(key)?.abort();
    const upload = this.all.value.find((one) => one.key === key);
    this.#forget(upload);
    if (upload?.file !== undefined) this.#slots.drop(upload.file);
    this.all.value = this.all.value.filter((one) => one.key !== key);
    this.#noteRunning();
  }

  /** Another tab sent or removed what is kept under this key. */
  forgotten(key: string): void {
    const left = this.all.value.filter(({ file }) => file === undefined || this.#keyOf(file) !== key);
    if (left.length < this.all.value.length) this.all.value = left;
  }

  /** What is up, in order; it belongs to a message now. */
  take(): PageFile[] {
    const done = this.all.value.filter(({ state }) => state === 'done');
    for (const upload of done) this.#forget(upload);
    this.all.value = this.all.value.filter(({ state }) => state !== 'done');
    return done.flatMap(({ file }) => file ?? []);
  }

  /** Files of a message that is written anew. */
  giveBack(files: readonly PageFile[]): void {
    for (const file of files) this.#keepDone(file);
    this.all.value = [...files.map(uploaded), ...this.all.value];
  }

  /** Ends everything; what is kept stays. */
  stop(): void {
    for (const stop of this.#stops.values()) stop.abort();
    this.all.value = [];
  }

  #add(added: File | { readonly folder: string }): void {
    const source = 'folder' in added ? undefined : added;
    const upload = {
      key: newId(),
      name: 'folder' in added ? added.folder : added.name,
      size: source?.size ?? 0,
      mediaType: source?.type ?? '',
      sent: signal(0),
      source,
    };
    const problem = source === undefined ? 'folder' : this.#problem(source);
    if (source === undefined || problem !== undefined) {
      this.all.value = [...this.all.value, { ...upload, state: 'failed', problem: problem ?? 'failed' }];
      return;
    }
    this.all.value = [...this.all.value, { ...upload, state: 'waiting' }];
    void this.#run(upload.key, source, upload.sent);
  }

  #problem(file: File): UploadProblem | undefined {
    const { fileBytes, files } = this.#limits();
    if (fileBytes === 0) return 'no_files';
    if (file.size > fileBytes) return 'too_large';
    if (file.size === 0) return 'empty';
    return this.all.value.filter(({ problem }) => !problem).length >= files ? 'too_many' : undefined;
  }

  async #run(key: string, source: File, sent: Signal<number>): Promise<void> {
    const stop = new AbortController();
    this.#stops.set(key, stop);
    sent.value = 0;
    this.#noteRunning();
    const began = () => this.#change(key, (upload) => ({ ...upload, state: 'sending' }));
    const progress = (bytes: number) => {
      sent.value = Math.min(bytes, source.size);
    };
    const result = await this.#slots.send(source, began, progress, stop.signal);
    this.#stops.delete(key);
    if (result === undefined || stop.signal.aborted) {
      // It was up already when it was taken away.
      if (result !== undefined && 'file' in result) this.#slots.drop(result.file);
      return;
    }
    if ('file' in result) {
      this.#keepDone(result.file);
      this.#change(key, ({ source: _, ...rest }) => ({
        ...rest,
        state: 'done',
        source: undefined,
        file: result.file,
      }));
    } else {
      this.#change(key, (upload) => ({ ...upload, state: 'failed', problem: result.problem }));
    }
    this.#noteRunning();
  }

  #change(key: string, change: (upload: Upload) => Upload): void {
    this.all.value = this.all.value.map((upload) => (upload.key === key ? change(upload) : upload));
  }

  #keepDone(file: PageFile): void {
    keep(this.#keyOf(file), JSON.stringify({ ...file, at: Date.now() }));
  }

  #forget(upload: Upload | undefined): void {
    if (upload?.file !== undefined) keep(this.#keyOf(upload.file), null);
  }

  #keyOf({ id }: PageFile): string {
    return `upload.${this.#place}.${id}`;
  }

  /** So that the next page in this tab can say what it cut off. */
  #noteRunning(): void {
    const running = this.all.value.filter(({ source, state }) => source !== undefined && state !== 'done');
    const cut = running.filter(({ problem }) => problem === undefined || !FINAL.has(problem));
    const note = cut.map(({ name, size }) => ({ name, size }));
    keep(`uploading.${this.#place}`, note.length === 0 ? null : JSON.stringify(note), 'tab');
  }

  #restore(): void {
    const start = `upload.${this.#place}.`;
    const Kept = PageFile.extend({ at: z.number() });
    const done: z.infer<typeof Kept>[] = [];
    for (const name of keptKeys(start)) {
      if (name.includes('.', start.length)) continue;
      const read = Kept.safeParse(readJson(kept(name)));
      if (read.success) done.push(read.data);
      else keep(name, null);
    }
    const running = `uploading.${this.#place}`;
    const cut = Cut.safeParse(readJson(kept(running, 'tab'))).data ?? [];
    keep(running, null, 'tab');
    this.all.value = [
      ...done.sort((a, b) => a.at - b.at).map(({ at: _, ...file }) => uploaded(file)),
      ...cut.map(
        ({ name, size }): Upload => ({
          ...{ key: newId(), name, size, mediaType: '', sent: signal(0), source: undefined },
          ...{ state: 'failed', problem: 'reloaded' },
        }),
      ),
    ];
  }
}

function uploaded(file: PageFile): Upload {
  const { name, size, mediaType } = file;
  return { key: newId(), name, size, mediaType, state: 'done', sent: signal(size), source: undefined, file };
}

function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
