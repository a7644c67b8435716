import { isStoreError, isSurfaceError, type StoreErrorCode } from '@surfaces/core';
import { EXIT } from './exit-codes.ts';

const brand = '@surfaces/start-error';

/** Why the app cannot start, in words that say what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly exitCode: number;
  readonly [brand] = true;

  constructor(message: string, exitCode: number, options: { cause?: unknown } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export function isStartError(error: unknown): error is StartError {
  return typeof error === 'object' && error !== null && brand in error;
}

const STORE_EXITS: Record<StoreErrorCode, number> = {
  in_use: EXIT.inUse,
  lease_lost: EXIT.inUse,
  newer: EXIT.newerData,
  not_writable: EXIT.notWritable,
  disk_full: EXIT.disk,
  failed: EXIT.disk,
  unreachable: EXIT.unavailable,
  conflict: EXIT.internal,
  closed: EXIT.internal,
};

/** The exit code of an error whose message is meant for the operator; `undefined`: unexpected. */
export function exitCodeOf(error: unknown): number | undefined {
  if (isStartError(error)) return error.exitCode;
  if (isStoreError(error)) return STORE_EXITS[error.code];
  if (isSurfaceError(error)) return EXIT.unavailable;
  return undefined;
}

/** What to do about a socket that cannot listen; `undefined` when it failed for another reason. */
export function listenError(error: unknown, where: { host: string; port: number; variable: string }) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const at = `${where.host}:${where.port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${at} is in use by another program: end that one, or set ${where.variable}_PORT to another port (0: any free one).`,
    EACCES: `${at} is not open to this user: set ${where.variable}_PORT to a port above 1023.`,
    EADDRNOTAVAIL: `${where.host} is no address of this machine: set ${where.variable}_HOST to one, such as 127.0.0.1.`,
    ENOTFOUND: `${where.host} is no known host name: set ${where.variable}_HOST to an address of this machine, such as 127.0.0.1.`,
  };
  const reason = typeof code === 'string' ? reasons[code] : undefined;
  return reason === undefined ? undefined : new StartError(reason, EXIT.unavailable, { cause: error });
}
