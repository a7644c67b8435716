/** Who may open a context. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { HostLogger, ServeAgentOptions } from './options.ts';

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Throws when others can reach the address and nothing says who may. */
export function assertGuarded(host: string, options: ServeAgentOptions): void {
  const guarded =
    options.bearer !== undefined || options.authorize !== undefined || options.tls?.ca !== undefined;
  if (guarded || options.allowAnyone || isLoopback(host)) return;
  throw new TypeError(
    `The agent would listen on ${host}, where others can reach it: set \`bearer\`, \`tls.ca\` or \`authorize\`, or say \`allowAnyone\`.`,
  );
}

/** Whether the caller showed a certificate of `tls.ca`, where one is wanted. */
export function isCertified(
  request: IncomingMessage,
  options: ServeAgentOptions,
  logger: HostLogger,
): boolean {
  if (options.tls?.ca === undefined) return true;
  const { socket } = request;
  if (socket instanceof TLSSocket && socket.authorized) return true;
  const reason = socket instanceof TLSSocket ? String(socket.authorizationError) : 'no TLS';
  logger.warn({ reason }, 'refused a caller without a certificate of the authority in tls.ca');
  return false;
}

/** The HTTP status to refuse with, or `undefined` when the caller may come in. */
export async function admit(
  request: IncomingMessage,
  host: string,
  options: ServeAgentOptions,
  logger: HostLogger,
): Promise<number | undefined> {
  if (!isCertified(request, options, logger)) return 401;
  const { origin } = request.headers;
  if (origin !== undefined && !options.allowedOrigins?.includes(origin)) {
    logger.warn({ origin }, 'refused a web page: see allowedOrigins');
    return 403;
  }
  // A page that made a name of its own point here (DNS rebinding) gives itself away by that name.
  const name = hostName(request);
  if (isLoopback(host) && !isLoopback(name) && !options.allowedHosts?.includes(name)) {
    logger.warn({ host: name }, 'refused a foreign Host header: see allowedHosts');
    return 403;
  }
  const keys = typeof options.bearer === 'string' ? [options.bearer] : options.bearer;
  if (keys !== undefined && !keys.some((key) => isSame(request.headers.authorization, `Bearer ${key}`)))
    return 401;
  try {
    return options.authorize === undefined || (await options.authorize(request)) ? undefined : 401;
  } catch (error) {
    logger.error({ err: error }, 'authorize failed');
    return 500;
  }
}

function hostName(request: IncomingMessage): string {
  const name = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? '';
  return name.replace(/^\[|\]$/g, '');
}

/** In a time that tells nothing about the key. */
function isSame(given: string | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(wanted));
}
