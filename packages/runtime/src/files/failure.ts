import { FileError, type FileErrorCode, isFileError } from '@surfaces/core';

const CODES: Readonly<Record<string, FileErrorCode>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'too_large',
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
  ENAMETOOLONG: 'not_found',
  ELOOP: 'outside',
  EISDIR: 'not_a_file',
  ENXIO: 'not_a_file',
};

/** The code of a failed call of the file system, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a write makes of an error: a path that is gone meanwhile is no answer to a question for it. */
export function writeFailure(error: unknown): FileError {
  if (isFileError(error)) return error;
  const code = CODES[errnoOf(error) ?? ''];
  return new FileError(code === 'disk_full' || code === 'too_large' ? code : 'failed', messageOf(error), {
    cause: error,
  });
}

/** What looking for a file and opening it makes of an error. */
export function readFailure(error: unknown): FileError {
  if (isFileError(error)) return error;
  return new FileError(CODES[errnoOf(error) ?? ''] ?? 'failed', messageOf(error), { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
