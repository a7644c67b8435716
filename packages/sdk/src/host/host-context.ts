/** One context at the host: its one connection, and the lane in which its messages run one after another. */
import { randomUUID } from 'node:crypto';
import { CLOSE, type ClientFrame, type PlatformChatId, type WireFeature } from '@surfaces/protocol';
import { AgentFailure } from './agent-turn.ts';
import type { HostConnection } from './host-connection.ts';
import type { HostEvent } from './host-event.ts';
import { HostTurn } from './host-turn.ts';
import type { HostCore } from './options.ts';

type Frame<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

/** More messages than this wait for no person. */
const MOST_WAITING = 1000;

export class HostContext {
  readonly id: PlatformChatId;
  connection: HostConnection | undefined;
  private readonly host: HostCore;
  /** Waiting or running, by request. */
  private readonly turns = new Map<string, HostTurn>();
  private readonly lane: (() => Promise<void>)[] = [];
  private working = false;
  private draining = false;
  private whenIdle: (() => void) | undefined;

  constructor(id: PlatformChatId, host: HostCore) {
    this.id = id;
    this.host = host;
  }

  get isBusy(): boolean {
    return this.working;
  }

  get isUnused(): boolean {
    return !this.working && this.connection === undefined;
  }

  onConnected(connection: HostConnection): void {
    const earlier = this.connection;
    this.connection = connection;
    earlier?.ws.close(CLOSE.replaced, 'replaced');
    if (earlier !== undefined) this.leave(earlier);
  }

  onClosed(connection: HostConnection): void {
    if (this.connection === connection) this.connection = undefined;
    this.leave(connection);
  }

  onFrame(connection: HostConnection, frame: ClientFrame): void {
    switch (frame.type) {
      case 'HELLO': {
        const asked = new Set(frame.features);
        connection.features = new Set([...this.host.features].filter((feature) => asked.has(feature)));
        break;
      }
      case 'USER_MESSAGE':
        this.onMessage(connection, frame);
        break;
      case 'RESUME':
        void this.onResume(connection, frame);
        break;
      case 'CONFIRM_REPLY':
        if (!this.turns.get(frame.request_id)?.answer(frame.id, frame.option)) {
          this.host.logger.debug({ context: this.id, confirm: frame.id }, 'answer to no open confirmation');
        }
        break;
      case 'CANCEL':
        if (this.has('cancel'))
          this.turns.get(frame.request_id)?.abort(new AgentFailure('cancelled', 'Cancelled.'));
        break;
      case 'FORK':
        this.onCall(connection, frame, 'fork');
        break;
      case 'DISPOSE':
        this.onCall(connection, frame, 'dispose');
        break;
    }
  }

  /** No further message begins; resolves when the one that runs is done. */
  async drain(): Promise<void> {
    this.draining = true;
    this.lane.length = 0;
    if (!this.working) return;
    await new Promise<void>((resolve) => {
      this.whenIdle = resolve;
    });
  }

  /** As if the process had been killed: turns end without a word, their callers may take them up elsewhere. */
  abandon(): void {
    this.draining = true;
    this.lane.length = 0;
    for (const turn of this.turns.values()) {
      turn.seal();
      turn.reader = undefined;
      turn.abort(new AgentFailure('going_away', 'The agent is going away.'));
    }
    this.turns.clear();
  }

  private has(feature: WireFeature): boolean {
    return this.host.features.has(feature);
  }

  private onMessage(connection: HostConnection, frame: Frame<'USER_MESSAGE'>): void {
    const named = frame.request_id !== undefined;
    const requestId = frame.request_id ?? randomUUID();
    const running = named ? this.turns.get(requestId) : undefined;
    // Two turns of one name at a time could not be told apart, idempotent or not.
    if (running !== undefined) {
      running.readBy(connection, 0, true);
      return;
    }
    if (this.lane.length >= MOST_WAITING) {
      const message = 'Too many messages of this context wait already.';
      connection.send({ type: 'ERROR', code: 'busy', message, request_id: frame.request_id });
      return;
    }
    const turn = new HostTurn({
      platformChatId: this.id,
      requestId,
      text: frame.text,
      attachments: frame.attachments,
      person: this.has('person') ? frame.person : undefined,
      features: connection.features,
    });
    this.turns.set(requestId, turn);
    turn.readBy(connection, 0, named);
    this.enqueue(() => this.run(turn, named));
  }

  private async run(turn: HostTurn, named: boolean): Promise<void> {
    const { log, logger } = this.host;
    const logged = named && (this.has('resume') || this.has('idempotent'));
    if (named && this.has('idempotent')) {
      const found = this.find(turn.requestId);
      const events = found instanceof Promise ? await found : found;
      if (events !== undefined) {
        turn.adopt(events);
        this.release(turn);
        return;
      }
    }
    const terminal = await this.work(turn);
    // Abandoned meanwhile: whatever came out of it is not to be remembered.
    if (this.turns.get(turn.requestId) !== turn) return;
    turn.seal();
    if (logged) {
      try {
        const durable = log.finish(this.id, turn.requestId, [...turn.events, terminal]);
        if (durable !== undefined) await durable;
      } catch (error) {
        // The person gets the answer all the same; only fetching it again will not work.
        logger.error({ err: error, context: this.id }, 'a finished turn could not be logged');
      }
    }
    turn.finish(terminal);
    this.release(turn);
  }

  private async work(turn: HostTurn): Promise<HostEvent> {
    try {
      if (turn.isAborted) turn.signal.throwIfAborted();
      await this.host.onTurn(turn);
      return turn.endEvent();
    } catch (error) {
      if (turn.isAborted) return { type: 'ERROR', code: 'cancelled', message: 'Cancelled.' };
      if (error instanceof AgentFailure) {
        return { type: 'ERROR', code: error.code, message: error.message.slice(0, 4000) };
      }
      this.host.logger.error({ err: error, context: this.id, request: turn.requestId }, 'the turn failed');
      return { type: 'ERROR', code: 'internal', message: 'The agent failed on this message.' };
    }
  }

  private release(turn: HostTurn): void {
    if (this.turns.get(turn.requestId) === turn) this.turns.delete(turn.requestId);
  }

  private async onResume(connection: HostConnection, frame: Frame<'RESUME'>): Promise<void> {
    const { request_id, after_seq } = frame;
    const answer = (state: 'running' | 'done' | 'unknown') =>
      connection.send({ type: 'RESUMED', request_id, state });
    // Whoever has more than there is has it of another run: it must begin anew.
    const turn = this.has('resume') ? this.turns.get(request_id) : undefined;
    if (turn !== undefined && after_seq <= turn.events.length) {
      answer('running');
      turn.readBy(connection, after_seq, true);
      return;
    }
    const events = this.has('resume') && turn === undefined ? await this.find(request_id) : undefined;
    if (events === undefined || after_seq > events.length) {
      answer('unknown');
      return;
    }
    answer('done');
    connection.follow({ requestId: request_id, events }, after_seq, true);
  }

  private find(requestId: string): ReturnType<HostCore['log']['find']> {
    const failed = (error: unknown): undefined => {
      this.host.logger.error({ err: error, context: this.id }, 'the turn log could not be read');
      return undefined;
    };
    try {
      const found = this.host.log.find(this.id, requestId);
      return found instanceof Promise ? found.catch(failed) : found;
    } catch (error) {
      return failed(error);
    }
  }

  private onCall(
    connection: HostConnection,
    frame: Frame<'FORK'> | Frame<'DISPOSE'>,
    kind: 'fork' | 'dispose',
  ): void {
    const { request_id } = frame;
    if (this.lane.length >= MOST_WAITING) {
      connection.send({ type: 'CONTEXT_DONE', request_id, ok: false, message: 'Too much waits already.' });
      return;
    }
    this.enqueue(async () => {
      try {
        if (!this.has(kind)) throw new AgentFailure('unsupported', `This agent cannot ${kind}.`);
        if (frame.type === 'FORK') await this.host.onFork?.(this.id, frame.to);
        else {
          await this.host.onDispose?.(this.id);
          await this.host.log.forget(this.id);
        }
        connection.send({ type: 'CONTEXT_DONE', request_id, ok: true });
      } catch (error) {
        this.host.logger.error({ err: error, context: this.id }, `${kind} failed`);
        const message =
          error instanceof AgentFailure ? error.message.slice(0, 4000) : 'The agent failed on it.';
        connection.send({ type: 'CONTEXT_DONE', request_id, ok: false, message });
        return;
      }
      if (kind === 'dispose') connection.ws.close(CLOSE.disposed, 'disposed');
    });
  }

  private enqueue(job: () => Promise<void>): void {
    // Not begun, not answered: the caller asks again at the process that comes after this one.
    if (this.draining) return;
    this.lane.push(job);
    if (!this.working) void this.workThrough();
  }

  private async workThrough(): Promise<void> {
    this.working = true;
    for (let job = this.lane.shift(); job !== undefined; job = this.lane.shift()) await job();
    this.working = false;
    this.whenIdle?.();
    this.host.onIdle(this);
  }

  /** A caller is gone: what it cannot come back for is not worth the work. */
  private leave(connection: HostConnection): void {
    const comesBack = connection.features.has('resume') || connection.features.has('idempotent');
    for (const turn of this.turns.values()) {
      if (turn.reader !== connection) continue;
      turn.reader = undefined;
      if (!comesBack) turn.abort(new AgentFailure('disconnected', 'The caller is gone.'));
    }
    this.host.onIdle(this);
  }
}
