/** Failures inside the worker; the main side makes `StoreError`s of them. */
import type { StoreErrorCode } from '@surfaces/core';
import type { Failure } from './calls.ts';

export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Says what a person can do about what SQLite said. */
export function toFailure(error: unknown, directory: string): Failure {
  if (error instanceof CallFailure) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  const code = sqliteCode(error);
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') {
    return { code: 'disk_full', message: `the disk with ${directory} is full: make room there (${message})` };
  }
  if (/^SQLITE_(READONLY|CANTOPEN|PERM)/.test(code)) {
    return {
      code: 'not_writable',
      message: `${directory} cannot be written: give this user the right to, or choose another data directory (${message})`,
    };
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return { code: 'conflict', message: `that contradicts what is stored: ${message} (${code})` };
  }
  return {
    code: 'failed',
    message: `the database in ${directory} failed: ${message} (${code || 'no code'})`,
  };
}

export function sqliteCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  return error.code;
}
