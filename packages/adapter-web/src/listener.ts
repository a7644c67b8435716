/** The socket that the page is served on. */
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { SurfaceError } from '@surfaces/core';

/** Rejects with a `SurfaceError` that says what to do. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: host.replace(/^\[|\]$/g, '') }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw cannotListen(cause, host, port);
  }
}

function cannotListen(cause: unknown, host: string, port: number): SurfaceError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} on ${host} is already used by another program. Stop it, or choose another port: WEB_PORT=${port === 65535 ? 8081 : port + 1}.`,
    EACCES: `This user may not listen on port ${port}. Choose a port above 1023: WEB_PORT=8080.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set WEB_HOST to one that is, or to 127.0.0.1.`,
    ENOTFOUND: `WEB_HOST=${host} is not a known name. Set it to an address of this machine, or to 127.0.0.1.`,
  };
  const text = why[code] ?? `Cannot listen on ${host} port ${port} (${code || String(cause)}).`;
  return new SurfaceError('cannot_start', text, { cause });
}

/** An address that a browser on this machine can open. */
export function urlOf(server: Server, host: string): URL {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  const bare = host.replace(/^\[|\]$/g, '');
  const open = bare === '0.0.0.0' ? '127.0.0.1' : bare === '::' ? '::1' : bare;
  return new URL(`http://${isIPv6(open) ? `[${open}]` : open}:${address.port}/`);
}

/** How many addresses a line has; machines with containers have dozens. */
const MOST_SHOWN = 4;

/**
 * Addresses that browsers on other machines can open, where it listens on all of this machine's; else
 * none but the one that `open` is. IPv6 is left out where IPv4 is there, and what is only of one link.
 */
export function reachedFrom(
  open: URL,
  host: string,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): readonly string[] {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare !== '0.0.0.0' && bare !== '::') return [];
  const found = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address));
  const plain = found.filter(({ family }) => family === 'IPv4');
  const chosen = plain.length > 0 || bare === '0.0.0.0' ? plain : found;
  return [...new Set(chosen.map(({ address }) => address))]
    .slice(0, MOST_SHOWN)
    .map((address) => `http://${isIPv6(address) ? `[${address}]` : address}:${open.port || '80'}/`);
}
