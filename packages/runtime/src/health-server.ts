/** `GET /livez`, `/healthz` and `/metrics` on their own port. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HealthReport } from './health.ts';
import { hostOf, isFromHere, isLoopback } from './loopback.ts';
import { listenError } from './start-error.ts';

export interface HealthServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /**
   * From another machine or through a proxy: `Authorization: Bearer <key>` opens the metrics and the
   * details of the health. Without a key they are for this machine only.
   */
  readonly key: string | undefined;
  readonly health: () => Promise<HealthReport>;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
}

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects with a `StartError` when it cannot listen there. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error) => {
      const text = error instanceof Error ? error.name : 'error';
      if (response.headersSent) response.destroy();
      else reply(response, 500, `The answer could not be made (${text}).\n`);
    });
  });
  server.requestTimeout = 10_000;
  const { host, port } = options;
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error, { host, port, variable: 'HEALTH' }) ?? error;
  }
  // A connection that could not be taken (no descriptors, no memory): the next may be.
  server.on('error', () => undefined);
  return { url: urlOf(server, host), close: () => closeServer(server) };
}

async function answer(options: HealthServerOptions, request: IncomingMessage, response: ServerResponse) {
  const host = hostOf(request.headers.host);
  if (host === undefined) return reply(response, 400, 'The request names no valid Host.\n');
  if (isLoopback(options.host) && !isLoopback(host)) {
    return reply(response, 421, 'This server answers to the names of this machine only.\n');
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${request.headers.host}`) {
    return reply(response, 403, 'Other pages may not ask this server.\n');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return reply(response, 405, 'Only GET.\n');
  }
  const trusted = isFromHere(request) || hasKey(request, options.key);
  switch (request.url?.split('?')[0]) {
    case '/livez':
      return reply(response, 200, 'ok\n');
    case '/healthz': {
      const report = await options.health();
      const body = trusted ? report : { status: report.status };
      return reply(
        response,
        report.status === 'ok' || report.status === 'degraded' ? 200 : 503,
        `${JSON.stringify(body, null, 2)}\n`,
        JSON_TYPE,
      );
    }
    case '/metrics':
      if (!trusted) {
        response.setHeader('www-authenticate', 'Bearer');
        return reply(
          response,
          401,
          'From another machine this wants the key in HEALTH_KEY as a bearer token.\n',
        );
      }
      return reply(response, 200, await options.metrics.render(), options.metrics.contentType);
    default:
      return reply(response, 404, 'There are /livez, /healthz and /metrics.\n');
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

function reply(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8') {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function hasKey(request: IncomingMessage, key: string | undefined): boolean {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (key === undefined || given === undefined) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
