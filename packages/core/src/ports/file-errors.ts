/** Why a file could not be taken, kept or given. */

const brand = '@surfaces/file-error';

export type FileErrorCode =
  | 'too_large'
  | 'empty'
  | 'not_found'
  /** The path leads out of the directory that it must stay in. */
  | 'outside'
  /** A directory, a device, a socket. */
  | 'not_a_file'
  /** The agent shares no directory with us. */
  | 'no_workspace'
  | 'disk_full'
  /** The bytes ended before the file did. */
  | 'cut_off'
  /** Anything else the file system said. */
  | 'failed';

export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly [brand] = true;

  constructor(code: FileErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

export function isFileError(error: unknown): error is FileError {
  return typeof error === 'object' && error !== null && brand in error;
}
