/** The agent's half of the wire protocol: an HTTP server whose WebSockets are contexts. */
import { createServer, type IncomingMessage, type RequestListener, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type AgentFrame,
  CLOSE,
  ClientFrame,
  MAX_FRAME_BYTES,
  PlatformChatId,
  WIRE_FEATURES,
  WIRE_PROTOCOL,
  type WireFeature,
} from '@surfaces/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { admit, assertGuarded, isCertified, isLoopback } from './admission.ts';
import { HostConnection } from './host-connection.ts';
import { HostContext } from './host-context.ts';
import type { HostCore, HostLogger, ServeAgentOptions } from './options.ts';
import { memoryTurnLog } from './turn-log.ts';

export interface AgentServer {
  /** The base URL, for `base_url` or `AGENT_BASE_URL`. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes no new message, lets running turns finish for up to `drainMs` (default 30 s), then closes the
   * connections. A turn that did not finish is dropped without a word, so that its caller may take it up
   * again at the next process. Called again: the same promise.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

const SILENT: HostLogger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Serves one agent at `{url}/v1/agent_ws/{platformChatId}/`; `GET /healthz` says that it is up. Resolves
 * when it listens. Rejects with the error of the port (`EADDRINUSE`, …), and with a `TypeError` when the
 * address is open to others and nothing guards it.
 */
export async function serveAgent(options: ServeAgentOptions): Promise<AgentServer> {
  const { host = '127.0.0.1', port = 0, pingIntervalMs = 20_000, idleMs = 10 * 60_000 } = options;
  assertGuarded(host, options);
  const prefix = (options.prefix ?? '').replace(/^\/*|\/*$/g, '').replace(/^(?=.)/, '/');
  const features = offered(options);
  const logger = options.logger ?? SILENT;
  const log = options.turnLog ?? memoryTurnLog();
  const contexts = new Map<PlatformChatId, HostContext>();
  const connections = new Map<HostConnection, { context: HostContext; usedAt: number }>();
  let closing: Promise<void> | undefined;

  const core: HostCore = {
    features: new Set(features),
    log,
    logger,
    onTurn: options.onTurn,
    onFork: options.onFork,
    onDispose: options.onDispose,
    onIdle(context) {
      if (context.isUnused && contexts.get(context.id) === context) contexts.delete(context.id);
    },
  };
  const status: AgentFrame = {
    type: 'STATUS',
    protocol: WIRE_PROTOCOL,
    ...(features.length > 0 ? { features } : {}),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
  };

  const server = createDoor(options, (request, response) => {
    if (!isCertified(request, options, logger)) {
      response.writeHead(401, { 'content-type': 'text/plain' }).end('A certificate is wanted here.\n');
      return;
    }
    const known = request.url === '/healthz' || request.url === `${prefix}/healthz`;
    if (!known) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
      return;
    }
    const running = [...contexts.values()].filter((context) => context.isBusy).length;
    const body = { ok: closing === undefined, contexts: contexts.size, running };
    response
      .writeHead(body.ok ? 200 : 503, { 'content-type': 'application/json' })
      .end(`${JSON.stringify(body)}\n`);
  });
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    clientTracking: false,
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const onGone = () => socket.destroy();
    socket.on('error', onGone);
    void (async () => {
      const id = contextId(request, prefix);
      const code =
        closing !== undefined ? 503 : id === undefined ? 404 : await admit(request, host, options, logger);
      if (code !== undefined || id === undefined) {
        refuse(socket, code ?? 404);
        return;
      }
      socket.off('error', onGone);
      sockets.handleUpgrade(request, socket, head, (ws) => accept(ws, request.socket, id));
    })();
  });

  function accept(ws: WebSocket, socket: Socket, id: PlatformChatId): void {
    const connection = new HostConnection(ws, socket);
    let context = contexts.get(id);
    if (context === undefined) {
      context = new HostContext(id, core);
      contexts.set(id, context);
    }
    const state = { context, usedAt: performance.now() };
    connections.set(connection, state);
    ws.on('message', (data, isBinary) => {
      connection.alive = true;
      if (!connection.isOpen) return;
      state.usedAt = performance.now();
      if (isBinary) ws.close(CLOSE.protocolError, 'binary frame');
      else receive(connection, state.context, data.toString());
    });
    ws.on('pong', () => {
      connection.alive = true;
    });
    ws.on('error', (error) => logger.debug({ err: error, context: id }, 'connection failed'));
    ws.on('close', () => {
      connections.delete(connection);
      state.context.onClosed(connection);
    });
    context.onConnected(connection);
    connection.send(status);
    // It may have been accepted while `close` was beginning.
    if (closing !== undefined) ws.close(CLOSE.goingAway);
  }

  function receive(connection: HostConnection, context: HostContext, text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      connection.ws.close(CLOSE.protocolError, 'not JSON');
      return;
    }
    const parsed = ClientFrame.safeParse(value);
    if (parsed.success) {
      context.onFrame(connection, parsed.data);
      return;
    }
    const frame = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    logger.warn({ context: context.id, type: frame.type }, 'a frame was not understood');
    if (frame.type !== 'USER_MESSAGE') return;
    const issue = parsed.error.issues[0];
    connection.send({
      type: 'ERROR',
      code: 'bad_request',
      message: `USER_MESSAGE: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.slice(0, 500),
      ...(typeof frame.request_id === 'string' ? { request_id: frame.request_id } : {}),
    });
  }

  const pinger = setInterval(() => {
    for (const connection of connections.keys()) {
      if (!connection.alive) {
        connection.ws.terminate();
        continue;
      }
      connection.alive = false;
      connection.ws.ping();
    }
  }, pingIntervalMs).unref();
  const sweeper = setInterval(
    () => {
      const before = performance.now() - idleMs;
      for (const [connection, { context, usedAt }] of connections) {
        if (usedAt < before && !context.isBusy) connection.ws.close(CLOSE.idle, 'idle');
      }
    },
    Math.max(Math.min(idleMs / 2, 30_000), 10),
  ).unref();

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('A TCP port is needed.');
  const name = isLoopback(host) || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const shown = host === '::1' ? '[::1]' : name.includes(':') ? `[${name}]` : name;

  async function shutDown(drainMs: number): Promise<void> {
    clearInterval(sweeper);
    const ended = new Promise((resolve) => server.close(resolve));
    const goodbyes: Promise<void>[] = [];
    // A connection on which nothing runs closes now: its caller may find the next process at once.
    const drained = Promise.all(
      [...contexts.values()].map(async (context) => {
        await context.drain();
        if (context.connection !== undefined) goodbyes.push(hangUp(context.connection.ws));
      }),
    );
    let patience: NodeJS.Timeout | undefined;
    await Promise.race([
      drained,
      new Promise((resolve) => {
        patience = setTimeout(resolve, drainMs);
      }),
    ]);
    clearTimeout(patience);
    for (const context of contexts.values()) context.abandon();
    for (const connection of connections.keys()) goodbyes.push(hangUp(connection.ws));
    await Promise.all(goodbyes);
    server.closeAllConnections();
    await ended;
    clearInterval(pinger);
    await log.close();
  }

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${shown}:${address.port}${prefix}/`,
    port: address.port,
    close: ({ drainMs = 30_000 } = {}) => {
      closing ??= shutDown(drainMs);
      return closing;
    },
  };
}

/**
 * A caller with a wrong certificate or none is let in as far as its request, and answered there: cut off
 * in the handshake it would learn nothing but that the connection broke.
 */
function createDoor({ tls }: ServeAgentOptions, onRequest: RequestListener) {
  if (tls === undefined) return createServer(onRequest);
  const mutual = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  return createTlsServer({ ...tls, ...mutual, minVersion: 'TLSv1.2' }, onRequest);
}

function offered(options: ServeAgentOptions): WireFeature[] {
  return WIRE_FEATURES.filter((feature) => {
    if (feature === 'fork' && options.onFork === undefined) return false;
    if (feature === 'dispose' && options.onDispose === undefined) return false;
    return options.features === undefined || options.features.includes(feature);
  });
}

function contextId(request: IncomingMessage, prefix: string): PlatformChatId | undefined {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const match = /^\/v1\/agent_ws\/(\d+)\/?$/.exec(path.startsWith(prefix) ? path.slice(prefix.length) : '');
  const parsed = PlatformChatId.safeParse(match?.[1]);
  return parsed.success ? parsed.data : undefined;
}

function refuse(socket: Duplex, code: number): void {
  socket.end(`HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Closes politely; a side that does not answer is cut off after a second. */
function hangUp(ws: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => ws.terminate(), 1000);
    ws.on('close', () => {
      clearTimeout(cut);
      resolve();
    });
    ws.close(CLOSE.goingAway, 'going away');
  });
}
