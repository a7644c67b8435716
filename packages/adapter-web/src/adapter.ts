import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type Accept,
  type Agents,
  type Capabilities,
  type ChatPort,
  type Clock,
  type CommandInfo,
  type Draft,
  type FilePort,
  type Files,
  type Logger,
  type PeoplePort,
  type SendReceipt,
  type SurfaceAdapter,
  SurfaceError,
  type SurfaceHealth,
  type Timeline,
} from '@surfaces/core';
import { splitMarkdown } from '@surfaces/core/markdown';
import {
  type Address,
  addressKey,
  type ExternalId,
  MessageId,
  type OperationId,
  type OutgoingMessage,
  TurnId,
} from '@surfaces/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { ChatLists } from './chat-lists.ts';
import type { WebAdapterConfig } from './config.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
import { Downloads } from './downloads.ts';
import { fetchUpload } from './fetch-upload.ts';
import { CLOSE } from './frames.ts';
import { HostGuard, isLoopback, normalHost } from './hosts.ts';
import { HttpDoor } from './http-door.ts';
import { listen, reachedFrom, urlOf } from './listener.ts';
import { ACCOUNT, addressOf, messageKeyOf, type People, placeOf, SURFACE, threadOf } from './person.ts';
import { Probers, probe, withoutProbers } from './probe.ts';
import { Rooms } from './rooms.ts';
import { Sessions } from './sessions.ts';
import { BUILT_PAGE, readPage } from './static-files.ts';
import { Uploaded } from './uploaded.ts';
import { Uploads } from './uploads.ts';

/** UTF-16 units of one part of an answer. */
const TEXT_LIMIT = 200_000;
/** Bytes of one frame of a page: above any text that has a clear answer of its own. */
const MAX_FRAME = 8 * 1024 * 1024;
const TYPING_MS = 10_000;
const PROBE_MS = 2000;
const PING_MS = 25_000;
const PROBE_TURN = TurnId.parse('probe');

const CAPABILITIES: Omit<Capabilities, 'files'> = {
  text: { limit: TEXT_LIMIT, unit: 'utf16' },
  markdown: 'full',
  preview: 'draft',
  buttons: 'native',
  typing: 'native',
  chats: 'native',
  sends: 'idempotent',
  history: 'store',
  refusals: 'inline',
  commandSign: '/',
  budget: { calls: 1000, perMs: 1000, reserve: 100, previewEveryMs: 40 },
};

/** Milliseconds. */
export interface WebLimits extends ConnectionLimits {
  /** How long an upload may stand still. */
  readonly uploadIdleMs: number;
  /** How long a browser may take nothing of what it asked for: somebody may have paused a download. */
  readonly downloadIdleMs: number;
  /** How long the head of a request may take. */
  readonly headersMs: number;
  /** How long what an answered request still sends is read. */
  readonly lingerMs: number;
}

const DEFAULT_LIMITS: WebLimits = {
  helloMs: 10_000,
  flushMs: 20_000,
  rereadMs: 1000,
  uploadIdleMs: 60_000,
  downloadIdleMs: 300_000,
  headersMs: 60_000,
  lingerMs: 5000,
};

export interface WebAdapterOptions extends WebAdapterConfig {
  readonly timeline: Timeline;
  readonly people: People;
  readonly agents: Pick<Agents, 'assign' | 'info'>;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the built page is; the package's own by default. */
  readonly clientDir?: string;
  readonly limits?: Partial<WebLimits>;
}

export interface WebAdapter extends SurfaceAdapter {
  /** Where the page is, with the real port; ends with a slash. Throws before `start`. */
  readonly url: string;
  /** For whoever starts it: `url`, and how others reach it, where they can; one line. */
  readonly place: string;
}

/** The web page as a surface: it is its own messenger, so what was said is kept in the store's timeline. */
export function createWebAdapter(options: WebAdapterOptions): WebAdapter {
  return new Web(options);
}

class Web implements WebAdapter {
  readonly surface = SURFACE;
  readonly account = ACCOUNT;
  readonly capabilities: Capabilities;
  readonly drafts = {
    show: async (address: Address, draft: Draft) => this.#rooms.showDraft(roomOf(address), draft),
    clear: async (address: Address, turnId: TurnId) => this.#rooms.clearDraft(roomOf(address), turnId),
  };
  readonly typing = {
    lastsMs: TYPING_MS,
    set: async (address: Address, on: boolean) => {
      const { person } = placeOf(address);
      this.#rooms.setBusy(roomOf(address), on, () => this.#lists.find(person)?.busyChanged());
    },
  };
  readonly chats: ChatPort = {
    opens: true,
    create: async ({ from, event, person }, operationId, signal) => {
      signal.throwIfAborted();
      if (placeOf(from).person !== person.externalId) {
        throw new SurfaceError('refused', 'this is the place of somebody else');
      }
      const chat = threadOf(operationId);
      this.#lists.find(person.externalId)?.made(chat, messageKeyOf(event));
      return addressOf(person.externalId, chat);
    },
    rename: async (address) => this.#listOf(address)?.changed(),
    archive: async (address) => this.#listOf(address)?.changed(),
  };
  readonly files: FilePort = {
    fetch: async (address, person, ref, signal) => {
      placeOf(address);
      return await fetchUpload(this.#o.files, person, ref, signal);
    },
  };
  readonly people: PeoplePort = {
    changed: (externalId, person) => this.#lists.find(externalId)?.personChanged(person),
    // Its pages come back at once, and are shown that nothing is there.
    forgotten: (externalId) => {
      for (const socket of this.#sockets.clients) {
        if (this.#personOf.get(socket) === externalId)
          socket.close(CLOSE.goingAway, 'everything was deleted');
      }
    },
  };
  readonly health = { probe: (signal: AbortSignal) => this.#probe(signal) };

  readonly #o: WebAdapterOptions;
  readonly #limits: WebLimits;
  readonly #rooms: Rooms;
  readonly #lists: ChatLists;
  readonly #uploaded: Uploaded;
  readonly #uploads: Uploads;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME,
    // The connection answers itself: answers to a page that does not read must not pile up.
    autoPong: false,
  });
  readonly #alive = new WeakSet<WebSocket>();
  readonly #sessionOf = new WeakMap<WebSocket, string>();
  readonly #personOf = new WeakMap<WebSocket, ExternalId>();
  readonly #probers = new Probers();
  #server: Server | undefined;
  #door: HttpDoor | undefined;
  #accept: Accept | undefined;
  #commands: readonly CommandInfo[] = [];
  #cancelPing: (() => void) | undefined;
  #url: URL | undefined;
  #stopped = false;

  constructor(options: WebAdapterOptions) {
    this.#o = options;
    const { agents, clock, defaultLocale, files, logger, timeline } = options;
    const people = withoutProbers(options.people);
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { rereadMs, uploadIdleMs } = this.#limits;
    this.capabilities = { ...CAPABILITIES, files: { maxBytes: files.maxBytes } };
    this.#rooms = new Rooms(clock, TYPING_MS);
    const isBusy = (room: Address) => this.#rooms.isBusy(addressKey(room));
    const common = { people, agents, clock, logger, defaultLocale };
    this.#lists = new ChatLists({ ...common, timeline, rereadMs, isBusy });
    this.#uploaded = new Uploaded(files);
    const isTaking = () => this.#accept !== undefined;
    const uploads = { files, uploaded: this.#uploaded, isTaking, idleMs: uploadIdleMs };
    this.#uploads = new Uploads({ ...common, ...uploads });
  }

  get url(): string {
    if (this.#url === undefined) throw new Error('the web adapter has not been started');
    return this.#url.href;
  }

  get place(): string {
    const { host, accessKeys } = this.#o;
    if (isLoopback(normalHost(host) ?? host)) return this.url;
    if (accessKeys.length === 0) return `${this.url} (nobody can log in: set WEB_ACCESS_KEYS)`;
    const others = reachedFrom(new URL(this.url), host);
    return others.length === 0 ? this.url : `${this.url} (from elsewhere: ${others.join(' ')})`;
  }

  async start(accept: Accept, commands: readonly CommandInfo[]): Promise<void> {
    const { host, port, accessKeys, allowedHosts, clock, logger, clientDir, defaultLocale } = this.#o;
    const { people, files } = this.#o;
    const { downloadIdleMs, headersMs, lingerMs } = this.#limits;
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
    accessKeys.forEach(({ name }, i) => {
      if (name !== undefined) return;
      logger.warn(
        {},
        `entry ${i + 1} of WEB_ACCESS_KEYS has no name and is taken for a key: its holder is known as web:key-… (a digest of it), and is somebody else when the key changes. Write name:key`,
      );
    });
    const onLogOut = (session: string) => this.#endSession(session);
    const uploaded = this.#uploaded;
    const downloads = new Downloads({ people, files, uploaded, logger, defaultLocale });
    const uploads = this.#uploads;
    const common = { guard, sessions, page, defaultLocale, logger, clock };
    this.#door = new HttpDoor({ ...common, uploads, downloads, lingerMs, onLogOut });
    // An upload may take long; what may not has a limit of its own: without it, that of the headers is 0 too.
    const connectionsCheckingInterval = Math.min(headersMs, 30_000);
    const times = { requestTimeout: 0, headersTimeout: headersMs, connectionsCheckingInterval };
    const server = createServer(times, (request, response) => {
      this.#door?.answer(request, response).catch((error: unknown) => {
        // Whoever goes away in the middle of a request is no error of ours, and must not fill the log.
        const left = request.destroyed && !request.complete;
        logger[left ? 'debug' : 'error']({ err: error }, 'a web request failed');
        response.destroy();
      });
    });
    // Of a connection on which nothing moves; not of a WebSocket.
    server.setTimeout(downloadIdleMs);
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#accept = accept;
    this.#commands = commands;
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
    this.#lists.clear();
    const uploadsEnded = this.#uploads.stop();
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
    await Promise.all([closed, uploadsEnded]);
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
    const { timeline, clock } = this.#o;
    const at = clock.now();
    let seq: number;
    try {
      ({ seq } = await timeline.append(address, operationId, outgoing, at));
    } catch (cause) {
      throw new SurfaceError('unreachable', 'the message could not be stored', {
        cause,
        outcomeUnknown: true,
      });
    }
    const { turnId, last, role } = outgoing;
    this.#rooms.entryAdded(room, last && turnId !== undefined ? { turnId, seq } : undefined);
    const list = this.#listOf(address);
    list?.entered(placeOf(address).chat, { seq, at, by: 'bot' });
    // The system's own words may tell of a change: another agent, another chat here.
    if (role === 'system') list?.changed();
    return { messageId: MessageId.parse(String(seq)) };
  }

  #listOf(address: Address) {
    return this.#lists.find(placeOf(address).person);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until the WebSocket takes over, nobody else listens to it.
    socket.on('error', () => socket.destroy());
    const prober = this.#probers.admit(request);
    const admitted = prober ?? this.#door?.admit(request, socket);
    if (admitted === undefined) return;
    const { person, by, session } = admitted;
    const { timeline, agents, clock, logger, defaultLocale, files } = this.#o;
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (this.#stopped) return webSocket.close(CLOSE.goingAway, 'the server stops');
      this.#alive.add(webSocket);
      if (session !== undefined) this.#sessionOf.set(webSocket, session);
      this.#personOf.set(webSocket, person.id);
      webSocket.on('pong', () => this.#alive.add(webSocket));
      new Connection({
        socket: webSocket,
        person,
        canLogOut: by === 'session',
        defaultLocale,
        rooms: this.#rooms,
        lists: this.#lists,
        uploaded: this.#uploaded,
        maxFileBytes: files.maxBytes,
        commands: this.#commands,
        timeline,
        agents,
        clock,
        logger,
        accept: () => (prober === undefined ? this.#accept : undefined),
        limits: this.#limits,
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
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
    const prober = this.#probers.make();
    const room = roomOf(addressOf(prober.person.id));
    const show = () => this.#rooms.showDraft(room, { turnId: PROBE_TURN, text: 'probe' });
    try {
      return await probe(this.#url, prober.token, show, limit);
    } finally {
      this.#probers.forget(prober.token);
      this.#rooms.clearDraft(room, PROBE_TURN);
    }
  }
}

/** What `Rooms` calls it. Throws a `SurfaceError` when it is none of ours. */
function roomOf(address: Address): string {
  placeOf(address);
  return addressKey(address);
}
