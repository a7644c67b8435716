/** How connections to the server are made. */
import { StoreError } from '@surfaces/core';
import type { ClientConfig } from 'pg';

/** Longest that a connection may take to come about. Milliseconds. */
const CONNECT_TIMEOUT = 5000;
/** Longest that one statement may take. Milliseconds; the server ends it, and if it is silent, we do. */
const STATEMENT_TIMEOUT = 30_000;

export interface Server {
  /** Of every connection. */
  readonly config: ClientConfig;
  /** For messages: host, port, database and user, and no password. */
  readonly where: string;
}

/** `name` is what the server's operator sees of this process (`pg_stat_activity.application_name`). */
export function parseServer(url: string, name: string): Server {
  return {
    where: describe(url),
    config: {
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      statement_timeout: STATEMENT_TIMEOUT,
      query_timeout: STATEMENT_TIMEOUT + 10_000,
      // A process that stopped in the middle of a transaction keeps nobody waiting for longer.
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT,
      // A server that is gone without a word is noticed after some 15 seconds.
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
    },
  };
}

function describe(url: string): string {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new StoreError('unreachable', 'DATABASE_URL does not begin with postgres://');
  }
  // Its own error would quote the URL, and the password in it.
  if (!URL.canParse(url)) {
    throw new StoreError(
      'unreachable',
      'DATABASE_URL cannot be read: write postgres://user:password@host:port/database, with special characters in the password as %XX',
    );
  }
  const { username, hostname, port, pathname, searchParams } = new URL(url);
  const host = hostname || searchParams.get('host') || 'localhost';
  return `${host}:${port || '5432'}${pathname === '' ? '/' : pathname} as ${username || 'the default user'}`;
}
