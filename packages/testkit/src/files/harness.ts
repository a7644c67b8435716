/** What the suite of `Files` and `Workspaces` needs of an implementation, and how its cases look at one. */
import assert from 'node:assert/strict';
import { type Files, isFileError, type Workplace, type Workspaces } from '@surfaces/core';
import { type AgentId, PersonId } from '@surfaces/protocol';

/** What an agent does in its workspace. Paths are relative to it. */
export interface AgentDisk {
  /** As the agent's process may call its own workspace when it names a file. */
  readonly path: string;
  write(path: string, content: string): Promise<void>;
  /** `undefined`: there is nothing to read. */
  read(path: string): Promise<string | undefined>;
  /** Paths of all files, unfinished ones too. */
  files(): Promise<readonly string[]>;
  makeDirectory(path: string): Promise<void>;
  /** A symbolic link. `to`: relative to where it lies, or absolute. */
  link(path: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

export interface FilesUnderTest {
  /** Of a `maxBytes` between 100,000 and 10,000,000, both of them. */
  readonly files: Files;
  readonly workspaces: Workspaces;
  readonly agents: {
    /** Serves several people. */
    readonly shared: AgentId;
    readonly own: AgentId;
    /** Shares no directory. */
    readonly none: AgentId;
  };
  readonly disks: { readonly shared: AgentDisk; readonly own: AgentDisk };
  cleanup(): Promise<void>;
}

export interface FilesCase {
  readonly name: string;
  readonly run: (harness: FilesUnderTest) => Promise<void>;
}

export const ann = PersonId.parse('person-ann');
export const bob = PersonId.parse('person-bob');
export const never: AbortSignal = new AbortController().signal;

export async function* bytesOf(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
}

/** So many bytes, in pieces. */
export async function* many(size: number, piece = 50_000): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= piece) yield new Uint8Array(Math.min(piece, left)).fill(left % 251);
}

/** The connection breaks behind the first piece. */
export async function* broken(first: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(first);
  throw new Error('the connection broke');
}

/** Nothing comes any more behind the first piece. */
export async function* hanging(first: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(first);
  await new Promise(() => undefined);
}

export async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

export async function fails(work: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  const error = await work.then(
    () => assert.fail(`was to fail with ${codes.join(' or ')}`),
    (failure: unknown) => failure,
  );
  assert(isFileError(error), `not a FileError: ${error}`);
  assert(codes.includes(error.code), `failed with ${error.code}, not with ${codes.join(' or ')}`);
}

let saves = 0;

/** Saves under a key of its own. */
export function save(
  { workspaces }: FilesUnderTest,
  workplace: Workplace,
  name: string,
  content: AsyncIterable<Uint8Array> = bytesOf('content'),
  signal = never,
): Promise<{ readonly path: string; readonly size: number }> {
  saves += 1;
  return workspaces.save(workplace, { name, key: `save-${saves}` }, content, signal);
}

/** Collects under a key of its own, and reads what was kept. */
export async function collected(
  harness: FilesUnderTest,
  workplace: Workplace,
  path: string,
): Promise<string> {
  saves += 1;
  const kept = await harness.workspaces.collect(workplace, path, `collect-${saves}`, never);
  return textOf(harness.files.read(workplace.person, kept.id));
}
