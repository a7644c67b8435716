/** Reads a file from its first byte to its last, once, and says what is in it. Memory does not grow with the file. */
import { type CsvFacts, CsvReader, guessSeparator } from './csv-facts.ts';
import { detectEncoding, type Encoding, kindOfBytes, SAMPLE_BYTES } from './decoding.ts';
import { toFileProblem } from './file-problem.ts';
import { type JsonFacts, JsonReader } from './json-facts.ts';
import { type Heading, HeadingReader, TextCounter, type TextFacts } from './text-facts.ts';
import type { OpenFile } from './workspace.ts';

export type TextKind = 'text' | 'markdown' | 'csv' | 'json' | 'jsonl';

export type FileFacts =
  | { readonly is: 'empty'; readonly name: string }
  | {
      readonly is: 'binary';
      readonly name: string;
      readonly size: number;
      /** What its first bytes say, where they say something. */
      readonly format: string | undefined;
      /** The name says that it is text of this kind. */
      readonly claims: TextKind | undefined;
    }
  | {
      readonly is: 'text';
      readonly name: string;
      readonly size: number;
      readonly kind: TextKind;
      readonly encoding: Encoding;
      readonly text: TextFacts;
      readonly csv?: CsvFacts;
      readonly json?: JsonFacts;
      readonly headings?: { readonly headings: readonly Heading[]; readonly count: number };
    };

export type ReadableFacts = Extract<FileFacts, { is: 'text' }>;

const CHUNK_BYTES = 256 * 1024;
const KINDS: Readonly<Record<string, TextKind>> = {
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  geojson: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  md: 'markdown',
  markdown: 'markdown',
  txt: 'text',
  text: 'text',
  log: 'text',
};

/** What the end of a name says. */
function kindOfName(name: string): TextKind | undefined {
  return KINDS[/\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''];
}

export interface Examination {
  readonly signal: AbortSignal;
  /** Called after each piece with the part that is read, 0 to 1. */
  readonly onProgress?: (part: number) => Promise<void> | undefined;
}

/** Throws a `FileProblem` when the file cannot be read, and the signal's reason when it aborts. */
export async function examine(file: OpenFile, { signal, onProgress }: Examination): Promise<FileFacts> {
  const { name, size } = file;
  const sample = await beginning(file, SAMPLE_BYTES);
  if (sample.length === 0) return { is: 'empty', name };
  const claims = kindOfName(name);
  const format = kindOfBytes(sample);
  const encoding = detectEncoding(sample);
  // A text may begin with the letters of a known format; bytes that are no text may be of none.
  if (encoding === undefined || format === 'PDF') return { is: 'binary', name, size, format, claims };
  const kind = claims ?? 'text';
  const counter = new TextCounter();
  const csv = kind === 'csv' ? new CsvReader(separatorOf(name, decode(sample, encoding))) : undefined;
  const json = kind === 'json' || kind === 'jsonl' ? new JsonReader({ lines: kind === 'jsonl' }) : undefined;
  const headings = kind === 'markdown' ? new HeadingReader() : undefined;
  try {
    for await (const { text, part } of pieces(file, encoding)) {
      signal.throwIfAborted();
      counter.feed(text);
      json?.feed(text);
      headings?.feed(text);
      await csv?.feed(text);
      await onProgress?.(part);
    }
    return {
      is: 'text',
      name,
      size,
      kind,
      encoding,
      text: counter.facts(),
      ...(csv === undefined ? {} : { csv: await csv.facts() }),
      ...(json === undefined ? {} : { json: json.facts() }),
      ...(headings === undefined ? {} : { headings: headings.facts() }),
    };
  } finally {
    csv?.close();
  }
}

/** The first lines, each at most 300 UTF-16 units; fewer where those of 256 KiB are fewer. */
export async function firstLines(file: OpenFile, count: number): Promise<readonly string[] | undefined> {
  const bytes = await beginning(file, CHUNK_BYTES);
  const encoding = detectEncoding(bytes.subarray(0, SAMPLE_BYTES));
  if (encoding === undefined) return undefined;
  const lines = decode(bytes, encoding).split(/\r\n|\r|\n/, count + 1);
  if (lines.length <= count && lines.at(-1) === '') lines.pop();
  return lines
    .slice(0, count)
    .map((line) => (line.length > 300 ? `${line.slice(0, 300).toWellFormed()}…` : line));
}

/** Remembers what was found in the files looked at last, as long as they do not change. */
export class FactsCache {
  private readonly known = new Map<string, FileFacts>();

  async examine(file: OpenFile, examination: Examination): Promise<FileFacts> {
    const key = `${file.version}/${file.name}`;
    const facts = this.known.get(key) ?? (await examine(file, examination));
    this.known.delete(key);
    this.known.set(key, facts);
    const oldest = this.known.keys().next();
    if (this.known.size > 32 && !oldest.done) this.known.delete(oldest.value);
    return facts;
  }
}

function separatorOf(name: string, head: string): string {
  return /\.tsv$/i.test(name) ? '\t' : guessSeparator(head);
}

function decode(bytes: Uint8Array, encoding: Encoding): string {
  return new TextDecoder(encoding.name).decode(bytes, { stream: true });
}

async function beginning(file: OpenFile, length: number): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(Math.min(length, file.size));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    throw toFileProblem(error, file.name);
  }
}

/** The file as it was when it was opened: what is added meanwhile is not read, or it might never end. */
async function* pieces(
  file: OpenFile,
  encoding: Encoding,
): AsyncGenerator<{ readonly text: string; readonly part: number }> {
  const decoder = new TextDecoder(encoding.name);
  const bytes = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < file.size; ) {
    const length = Math.min(bytes.length, file.size - at);
    const { bytesRead } = await file.handle.read(bytes, 0, length, at).catch((error: unknown) => {
      throw toFileProblem(error, file.name);
    });
    if (bytesRead === 0) break;
    at += bytesRead;
    const text = decoder.decode(bytes.subarray(0, bytesRead), { stream: true });
    yield { text, part: at / file.size };
  }
  const rest = decoder.decode();
  if (rest !== '') yield { text: rest, part: 1 };
}
