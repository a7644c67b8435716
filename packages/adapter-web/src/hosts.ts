/** Host and Origin of a request: the guard against DNS rebinding and against other sites' pages. */
import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';

/** Lower-case host without port and brackets; `undefined` when it is none. */
export function normalHost(text: string): string | undefined {
  return authority(text)?.host;
}

function authority(text: string): { host: string; port: string } | undefined {
  if (/[/?#@\\\s]/.test(text) || text === '') return undefined;
  const bare = isIPv6(text) ? `[${text}]` : text;
  const url = URL.parse(`http://${bare}`);
  if (url === null || url.hostname === '') return undefined;
  return { host: url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, ''), port: url.port };
}

/** `localhost`, its subdomains, 127.0.0.0/8 and ::1, also as IPv4 in IPv6. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, '');
  return (
    plain === 'localhost' ||
    plain.endsWith('.localhost') ||
    plain === '::1' ||
    (isIP(plain) === 4 && plain.startsWith('127.')) ||
    (plain !== host.toLowerCase() && /^7f[0-9a-f]{2}:/.test(plain))
  );
}

const ADDED_BY_PROXIES =
  /^(forwarded|via|cdn-loop|x-(forwarded|original|real|client|cluster|envoy|arr)(-?[a-z].*)?|(true|fastly|fly)-client.*|cf-.*)$/;

/**
 * Whether the request comes from a program on this machine by itself. When in doubt it does not: a
 * proxy gives itself away by its headers, by HTTP/1.0, or by the public name that was asked for.
 */
export function isDirectFromHere(request: IncomingMessage): boolean {
  const headers = request.headers;
  const proxied =
    Object.keys(headers).some((name) => ADDED_BY_PROXIES.test(name)) || request.httpVersion === '1.0';
  const host = normalHost(headers.host ?? '');
  return (
    !proxied &&
    host !== undefined &&
    isLoopback(host) &&
    isLoopback((request.socket.remoteAddress ?? '').toLowerCase())
  );
}

export type HostVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 400 | 403 | 421; readonly text: string };

/**
 * Host must be an IP address, localhost, the address we listen on or an allowed name: another name
 * means that somebody pointed their own domain at us. Origin, where a browser sends one, must be the
 * same host or an allowed one.
 */
export class HostGuard {
  readonly #listen: string | undefined;
  readonly #allowed: ReadonlySet<string>;

  constructor(listenHost: string, allowedHosts: readonly string[]) {
    this.#listen = normalHost(listenHost);
    this.#allowed = new Set(allowedHosts.flatMap((host) => normalHost(host) ?? []));
  }

  check(request: IncomingMessage): HostVerdict {
    const asked = authority(request.headers.host ?? '');
    if (asked === undefined) return { ok: false, status: 400, text: 'The request names no valid Host.' };
    if (!this.#knows(asked.host)) {
      return {
        ok: false,
        status: 421,
        text: `This server does not answer to "${asked.host}". If it should, add that name to WEB_ALLOWED_HOSTS and start again.`,
      };
    }
    const origin = request.headers.origin;
    if (origin === undefined) return { ok: true };
    if (this.#sameSite(origin, asked)) return { ok: true };
    return {
      ok: false,
      status: 403,
      text: `Requests from the page ${JSON.stringify(origin.slice(0, 200))} are not allowed here. If it is this page's own address, add its name to WEB_ALLOWED_HOSTS and start again.`,
    };
  }

  #knows(host: string): boolean {
    return isIP(host) !== 0 || isLoopback(host) || host === this.#listen || this.#allowed.has(host);
  }

  #sameSite(origin: string, asked: { host: string; port: string }): boolean {
    const url = URL.parse(origin);
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // A proxy that ends TLS may keep or drop the port; an allowed name is trusted on any port.
    if (this.#allowed.has(host) && this.#allowed.has(asked.host)) return true;
    return host === asked.host && url.port === asked.port;
  }
}
