/** Why a call to a messenger failed. 'It refused' and 'it could not be reached' are different. */

const brand = '@surfaces/surface-error';

export type SurfaceErrorCode =
  /** The messenger says no, and will say no again: gone, forbidden, malformed. */
  | 'refused'
  /** Could not reach it, or it is broken (5xx). Try again. */
  | 'unreachable'
  /** Too many calls: try again after `retryAfterMs`. Nothing was shown. */
  | 'rate_limited'
  /** The adapter cannot start: configuration, login, a port in use. */
  | 'cannot_start';

export class SurfaceError extends Error {
  override readonly name = 'SurfaceError';
  readonly code: SurfaceErrorCode;
  readonly retryAfterMs: number | undefined;
  /** With `unreachable`: the call may have taken effect all the same. */
  readonly outcomeUnknown: boolean;
  readonly [brand] = true;

  constructor(
    code: SurfaceErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number; outcomeUnknown?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }
}

export function isSurfaceError(error: unknown): error is SurfaceError {
  return typeof error === 'object' && error !== null && brand in error;
}
