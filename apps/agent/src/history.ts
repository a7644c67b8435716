/** What was said in each context, on disk: one line of JSON per message, one file per context. */
import { appendFile, copyFile, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

export interface HistoryEntry {
  /** The key: a message that is run again after a crash is entered once. */
  readonly requestId: string;
  readonly text: string;
}

const REMEMBERED = 1000;

export class History {
  private readonly directory: string;
  /** Request ids of the contexts used last. */
  private readonly known = new Map<string, Set<string>>();

  constructor(directory: string) {
    this.directory = directory;
  }

  async prepare(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  /** Enters a message unless it is there already. How many there are now. */
  async enter(context: string, entry: HistoryEntry): Promise<number> {
    const ids = this.known.get(context) ?? (await this.load(context));
    if (!ids.has(entry.requestId)) {
      try {
        await appendFile(this.file(context), `${JSON.stringify(entry)}\n`, { mode: 0o600 });
      } catch (error) {
        // On a full disk half a line may be left: reading the file anew takes it away.
        this.known.delete(context);
        throw error;
      }
      ids.add(entry.requestId);
    }
    return ids.size;
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

  private async load(context: string): Promise<Set<string>> {
    const bytes = await readFile(this.file(context)).catch((error: unknown) => {
      if (isMissing(error)) return Buffer.alloc(0);
      throw error;
    });
    // A process that was killed while writing leaves half a line behind: it was never said.
    const whole = bytes.lastIndexOf('\n') + 1;
    if (whole < bytes.length) await truncate(this.file(context), whole);
    const lines = bytes.subarray(0, whole).toString().split('\n').slice(0, -1);
    const ids = new Set(lines.map((line) => (JSON.parse(line) as HistoryEntry).requestId));
    const oldest = this.known.keys().next();
    if (this.known.size >= REMEMBERED && !oldest.done) this.known.delete(oldest.value);
    this.known.set(context, ids);
    return ids;
  }

  private file(context: string): string {
    return join(this.directory, `${context}.jsonl`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
