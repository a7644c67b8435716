/** One open WebSocket to one context of an agent, from STATUS on. */
import {
  AgentError,
  type AgentFrame,
  CLOSE,
  type ClientFrameInput,
  MAX_FRAME_BYTES,
  WIRE_FEATURES,
  type WireFeature,
} from '@surfaces/protocol';
import WebSocket from 'ws';
import { publicUrl } from '../agent-url.ts';
import { Deadline } from '../deadline.ts';
import { type IgnoredReason, readAgentFrame } from '../frames.ts';
import type { ClientLimits } from './options.ts';
import { tlsProblem } from './tls-problem.ts';

export type StatusFrame = Extract<AgentFrame, { type: 'STATUS' }>;

/** Why a connection is no more. */
export interface Broken {
  /** The close code, 1006 when there was none. */
  readonly code: number;
  readonly error: AgentError;
}

/** What sits on a connection: gets every frame after STATUS, and its end, once. */
export interface ConnectionOwner {
  onFrame(frame: AgentFrame): void;
  onBroken(broken: Broken): void;
  onIgnored(reason: IgnoredReason): void;
}

export interface ConnectionSetup {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly limits: ClientLimits;
  readonly traceparent: (() => string | undefined) | undefined;
}

export class Connection {
  /** What both sides can do; empty for a plain agent. */
  features: ReadonlySet<WireFeature> = new Set();
  status: StatusFrame | undefined;
  private readonly ws: WebSocket;
  private readonly url: string;
  private readonly owner: ConnectionOwner;
  private readonly statusLimit: Deadline;
  private alive = true;
  private pinger: NodeJS.Timeout | undefined;
  private failure: AgentError | undefined;
  private opened: { resolve: (self: Connection) => void; reject: (error: AgentError) => void } | undefined;
  private closed = false;
  readonly whenClosed: Promise<void>;

  /** Resolves with STATUS (and HELLO answered). Rejects with an `AgentError`. */
  static open(
    setup: ConnectionSetup,
    owner: ConnectionOwner,
    onSocket?: (c: Connection) => void,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const connection = new Connection(setup, owner, { resolve, reject });
      onSocket?.(connection);
    });
  }

  private constructor(
    setup: ConnectionSetup,
    owner: ConnectionOwner,
    opened: { resolve: (self: Connection) => void; reject: (error: AgentError) => void },
  ) {
    this.owner = owner;
    this.opened = opened;
    this.url = publicUrl(setup.url);
    const { limits } = setup;
    this.statusLimit = new Deadline(() =>
      this.fail(
        'no_status',
        `The agent accepted the connection but sent no STATUS within ${limits.statusTimeoutMs} ms.`,
      ),
    );
    this.ws = new WebSocket(setup.url, {
      headers: setup.headers,
      ...setup.tls,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: limits.connectTimeoutMs,
    });
    this.ws.on('open', () => {
      this.statusLimit.set(limits.statusTimeoutMs);
      this.pinger = setInterval(() => this.proveLife(), limits.pingIntervalMs).unref();
    });
    this.ws.on('unexpected-response', (request, response) => {
      this.failure ??= new AgentError(
        'refused',
        `The agent's server answered ${response.statusCode} instead of opening a WebSocket.`,
        { url: this.url, ...(response.statusCode === undefined ? {} : { status: response.statusCode }) },
      );
      request.destroy();
      this.ws.terminate();
    });
    this.ws.on('error', (error) => this.onError(error));
    this.ws.on('pong', () => {
      this.alive = true;
    });
    this.ws.on('message', (data, isBinary) => {
      this.alive = true;
      if (isBinary) this.fail('protocol', 'The agent sent a binary frame; only JSON text is allowed.');
      else if (this.failure === undefined) this.onText(data.toString(), setup.traceparent);
    });
    this.whenClosed = new Promise((resolve) => {
      this.ws.on('close', (code, reason) => {
        this.onClose(code, reason.toString());
        resolve();
      });
    });
  }

  get isOpen(): boolean {
    return this.opened === undefined && this.ws.readyState === WebSocket.OPEN;
  }

  has(feature: WireFeature): boolean {
    return this.features.has(feature);
  }

  /** Throws an `AgentError` when the frame is too large. Lost when the connection is closing. */
  send(frame: ClientFrameInput): void {
    const text = JSON.stringify(frame);
    if (text.length * 3 > MAX_FRAME_BYTES && Buffer.byteLength(text) > MAX_FRAME_BYTES) {
      throw new AgentError(
        'protocol',
        `The message is larger than one frame (${MAX_FRAME_BYTES} bytes): shorten it or send it as a file.`,
        { url: this.url },
      );
    }
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(text, ignore);
  }

  /** Stops reading: what the agent goes on to write waits in its own buffers. */
  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.alive = true;
    this.ws.resume();
  }

  /** Closes politely; a side that does not answer is cut off after a second. */
  close(code = 1000, reason = ''): Promise<void> {
    if (this.opened !== undefined) {
      this.failure ??= new AgentError('closed', 'The connection was closed while it was opening.');
      this.ws.terminate();
    } else if (!this.closed) {
      this.ws.resume();
      this.ws.close(code, reason);
      const cut = setTimeout(() => this.ws.terminate(), 1000).unref();
      this.whenClosed.then(() => clearTimeout(cut), ignore);
    }
    return this.whenClosed;
  }

  private fail(code: 'no_status' | 'protocol' | 'refused', message: string): void {
    if (this.failure !== undefined) return;
    this.failure = new AgentError(code, message, { url: this.url });
    this.ws.close(code === 'protocol' ? CLOSE.protocolError : 1000);
    // The owner hears of it now; the other side may take its time to close.
    this.settle(CLOSE.protocolError, this.failure);
    setTimeout(() => this.ws.terminate(), 1000).unref();
  }

  private onText(text: string, traceparent: (() => string | undefined) | undefined): void {
    const read = readAgentFrame(text);
    if (read.kind === 'garbage') {
      this.fail('protocol', 'The agent sent a frame that is not JSON.');
      return;
    }
    if (read.kind === 'ignored') {
      this.owner.onIgnored(read.reason);
      return;
    }
    if (this.opened === undefined) {
      this.owner.onFrame(read.frame);
      return;
    }
    if (read.frame.type === 'STATUS') {
      this.onStatus(read.frame, traceparent);
      return;
    }
    if (read.frame.type === 'ERROR') {
      this.fail('refused', `The agent refused the connection: ${read.frame.message}`);
      return;
    }
    this.owner.onIgnored('unexpected');
  }

  private onStatus(status: StatusFrame, traceparent: (() => string | undefined) | undefined): void {
    this.statusLimit.stop();
    this.status = status;
    const offered = new Set(status.features);
    const features = WIRE_FEATURES.filter((feature) => offered.has(feature));
    this.features = new Set(features);
    if (features.length > 0) {
      const trace = traceparent?.();
      this.send({ type: 'HELLO', features, ...(trace === undefined ? {} : { traceparent: trace }) });
    }
    const { opened } = this;
    this.opened = undefined;
    opened?.resolve(this);
  }

  private proveLife(): void {
    if (this.ws.isPaused) return;
    if (!this.alive) {
      this.ws.terminate();
      return;
    }
    this.alive = false;
    this.ws.ping(ignore);
  }

  private onError(error: Error & { code?: string }): void {
    const broke = error.code?.startsWith('WS_ERR') === true;
    const tls = tlsProblem(error);
    this.failure ??= broke
      ? new AgentError('protocol', `The agent broke the WebSocket protocol: ${error.message}`, {
          cause: error,
          url: this.url,
        })
      : new AgentError(
          tls?.code ?? 'unreachable',
          `Could not reach the agent: ${tls?.message ?? (error.message || error.code || 'unknown error')}`,
          {
            cause: error,
            url: this.url,
          },
        );
  }

  private onClose(code: number, reason: string): void {
    clearInterval(this.pinger);
    this.statusLimit.stop();
    const error =
      this.failure ??
      new AgentError('unreachable', `The agent closed the connection (${code}${reason && `, ${reason}`}).`, {
        url: this.url,
      });
    this.settle(code, error);
  }

  private settle(code: number, error: AgentError): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.pinger);
    this.statusLimit.stop();
    const { opened } = this;
    if (opened === undefined) this.owner.onBroken({ code, error });
    else {
      this.opened = undefined;
      opened.reject(error);
    }
  }
}

function ignore(): void {
  // A failed write shows itself as the end of the connection.
}
