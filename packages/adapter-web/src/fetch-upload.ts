/** What a person uploaded, for the core that brings it to the agent. */
import { type Bytes, type Files, isFileError, SurfaceError } from '@surfaces/core';
import { FileId, type PersonId } from '@surfaces/protocol';

/** Only for the person who uploaded it. Throws a `SurfaceError`, also while it is read. */
export async function fetchUpload(
  files: Pick<Files, 'find' | 'read'>,
  person: PersonId,
  ref: string,
  signal: AbortSignal,
): Promise<Bytes> {
  signal.throwIfAborted();
  const id = FileId.safeParse(ref).data;
  const kept = id === undefined ? undefined : await files.find(person, id).catch(fail);
  if (kept === undefined) throw new SurfaceError('refused', 'there is no such file of this person');
  return read(files.read(person, kept.id), signal);
}

async function* read(bytes: Bytes, signal: AbortSignal): Bytes {
  try {
    for await (const piece of bytes) {
      signal.throwIfAborted();
      yield piece;
    }
  } catch (error) {
    fail(error);
  }
}

/** A file that is gone is gone for good; a disk that fails may work again. */
function fail(error: unknown): never {
  if (!isFileError(error)) throw error;
  const code = error.code === 'not_found' ? 'refused' : 'unreachable';
  throw new SurfaceError(code, 'the file cannot be read', { cause: error });
}
