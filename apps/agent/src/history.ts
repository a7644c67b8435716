/** What was said and decided in each context, on disk: one line of JSON each, one file per context. */
import { appendFile, copyFile, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

export interface HistoryEntry {
  /** The key: a message that is run again after a crash is entered once. */
  readonly requestId: string;
  readonly text: string;
  /** Files that the context is about from now on, the last one most: paths relative to the workspace. */
  readonly files?: readonly string[];
}

/** What was settled while a request was worked on, so that running it again does not settle it anew. */
export type Note =
  /** The person answered a question. `always`: for this context and this person. */
  | { readonly decided: string; readonly allowed: boolean; readonly always?: string }
  /** The name of the file that is written for the request. */
  | { readonly writes: string; readonly replace: boolean }
  | { readonly files: readonly string[] }
  /** The context is about this file no longer. */
  | { readonly gone: string };

interface NoteLine {
  readonly requestId: string;
  readonly note: Note;
}

interface Context {
  readonly ids: Set<string>;
  readonly files: string[];
  /** Of the requests that were worked on last. */
  readonly notes: Map<string, Note[]>;
  readonly always: Set<string>;
}

const REMEMBERED = 1000;
const FILES = 100;
const NOTED = 10;

export class History {
  private readonly directory: string;
  /** The contexts used last. */
  private readonly known = new Map<string, Context>();

  constructor(directory: string) {
    this.directory = directory;
  }

  async prepare(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  /** Enters a message unless it is there already. How many there are now. */
  async enter(context: string, entry: HistoryEntry): Promise<number> {
    const { ids } = await this.context(context);
    if (!ids.has(entry.requestId)) await this.append(context, entry);
    return ids.size;
  }

  async note(context: string, requestId: string, note: Note): Promise<void> {
    await this.append(context, { requestId, note });
  }

  async notes(context: string, requestId: string): Promise<readonly Note[]> {
    return (await this.context(context)).notes.get(requestId) ?? [];
  }

  /** The last of them was spoken of last. At most 100. */
  async files(context: string): Promise<readonly string[]> {
    return (await this.context(context)).files;
  }

  /** Did somebody say 'always' to this? */
  async isAlways(context: string, what: string): Promise<boolean> {
    return (await this.context(context)).always.has(what);
  }

  async copy(from: string, to: string): Promise<void> {
    this.known.delete(to);
    try {
      await copyFile(this.file(from), this.file(to));
    } catch (error) {
      // Nothing was said yet.
      if (!isMissing(error)) throw error;
    }
  }

  async forget(context: string): Promise<void> {
    this.known.delete(context);
    await rm(this.file(context), { force: true });
  }

  private async append(context: string, line: HistoryEntry | NoteLine): Promise<void> {
    const known = await this.context(context);
    try {
      await appendFile(this.file(context), `${JSON.stringify(line)}\n`, { mode: 0o600 });
    } catch (error) {
      // On a full disk half a line may be left: reading the file anew takes it away.
      this.known.delete(context);
      throw error;
    }
    take(known, line);
  }

  private async context(context: string): Promise<Context> {
    return this.known.get(context) ?? (await this.load(context));
  }

  private async load(context: string): Promise<Context> {
    const bytes = await readFile(this.file(context)).catch((error: unknown) => {
      if (isMissing(error)) return Buffer.alloc(0);
      throw error;
    });
    // A process that was killed while writing leaves half a line behind: it was never said.
    const whole = bytes.lastIndexOf('\n') + 1;
    if (whole < bytes.length) await truncate(this.file(context), whole);
    const found: Context = { ids: new Set(), files: [], notes: new Map(), always: new Set() };
    // Written by `append` and by nobody else.
    for (const line of bytes.subarray(0, whole).toString().split('\n').slice(0, -1)) {
      take(found, JSON.parse(line) as HistoryEntry | NoteLine);
    }
    const oldest = this.known.keys().next();
    if (this.known.size >= REMEMBERED && !oldest.done) this.known.delete(oldest.value);
    this.known.set(context, found);
    return found;
  }

  private file(context: string): string {
    return join(this.directory, `${context}.jsonl`);
  }
}

function take(context: Context, line: HistoryEntry | NoteLine): void {
  const { requestId } = line;
  if ('note' in line) {
    const { note } = line;
    const earlier = context.notes.get(requestId) ?? [];
    context.notes.delete(requestId);
    context.notes.set(requestId, [...earlier, note]);
    const oldest = context.notes.keys().next();
    if (context.notes.size > NOTED && !oldest.done) context.notes.delete(oldest.value);
    if ('decided' in note && note.always !== undefined) context.always.add(note.always);
    if ('files' in note) takeFiles(context, note.files);
    if ('gone' in note && context.files.includes(note.gone)) {
      context.files.splice(context.files.indexOf(note.gone), 1);
    }
  } else {
    context.ids.add(requestId);
    takeFiles(context, line.files ?? []);
  }
}

function takeFiles({ files }: Context, more: readonly string[]): void {
  for (const file of more) {
    const earlier = files.indexOf(file);
    if (earlier >= 0) files.splice(earlier, 1);
    files.push(file);
    if (files.length > FILES) files.shift();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
