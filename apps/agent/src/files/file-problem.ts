/** Why a file cannot be had. What the person is told is made of `code` and `file`, never of the message. */

const brand = '@surfaces/agent/file-problem';

export type FileProblemCode =
  | 'missing'
  /** The path leads out of the person's directory. */
  | 'outside'
  /** A directory, a pipe, a device, a link. */
  | 'not_a_file'
  /** The name belongs to another file. */
  | 'taken'
  | 'disk_full'
  | 'unreadable';

export class FileProblem extends Error {
  override readonly name = 'FileProblem';
  readonly code: FileProblemCode;
  /** As the person calls it. */
  readonly file: string;
  readonly [brand] = true;

  constructor(code: FileProblemCode, file: string, options: { cause?: unknown } = {}) {
    super(`${file}: ${code}`, options);
    this.code = code;
    this.file = file;
  }
}

export function isFileProblem(error: unknown): error is FileProblem {
  return typeof error === 'object' && error !== null && brand in error;
}

const CODES: Readonly<Record<string, FileProblemCode>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  ENAMETOOLONG: 'missing',
  EINVAL: 'missing',
  ELOOP: 'outside',
  EISDIR: 'not_a_file',
  // A socket cannot be opened.
  ENXIO: 'not_a_file',
  EEXIST: 'taken',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
};

/** What the file system said, as a problem of that file. */
export function toFileProblem(error: unknown, file: string): FileProblem {
  if (isFileProblem(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new FileProblem(CODES[code] ?? 'unreadable', file, { cause: error });
}
