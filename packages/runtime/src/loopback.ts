/** Who may ask a listener of ours: the guard against DNS rebinding and against strangers. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** `localhost`, names below it, 127.0.0.0/8 and ::1, also as IPv4 in IPv6. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const family = isIP(name);
  return family !== 0 && LOOPBACK.check(name, family === 4 ? 'ipv4' : 'ipv6');
}

/** The host of a `Host` header, without its port; `undefined` when it is none. */
export function hostOf(header: string | undefined): string | undefined {
  if (header === undefined || /[/?#@\\\s]/.test(header)) return undefined;
  return URL.parse(`http://${header}`)?.hostname || undefined;
}

/** A proxy gives itself away by what it adds. In doubt a request is not from here. */
const ADDED_BY_PROXIES =
  /^(forwarded|via|cdn-loop|x-(forwarded|original|real|client|cluster|envoy|arr)(-?[a-z].*)?|(true|fastly|fly)-client.*|cf-.*)$/;

/** Whether a program on this machine asks by itself, not through a proxy and not for another's domain. */
export function isFromHere(request: IncomingMessage): boolean {
  const host = hostOf(request.headers.host);
  return (
    host !== undefined &&
    isLoopback(host) &&
    isLoopback(request.socket.remoteAddress ?? '') &&
    // What a proxy speaks that was told nothing else.
    request.httpVersion !== '1.0' &&
    !Object.keys(request.headers).some((name) => ADDED_BY_PROXIES.test(name))
  );
}
