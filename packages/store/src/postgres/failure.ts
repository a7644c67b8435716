/** What PostgreSQL, or the way to it, said, and what a person can do about it. */
import { isStoreError, StoreError, type StoreErrorCode } from '@surfaces/core';

/** Raised by our own functions (`migrations`). */
const RAISED: Readonly<Record<string, StoreErrorCode>> = {
  SF001: 'lease_lost',
  SF002: 'conflict',
  // A row that is not there any more, or one of this name that is.
  23503: 'conflict',
  23505: 'conflict',
};

const CONNECTION_CODES =
  /^(08...|57P0[123]|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENOENT)$/;
const CONNECTION_MESSAGES =
  /Connection terminated|timeout expired|not queryable|Query read timeout|Client was closed|connection is closed/i;

/** The driver's error inside drizzle's. */
function driverError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { cause } = error;
  if (cause instanceof Error && postgresCode(error) === '') return driverError(cause);
  // All addresses of a host that were tried.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0];
  return error;
}

function postgresCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The connection is gone: the pool makes another. */
export function isConnectionLost(error: unknown): boolean {
  const inner = driverError(error);
  const code = postgresCode(inner);
  return code === '' ? CONNECTION_MESSAGES.test(inner.message) : CONNECTION_CODES.test(code);
}

/** Two that were in each other's way: the same again may succeed. */
export function isCollision(error: unknown, attempt: number): boolean {
  const code = postgresCode(driverError(error));
  // Both made the same row: the second attempt finds it, or else it is no accident.
  return code === '40001' || code === '40P01' || (code === '23505' && attempt === 0);
}

/**
 * `where` names the server without its password. What neither the server nor the way to it said is a
 * fault of ours, and stays as it is.
 */
export function toStoreError(error: unknown, where: string): unknown {
  if (isStoreError(error)) return error;
  const cause = driverError(error);
  const code = postgresCode(cause);
  if (code === '' && !isConnectionLost(error)) return error;
  const because = `${cause.message}${code === '' ? '' : ` (${code})`}`;
  const raised = RAISED[code];
  if (raised !== undefined) return new StoreError(raised, cause.message, { cause });
  if (/^28/.test(code)) {
    return new StoreError(
      'unreachable',
      `PostgreSQL at ${where} refuses the login: check user and password in DATABASE_URL (${because})`,
      { cause },
    );
  }
  if (code === '3D000') {
    return new StoreError(
      'unreachable',
      `PostgreSQL at ${where} has no such database: create it, or correct DATABASE_URL (${because})`,
      { cause },
    );
  }
  if (code === '53300') {
    return new StoreError(
      'unreachable',
      `PostgreSQL at ${where} has no connection left: raise its max_connections, or start fewer processes (${because})`,
      { cause },
    );
  }
  if (isConnectionLost(error)) {
    return new StoreError(
      'unreachable',
      `PostgreSQL at ${where} cannot be reached: check that it runs, and DATABASE_URL (${because})`,
      { cause },
    );
  }
  if (code === '53100') {
    return new StoreError(
      'disk_full',
      `the disk of PostgreSQL at ${where} is full: make room there (${because})`,
      {
        cause,
      },
    );
  }
  if (code === '25006' || code === '42501') {
    return new StoreError(
      'not_writable',
      `PostgreSQL at ${where} lets this user not write: give the rights, or connect to the primary server (${because})`,
      { cause },
    );
  }
  return new StoreError('failed', `PostgreSQL at ${where} failed: ${because}`, { cause });
}
