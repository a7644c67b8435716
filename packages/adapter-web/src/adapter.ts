import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type Accept,
  type Capabilities,
  type Clock,
  type Draft,
  type Logger,
  type SendReceipt,
  type SurfaceAdapter,
  SurfaceError,
  type SurfaceHealth,
  type Timeline,
} from '@surfaces/core';
import { splitMarkdown } from '@surfaces/core/markdown';
import {
  type Address,
  ExternalId,
  MessageId,
  type OperationId,
  type OutgoingMessage,
  TurnId,
} from '@surfaces/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { WebAdapterConfig } from './config.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import { CLOSE } from './frames.ts';
import { HostGuard, isLoopback, normalHost } from './hosts.ts';
import { HttpDoor } from './http-door.ts';
import { ACCOUNT, SURFACE, type WebPerson } from './person.ts';
import { probe } from './probe.ts';
import { Rooms } from './rooms.ts';
import { type Identified, Sessions } from './sessions.ts';
import { BUILT_PAGE, readPage } from './static-files.ts';

/** UTF-16 units of one part of an answer. */
const TEXT_LIMIT = 200_000;
/** Bytes of one frame of a page: above any text that has a clear answer of its own. */
const MAX_FRAME = 8 * 1024 * 1024;
const TYPING_MS = 10_000;
const PROBE_MS = 2000;
const PING_MS = 25_000;
const PROBE_TURN = TurnId.parse('probe');

const CAPABILITIES: Capabilities = {
  text: { limit: TEXT_LIMIT, unit: 'utf16' },
  markdown: 'full',
  preview: 'draft',
  buttons: 'native',
  typing: 'native',
  sends: 'idempotent',
  history: 'store',
  refusals: 'inline',
  commandSign: '/',
  budget: { calls: 1000, perMs: 1000, reserve: 100, previewEveryMs: 40 },
};

const DEFAULT_LIMITS: ConnectionLimits = { helloMs: 10_000, flushMs: 20_000, rereadMs: 1000 };

export interface WebAdapterOptions extends WebAdapterConfig {
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the built page is; the package's own by default. */
  readonly clientDir?: string;
  readonly limits?: Partial<ConnectionLimits>;
}

export interface WebAdapter extends SurfaceAdapter {
  /** Where the page is, with the real port; ends with a slash. Throws before `start`. */
  readonly url: string;
}

/** The web page as a surface: it is its own messenger, so what was said is kept in the store's timeline. */
export function createWebAdapter(options: WebAdapterOptions): WebAdapter {
  return new Web(options);
}

class Web implements WebAdapter {
  readonly surface = SURFACE;
  readonly account = ACCOUNT;
  readonly capabilities = CAPABILITIES;
  readonly drafts = {
    show: async (address: Address, draft: Draft) => this.#rooms.showDraft(roomOf(address), draft),
    clear: async (address: Address, turnId: TurnId) => this.#rooms.clearDraft(roomOf(address), turnId),
  };
  readonly typing = {
    lastsMs: TYPING_MS,
    set: async (address: Address, on: boolean) => this.#rooms.setBusy(roomOf(address), on),
  };
  readonly health = { probe: (signal: AbortSignal) => this.#probe(signal) };

  readonly #o: WebAdapterOptions;
  readonly #rooms: Rooms;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME,
    // The connection answers itself: answers to a page that does not read must not pile up.
    autoPong: false,
  });
  readonly #alive = new WeakSet<WebSocket>();
  readonly #sessionOf = new WeakMap<WebSocket, string>();
  readonly #probes = new Map<string, WebPerson>();
  #server: Server | undefined;
  #door: HttpDoor | undefined;
  #accept: Accept | undefined;
  #cancelPing: (() => void) | undefined;
  #url: URL | undefined;
  #stopped = false;

  constructor(options: WebAdapterOptions) {
    this.#o = options;
    this.#rooms = new Rooms(options.clock, TYPING_MS);
  }

  get url(): string {
    if (this.#url === undefined) throw new Error('the web adapter has not been started');
    return this.#url.href;
  }

  async start(accept: Accept): Promise<void> {
    const { host, port, accessKeys, allowedHosts, clock, logger, clientDir, defaultLocale } = this.#o;
    const page = await readPage(clientDir ?? BUILT_PAGE);
    const guard = new HostGuard(host, allowedHosts);
    const exposed = !isLoopback(normalHost(host) ?? host);
    const sessions = new Sessions({ keys: accessKeys, exposed, clock });
    if (exposed && accessKeys.length === 0) {
      logger.warn(
        { host },
        'nobody can log in: the page is open to the network and WEB_ACCESS_KEYS is empty',
      );
    }
    if (accessKeys.some(({ key }) => key.length < 16)) {
      logger.warn({}, 'an access key is shorter than 16 characters and can be guessed');
    }
    const onLogOut = (session: string) => this.#endSession(session);
    this.#door = new HttpDoor({ guard, sessions, page, defaultLocale, logger, onLogOut });
    const server = createServer((request, response) => {
      this.#door?.answer(request, response).catch((error: unknown) => {
        // Whoever goes away in the middle of a request is no error of ours, and must not fill the log.
        const left = request.destroyed && !request.complete;
        logger[left ? 'debug' : 'error']({ err: error }, 'a web request failed');
        response.destroy();
      });
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#accept = accept;
    await listen(server, host, port);
    // A connection that could not be taken (no descriptors, no memory): the others go on.
    server.on('error', (error) =>
      logger.error({ err: error }, 'the web listener failed to take a connection'),
    );
    this.#server = server;
    this.#url = urlOf(server, host);
    this.#schedulePing();
  }

  async pause(): Promise<void> {
    this.#accept = undefined;
  }

  async stop(): Promise<void> {
    this.#accept = undefined;
    this.#stopped = true;
    this.#cancelPing?.();
    this.#rooms.clear();
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => {
      if (server.listening) server.close(() => resolve());
      else resolve();
    });
    for (const socket of this.#sockets.clients) socket.close(CLOSE.goingAway, 'the server stops');
    // Browsers answer a close at once; who does not is not waited for.
    const cancel = this.#o.clock.after(1000, () => {
      for (const socket of this.#sockets.clients) socket.terminate();
      server.closeAllConnections();
    });
    server.closeIdleConnections();
    await closed;
    cancel();
  }

  split(markdown: string): readonly string[] {
    return splitMarkdown(markdown, { limit: TEXT_LIMIT });
  }

  async send(
    address: Address,
    outgoing: OutgoingMessage,
    operationId: OperationId,
    signal: AbortSignal,
  ): Promise<SendReceipt> {
    signal.throwIfAborted();
    const room = roomOf(address);
    if (this.#stopped) throw new SurfaceError('unreachable', 'the web surface has stopped');
    if (outgoing.markdown.length > TEXT_LIMIT) {
      throw new SurfaceError(
        'refused',
        `a message of ${outgoing.markdown.length} UTF-16 units is over ${TEXT_LIMIT}`,
      );
    }
    let seq: number;
    try {
      ({ seq } = await this.#o.timeline.append(address, operationId, outgoing, this.#o.clock.now()));
    } catch (cause) {
      throw new SurfaceError('unreachable', 'the message could not be stored', {
        cause,
        outcomeUnknown: true,
      });
    }
    const { turnId, last } = outgoing;
    this.#rooms.entryAdded(room, last && turnId !== undefined ? { turnId, seq } : undefined);
    return { messageId: MessageId.parse(String(seq)) };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until the WebSocket takes over, nobody else listens to it.
    socket.on('error', () => socket.destroy());
    const prober = this.#prober(request);
    const admitted = prober ?? this.#door?.admit(request, socket);
    if (admitted === undefined) return;
    const { person, by, session } = admitted;
    const { timeline, clock, logger, defaultLocale, limits } = this.#o;
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (this.#stopped) return webSocket.close(CLOSE.goingAway, 'the server stops');
      this.#alive.add(webSocket);
      if (session !== undefined) this.#sessionOf.set(webSocket, session);
      webSocket.on('pong', () => this.#alive.add(webSocket));
      new Connection({
        socket: webSocket,
        person,
        canLogOut: by === 'session',
        defaultLocale,
        rooms: this.#rooms,
        timeline,
        clock,
        logger,
        accept: () => (prober === undefined ? this.#accept : undefined),
        limits: { ...DEFAULT_LIMITS, ...limits },
      });
    });
  }

  #endSession(session: string): void {
    for (const socket of this.#sockets.clients) {
      if (this.#sessionOf.get(socket) === session) socket.close(CLOSE.loggedOut, 'logged out');
    }
  }

  #schedulePing(): void {
    this.#cancelPing = this.#o.clock.after(PING_MS, () => {
      for (const socket of this.#sockets.clients) {
        if (!this.#alive.delete(socket)) socket.terminate();
        else socket.ping();
      }
      this.#schedulePing();
    });
  }

  async #probe(signal: AbortSignal): Promise<SurfaceHealth> {
    if (this.#url === undefined || this.#stopped) return { ok: false, detail: 'not started' };
    const token = randomBytes(32).toString('base64url');
    const id = ExternalId.parse(`probe/${token}`);
    this.#probes.set(token, { id, name: 'probe' });
    const show = () => this.#rooms.showDraft(id, { turnId: PROBE_TURN, text: 'probe' });
    try {
      return await probe(this.#url, token, show, AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]));
    } finally {
      this.#probes.delete(token);
      this.#rooms.clearDraft(id, PROBE_TURN);
    }
  }

  /** Our own health probe, by its one-time token. Its id is one that no key can have. */
  #prober(request: IncomingMessage): Extract<Identified, { by: string }> | undefined {
    const given = /^Probe (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) return undefined;
    for (const [token, person] of this.#probes) {
      const [a, b] = [Buffer.from(token), Buffer.from(given)];
      if (a.length !== b.length || !timingSafeEqual(a, b)) continue;
      this.#probes.delete(token);
      return { person, by: 'key' };
    }
    return undefined;
  }
}

function roomOf(address: Address): string {
  if (address.surface !== SURFACE || address.account !== ACCOUNT || address.kind !== 'room') {
    throw new SurfaceError('refused', 'this address is not one of the web surface');
  }
  return address.room;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
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
function urlOf(server: Server, host: string): URL {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  const bare = host.replace(/^\[|\]$/g, '');
  const open = bare === '0.0.0.0' ? '127.0.0.1' : bare === '::' ? '::1' : bare;
  return new URL(`http://${isIPv6(open) ? `[${open}]` : open}:${address.port}/`);
}
