/** One request and its answer, over as many connections as it takes. */
import { AgentError, type AgentEvent, type AgentFrame, type AgentRequest, CLOSE } from '@surfaces/protocol';
import type { IgnoredReason } from '../frames.ts';
import { textSize, toAgentEvent } from './agent-event.ts';
import { Backoff, worthRetrying } from './backoff.ts';
import type { Broken, Connection } from './connection.ts';
import { EventQueue } from './event-queue.ts';
import { fatal, interrupted } from './lost.ts';
import type { ClientLimits } from './options.ts';
import { Patience } from './patience.ts';

/** What an exchange needs of its context. */
export interface ExchangeContext {
  readonly limits: ClientLimits;
  /** The connection that is open now. */
  current(): Connection | undefined;
  /** Opens one, or joins the attempt that is under way. */
  connect(): Promise<Connection>;
  /** Closes the connection, because what it may still bring is not wanted. */
  abandon(): void;
  onIgnored(reason: IgnoredReason): void;
  onFinished(exchange: Exchange): void;
}

/**
 * `resuming`: RESUME was sent, RESUMED is awaited. `restarting`: the caller has yet to make void what it
 * kept of the earlier run; only then may another begin.
 */
type Phase = 'connecting' | 'resuming' | 'restarting' | 'running' | 'finished';

export class Exchange implements AsyncIterator<AgentEvent> {
  readonly request: AgentRequest;
  private readonly context: ExchangeContext;
  private readonly signal: AbortSignal;
  private readonly queue: EventQueue<AgentEvent>;
  private readonly patience: Patience;
  private phase: Phase = 'connecting';
  private connection: Connection | undefined;
  /** The agent may know of this request. */
  private sent: boolean;
  /** It was written to a connection of this process. */
  private sentHere = false;
  /** The last event that the caller has, or will get from the queue. */
  private lastSeq: number;
  /** Kept until the end: after a lost connection an agent asks again, and one id is one question. */
  private readonly replies = new Map<string, string>();
  private cancelling = false;
  private restarts = 0;
  /** `restarted` was not followed by the caller's next question yet. */
  private voiding = false;
  private readonly backoff: Backoff;
  /** When the connection broke without any event since. */
  private brokenAt: number | undefined;
  private attachedAt = 0;
  private gapAt: number | undefined;

  constructor(request: AgentRequest, signal: AbortSignal, context: ExchangeContext) {
    this.request = request;
    this.signal = signal;
    this.context = context;
    this.sent = request.resumeAfter !== undefined;
    this.lastSeq = request.resumeAfter ?? 0;
    this.backoff = new Backoff(context.limits.backoffMs);
    const pressure = { full: () => this.connection?.pause(), emptied: () => this.onEmptied() };
    this.queue = new EventQueue(pressure, textSize);
    this.patience = new Patience(context.limits, this.lastSeq > 0, () => this.onLimit());
  }

  /** Begins. Calls nothing back before it returns. */
  start(): void {
    if (this.signal.aborted) {
      this.fail(this.signal.reason);
      return;
    }
    this.signal.addEventListener('abort', this.onAbort, { once: true });
    const connection = this.context.current();
    if (connection === undefined) void this.connect();
    else this.attach(connection);
  }

  next(): Promise<IteratorResult<AgentEvent, undefined>> {
    const event = this.queue.next();
    if (this.voiding && this.queue.isAwaited) this.onVoided();
    return event;
  }

  /** The caller wants no more. The agent's work is left alone: it may be taken up again by `resumeAfter`. */
  async return(): Promise<IteratorResult<AgentEvent, undefined>> {
    if (this.phase !== 'finished') {
      this.finish();
      this.context.abandon();
    }
    this.queue.end();
    return { done: true, value: undefined };
  }

  /** A request that is being cancelled ends with its signal's reason, whatever else goes wrong. */
  fail(error: unknown): void {
    this.queue.fail(this.cancelling ? this.signal.reason : error);
    this.finish();
  }

  reply(confirmId: string, optionId: string): void {
    if (this.connection !== undefined && !this.connection.has('confirm')) {
      throw new AgentError('unsupported', 'The agent cannot take answers to confirmations.');
    }
    this.replies.set(confirmId, optionId);
    this.patience.onAnswered(confirmId);
    if (this.phase !== 'running') return;
    this.sendReply(confirmId, optionId);
    this.patience.move();
  }

  onFrame(frame: AgentFrame): void {
    if (frame.type === 'RESUMED') {
      this.onResumed(frame);
      return;
    }
    if (frame.type === 'STATUS' || frame.type === 'CONTEXT_DONE' || this.phase !== 'running') {
      this.context.onIgnored('unexpected');
      return;
    }
    const id = frame.request_id;
    if (id !== undefined && id !== this.request.requestId) {
      this.context.onIgnored('late');
      return;
    }
    const next = this.lastSeq + 1;
    const seq = frame.seq !== undefined && this.connection?.has('resume') ? frame.seq : next;
    if (seq < next) {
      this.onRepeated(frame);
      return;
    }
    if (seq > next) {
      this.onGap(next);
      return;
    }
    this.lastSeq = seq;
    this.madeProgress();
    const event = toAgentEvent(frame, seq);
    this.patience.onEvent(event);
    if (event.kind === 'confirm') this.onAsked(event.id);
    if (!this.cancelling) this.queue.push(event);
    if (event.kind !== 'end' && event.kind !== 'error') {
      this.patience.move();
      return;
    }
    if (this.cancelling) this.queue.fail(this.signal.reason);
    else this.queue.end();
    this.finish();
  }

  onBroken(broken: Broken): void {
    const { connection } = this;
    // Not attached: `connect` is at work already.
    if (connection === undefined) return;
    this.connection = undefined;
    this.phase = 'connecting';
    this.patience.lift();
    // It held for long, however silent the agent was: this is a new break.
    if (performance.now() - this.attachedAt > this.context.limits.reconnectWindowMs) this.madeProgress();
    const final = fatal(broken);
    if (final !== undefined) {
      this.fail(final);
      return;
    }
    const comesBack = connection.has('resume') || connection.has('idempotent');
    if (this.sent && !comesBack) {
      // The other side closed for idleness while our message was on its way: it was not read.
      const unread = broken.code === CLOSE.idle && this.lastSeq === 0;
      if (!unread || this.cancelling) {
        this.fail(interrupted(broken.error));
        return;
      }
      this.sent = false;
      this.sentHere = false;
    }
    void this.connect();
  }

  private async connect(): Promise<void> {
    const { limits } = this.context;
    const window = this.sent ? limits.reconnectWindowMs : limits.connectWindowMs;
    // Counted from the first break: an agent that lets us in only to break off again makes no progress.
    this.brokenAt ??= performance.now();
    const giveUpAt = this.brokenAt + window;
    let failure: unknown;
    for (;;) {
      await this.backoff.wait();
      if (this.ended()) return;
      if (performance.now() >= giveUpAt) {
        this.fail(this.givenUp(failure));
        return;
      }
      try {
        const connection = await this.context.connect();
        if (!this.ended()) this.attach(connection);
        return;
      } catch (error) {
        if (this.ended()) return;
        if (!worthRetrying(error)) {
          this.fail(error);
          return;
        }
        failure = error;
      }
    }
  }

  /** Nothing sent by us, or nothing heard in this process: it could not be reached. Else: interrupted. */
  private givenUp(failure: unknown): unknown {
    const heard = this.sentHere || failure === undefined;
    return heard ? interrupted(failure) : failure;
  }

  private madeProgress(): void {
    this.brokenAt = undefined;
    this.backoff.reset();
  }

  private ended(): boolean {
    return this.phase === 'finished';
  }

  private attach(connection: Connection): void {
    this.connection = connection;
    this.attachedAt = performance.now();
    if (!this.sent) {
      // The time it took to connect does not count against coming back later.
      this.madeProgress();
      this.sendMessage(connection);
      return;
    }
    if (!connection.has('resume')) {
      this.startAgain(connection);
      return;
    }
    this.phase = 'resuming';
    this.patience.awaitStatus();
    connection.send({ type: 'RESUME', request_id: this.request.requestId, after_seq: this.lastSeq });
  }

  private onResumed(frame: Extract<AgentFrame, { type: 'RESUMED' }>): void {
    const { connection } = this;
    if (this.phase !== 'resuming' || frame.request_id !== this.request.requestId || !connection) {
      this.context.onIgnored('unexpected');
      return;
    }
    if (frame.state === 'unknown') {
      this.startAgain(connection);
      return;
    }
    this.phase = 'running';
    if (this.cancelling) this.sendCancel();
    if (frame.state === 'running') this.patience.goOn();
    // All of the rest is there already.
    else this.patience.awaitStatus();
  }

  /** The agent knows nothing of the request: sends it once more, if that cannot run it twice. */
  private startAgain(connection: Connection): void {
    if (this.cancelling) {
      this.fail(this.signal.reason);
      return;
    }
    if (!connection.has('idempotent') || this.restarts >= this.context.limits.maxRestarts) {
      this.fail(interrupted(undefined));
      return;
    }
    this.restarts++;
    if (this.lastSeq > 0) {
      this.voiding = true;
      this.queue.push({ kind: 'restarted', seq: 1 });
    }
    this.lastSeq = 0;
    this.gapAt = undefined;
    if (!this.voiding) {
      this.sendMessage(connection);
      return;
    }
    // A caller that died now would go on, in its next life, from a number of the earlier run.
    this.phase = 'restarting';
    this.patience.lift();
  }

  private onVoided(): void {
    this.voiding = false;
    if (this.phase === 'restarting' && this.connection !== undefined) this.sendMessage(this.connection);
  }

  private sendMessage(connection: Connection): void {
    const { requestId, text, attachments, person } = this.request;
    this.phase = 'running';
    const extended = connection.features.size > 0;
    try {
      connection.send({
        type: 'USER_MESSAGE',
        text,
        attachments: attachments as string[],
        ...(extended ? { request_id: requestId } : undefined),
        ...(person !== undefined && connection.has('person') ? { person } : undefined),
      });
    } catch (error) {
      this.fail(error);
      return;
    }
    this.sent = true;
    this.sentHere = true;
    this.patience.begin();
  }

  /** An open confirmation is sent again on resume: the caller has it, the limits must know of it. */
  private onRepeated(frame: AgentFrame): void {
    if (frame.type === 'AGENT_EVENT_CONFIRM') {
      this.onAsked(frame.id);
      this.patience.move();
    }
    this.context.onIgnored('duplicate');
  }

  private onAsked(id: string): void {
    const reply = this.replies.get(id);
    if (reply !== undefined) this.sendReply(id, reply);
    // An agent that could not take the answer is not waited for without limit.
    else if (this.connection?.has('confirm')) this.patience.onAsked(id);
  }

  /** Events were lost on the way: they can be had again, unless they were left out a second time. */
  private onGap(missing: number): void {
    const again = this.gapAt === missing;
    this.gapAt = missing;
    this.connection = undefined;
    this.context.abandon();
    const error = new AgentError('protocol', `The agent left out event ${missing}.`);
    if (again) {
      this.fail(error);
      return;
    }
    this.phase = 'connecting';
    this.patience.lift();
    void this.connect();
  }

  private sendReply(id: string, option: string): void {
    this.connection?.send({ type: 'CONFIRM_REPLY', request_id: this.request.requestId, id, option });
  }

  private sendCancel(): void {
    this.connection?.send({ type: 'CANCEL', request_id: this.request.requestId });
  }

  private readonly onAbort = (): void => {
    this.queue.drop();
    const { connection } = this;
    // Without a connection it is brought up again to tell the agent, as long as the grace lasts.
    const knows = this.sent && this.phase !== 'restarting';
    const tells = knows && (connection === undefined || connection.has('cancel'));
    if (!tells) {
      this.fail(this.signal.reason);
      if (connection !== undefined) this.context.abandon();
      return;
    }
    this.cancelling = true;
    if (this.phase === 'running') this.sendCancel();
    this.patience.cancel();
  };

  private onEmptied(): void {
    this.connection?.resume();
    if (this.phase === 'running') this.patience.move();
  }

  private onLimit(): void {
    if (this.cancelling) {
      this.fail(this.signal.reason);
      this.context.abandon();
      return;
    }
    // Nothing is read while the caller is behind: that silence is ours.
    if (this.queue.isFull) {
      this.patience.move();
      return;
    }
    if (this.phase === 'resuming') {
      this.fail(new AgentError('no_status', 'The agent did not answer whether it still has the request.'));
    } else {
      if (this.connection?.has('cancel')) this.sendCancel();
      this.fail(this.patience.silence());
    }
    this.context.abandon();
  }

  private finish(): void {
    if (this.phase === 'finished') return;
    this.phase = 'finished';
    this.patience.stop();
    this.backoff.end();
    this.connection?.resume();
    this.connection = undefined;
    this.signal.removeEventListener('abort', this.onAbort);
    this.context.onFinished(this);
  }
}
