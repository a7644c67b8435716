/** Failures of the store. */

const brand = '@surfaces/store-error';

export type StoreErrorCode =
  /** Another process holds what this one wants to write to. */
  | 'lease_lost'
  /** Another live process uses the same data directory. */
  | 'in_use'
  /** The data was written by a newer version of the program. */
  | 'newer'
  /** The directory or file cannot be written. */
  | 'not_writable'
  | 'disk_full'
  | 'closed'
  /**
   * It contradicts what is stored, and always will: an id that is taken, a turn that is finished,
   * something that is not there (any more).
   */
  | 'conflict'
  /** Anything else the database said. */
  | 'failed';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly [brand] = true;

  constructor(code: StoreErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

export function isStoreError(error: unknown): error is StoreError {
  return typeof error === 'object' && error !== null && brand in error;
}
