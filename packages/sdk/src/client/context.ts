/** One context of an agent: its connection, opened on demand, and what runs on it. */
import { randomUUID } from 'node:crypto';
import { AgentError, type AgentFrame, type ClientFrameInput } from '@surfaces/protocol';
import { Deadline } from '../deadline.ts';
import type { IgnoredReason } from '../frames.ts';
import { type Broken, Connection, type ConnectionOwner, type ConnectionSetup } from './connection.ts';
import type { Exchange, ExchangeContext } from './exchange.ts';
import type { ClientLimits } from './options.ts';

interface Call {
  resolve(frame: Extract<AgentFrame, { type: 'CONTEXT_DONE' }>): void;
  reject(error: AgentError): void;
}

export class ClientContext implements ConnectionOwner, ExchangeContext {
  readonly limits: ClientLimits;
  running: Exchange | undefined;
  private readonly setup: ConnectionSetup;
  private readonly ignored: (reason: IgnoredReason) => void;
  private readonly onUnused: () => void;
  private readonly idle: Deadline;
  private readonly calls = new Map<string, Call>();
  private connection: Connection | undefined;
  private opening: Promise<Connection> | undefined;
  /** All that are not closed yet, also those that were given up. */
  private readonly sockets = new Set<Connection>();
  private closed = false;

  constructor(setup: ConnectionSetup, ignored: (reason: IgnoredReason) => void, onUnused: () => void) {
    this.setup = setup;
    this.limits = setup.limits;
    this.ignored = ignored;
    this.onUnused = onUnused;
    this.idle = new Deadline(() => this.abandon());
  }

  current(): Connection | undefined {
    return this.connection?.isOpen ? this.connection : undefined;
  }

  connect(): Promise<Connection> {
    const current = this.current();
    if (current !== undefined) return Promise.resolve(current);
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
      // Whoever asked for it may have given up meanwhile.
      this.rest();
    });
    return this.opening;
  }

  begin(exchange: Exchange): void {
    this.running = exchange;
    this.idle.lift();
    exchange.start();
  }

  onFinished(exchange: Exchange): void {
    if (this.running !== exchange) return;
    this.running = undefined;
    this.rest();
  }

  /** Sends a frame that CONTEXT_DONE answers. */
  async call(
    feature: 'fork' | 'dispose',
    frame: (requestId: string) => ClientFrameInput,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const connection = await this.connect();
    signal.throwIfAborted();
    if (!connection.has(feature)) {
      this.rest();
      throw new AgentError('unsupported', `The agent cannot ${feature} a context.`);
    }
    const id = randomUUID();
    let stop: () => void = () => {};
    try {
      const done = await new Promise<Extract<AgentFrame, { type: 'CONTEXT_DONE' }>>((resolve, reject) => {
        const limit = new Deadline(() =>
          reject(new AgentError('first_event_timeout', `The agent did not confirm the ${feature} in time.`)),
        );
        const onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        stop = () => {
          limit.stop();
          signal.removeEventListener('abort', onAbort);
        };
        this.calls.set(id, { resolve, reject });
        this.idle.lift();
        limit.set(this.limits.firstEventTimeoutMs);
        connection.send(frame(id));
      });
      if (!done.ok)
        throw new AgentError('refused', `The agent would not ${feature}: ${done.message ?? 'no reason'}`);
    } finally {
      stop();
      this.calls.delete(id);
      this.rest();
    }
  }

  onFrame(frame: AgentFrame): void {
    if (frame.type === 'CONTEXT_DONE') {
      const call = this.calls.get(frame.request_id);
      if (call === undefined) {
        this.ignored('unexpected');
        return;
      }
      call.resolve(frame);
      return;
    }
    if (this.running === undefined) this.ignored('after_end');
    else this.running.onFrame(frame);
  }

  onBroken(broken: Broken): void {
    this.connection = undefined;
    this.failCalls(broken.error);
    if (this.running === undefined) this.rest();
    else this.running.onBroken(broken);
  }

  onIgnored(reason: IgnoredReason): void {
    this.ignored(reason);
  }

  abandon(): void {
    const { connection } = this;
    this.connection = undefined;
    this.failCalls(undefined);
    void connection?.close();
    if (this.running === undefined) this.rest();
  }

  /** Says nothing to the agent: its work is not ours to end. */
  async close(): Promise<void> {
    this.closed = true;
    this.idle.stop();
    this.running?.fail(new AgentError('closed', 'The agent client was closed.'));
    this.failCalls(undefined);
    this.connection = undefined;
    await Promise.all([...this.sockets].map((socket) => socket.close()));
  }

  private failCalls(cause: unknown): void {
    for (const call of this.calls.values()) {
      call.reject(new AgentError('interrupted', 'The connection broke.', { cause }));
    }
  }

  private rest(): void {
    if (this.running !== undefined || this.calls.size > 0 || this.opening !== undefined) return;
    if (this.connection !== undefined) {
      this.idle.set(this.limits.connectionIdleMs);
      return;
    }
    this.idle.stop();
    this.onUnused();
  }

  private async open(): Promise<Connection> {
    if (this.closed) throw new AgentError('closed', 'The agent client was closed.');
    // A connection that was given up may still speak: only the newest is listened to.
    let self: Connection | undefined;
    const owner: ConnectionOwner = {
      onFrame: (frame) => {
        if (self !== undefined && this.connection === self) this.onFrame(frame);
        else this.ignored('after_end');
      },
      onBroken: (broken) => {
        if (self !== undefined && this.connection === self) this.onBroken(broken);
      },
      onIgnored: (reason) => this.ignored(reason),
    };
    const opening = Connection.open(this.setup, owner, (socket) => {
      this.sockets.add(socket);
      void socket.whenClosed.then(() => this.sockets.delete(socket));
    });
    const opened = await opening;
    if (this.closed) {
      await opened.close();
      throw new AgentError('closed', 'The agent client was closed.');
    }
    if (!opened.isOpen) throw new AgentError('unreachable', 'The agent closed the connection after STATUS.');
    self = opened;
    this.connection = opened;
    return opened;
  }
}
