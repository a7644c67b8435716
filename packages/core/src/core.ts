import { type IncomingEvent, type Locale, newPlatformChatId } from '@surfaces/protocol';
import type { Budget } from './budget.ts';
import type { Context, FaultPoint } from './context.ts';
import { Delivery } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import { ExpiredNotes } from './expired.ts';
import { answerByButton, answerNewest } from './handlers/confirm.ts';
import { help, unknownCommand } from './handlers/help.ts';
import { retry } from './handlers/retry.ts';
import { start } from './handlers/start.ts';
import { status } from './handlers/status.ts';
import { stop } from './handlers/stop.ts';
import { translator } from './i18n/catalogue.ts';
import { Lanes } from './lanes.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { persist } from './persist.ts';
import {
  type Accepted,
  type AcceptResult,
  type Agents,
  type Chat,
  type Clock,
  type Files,
  type Logger,
  type Metrics,
  type PendingEvent,
  type Person,
  type Recovery,
  type Store,
  type SurfaceAdapter,
  sleep,
  type Workspaces,
} from './ports/index.ts';
import { RateLimiter } from './rate.ts';
import { Refusals } from './refusals.ts';
import { say } from './say.ts';
import { TurnRun } from './turn-runner.ts';
import { deliverFinals } from './undelivered.ts';
import { within } from './within.ts';

export interface CoreOptions {
  readonly store: Store;
  readonly agents: Agents;
  readonly files: Files;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly defaultLocale: Locale;
  /** Takes secrets out of what people see. */
  readonly scrub: (text: string) => string;
  readonly limits?: Partial<Limits>;
  /** Adds handlers or overrides those of the core. */
  readonly handlers?: (dispatcher: Dispatcher) => void;
  /** For crash tests only: called at each step of the way of a message. */
  readonly fault?: (point: FaultPoint) => void;
}

/** The way of a message, for every attached surface: accepted, in its lane, answered, delivered. */
export class Core {
  readonly #context: Context;
  readonly #stopping = new AbortController();
  readonly #delivery: Delivery;
  readonly #lanes: Lanes;
  readonly #refusals: Refusals;
  readonly #expired: ExpiredNotes;
  readonly #rate: RateLimiter;
  readonly #dispatcher = new Dispatcher();
  readonly #budgets = new Map<SurfaceAdapter, Budget>();
  readonly #handling = new Set<Promise<void>>();
  #closed: Promise<void> | undefined;
  #paused = false;

  constructor(options: CoreOptions) {
    const { limits, handlers, fault, ...ports } = options;
    this.#context = {
      ...ports,
      limits: { ...DEFAULT_LIMITS, ...limits },
      fault: fault ?? (() => undefined),
      stopping: this.#stopping.signal,
    };
    this.#delivery = new Delivery(this.#context);
    this.#lanes = new Lanes(this.#context, (job, lease) => {
      const budget = this.#budgets.get(job.adapter);
      if (!budget) throw new Error(`surface ${job.adapter.surface} is not attached`);
      return new TurnRun(this.#context, this.#delivery, budget, job, lease);
    });
    this.#refusals = new Refusals(this.#context);
    this.#expired = new ExpiredNotes(this.#context, this.#delivery);
    this.#rate = new RateLimiter(this.#context.clock, this.#context.limits.rate);
    this.#register();
    handlers?.(this.#dispatcher);
  }

  get surfaces(): readonly SurfaceAdapter[] {
    return [...this.#budgets.keys()];
  }

  /**
   * Takes a surface in: claims its account, goes on with what an earlier process left, then receives.
   * Rejects with the adapter's `SurfaceError` when it cannot start; the other surfaces go on.
   */
  async attach(adapter: SurfaceAdapter): Promise<void> {
    const { store } = this.#context;
    await store.claimAccount(adapter.surface, adapter.account);
    const recovery = await store.recover([{ surface: adapter.surface, account: adapter.account }]);
    this.#budgets.set(adapter, this.#delivery.register(adapter));
    // What people say now goes behind what they said before.
    const recovered = Promise.withResolvers<void>();
    try {
      await adapter.start((event) => recovered.promise.then(() => this.accept(adapter, event)), []);
    } catch (error) {
      this.#budgets.delete(adapter);
      throw error;
    }
    try {
      await this.#recover(adapter, recovery);
      recovered.resolve();
    } catch (error) {
      // Nothing is accepted: the messenger keeps what it could not hand over.
      recovered.promise.catch(() => undefined);
      recovered.reject(error);
      this.#budgets.delete(adapter);
      await adapter.stop();
      throw error;
    }
  }

  /** Takes one event of a surface in; see `Accept`. */
  async accept(adapter: SurfaceAdapter, event: IncomingEvent): Promise<AcceptResult> {
    const { store, agents, clock, limits, defaultLocale, metrics } = this.#context;
    if (this.#paused) {
      // Where nobody can be told in the answer, the messenger must bring it to the next process.
      if (adapter.capabilities.refusals === 'message') throw new Error('the system stops');
      return this.#refusals.refuse(adapter, event, 'stopping');
    }
    const { author } = event;
    if (author.isBot) return this.#refusals.refuse(adapter, event, 'bot');
    if (event.kind === 'message' && event.text.trim() === '' && event.attachments.length === 0) {
      return this.#refusals.refuse(adapter, event, 'empty');
    }
    const assignment = agents.assign(event.surface, author.externalId);
    if (assignment === undefined) return this.#refusals.refuse(adapter, event, 'not_served');
    const person = `${event.surface}/${author.externalId}`;
    // A backlog after an outage is named in the note, however long it is.
    const stale = event.kind === 'message' && clock.now() - event.sentAt > limits.staleAfterMs;
    const counted = !isStop(event) && !stale;
    if (counted) {
      const wait = this.#rate.take(person);
      if (wait > 0) return this.#refusals.refuse(adapter, event, 'rate', { seconds: Math.ceil(wait / 1000) });
    }
    this.#context.fault('accept.before');
    const t = translator(author.locale ?? defaultLocale);
    const input = {
      event,
      now: clock.now(),
      defaultLocale,
      assignment,
      newChat: { platformChatId: newPlatformChatId(), name: t('chat_name') },
      waitingFilesLimit: limits.waitingFiles,
      queueLimit: limits.queue,
      staleAfterMs: limits.staleAfterMs,
      record: adapter.capabilities.history === 'store',
    };
    let accepted: Accepted;
    try {
      accepted = await store.accept(input);
    } catch (error) {
      // The messenger brings it again, perhaps often: the person said it once.
      if (counted) this.#rate.giveBack(person);
      throw error;
    }
    if (counted && accepted.outcome === 'duplicate') this.#rate.giveBack(person);
    if (accepted.outcome === 'queue_full' || accepted.outcome === 'files_full') {
      const limit = accepted.outcome === 'queue_full' ? limits.queue : limits.waitingFiles;
      return this.#refusals.refuse(adapter, event, accepted.outcome, { limit });
    }
    metrics.count('surfaces_events_total', { surface: adapter.surface, outcome: accepted.outcome });
    this.#context.fault('accept.stored');
    const seq = accepted.seq === undefined ? {} : { seq: accepted.seq };
    switch (accepted.outcome) {
      case 'duplicate':
        return { outcome: 'duplicate', ...seq };
      case 'turn':
        this.#lanes.push({ turn: accepted.turn, chat: accepted.chat, person: accepted.person, adapter });
        break;
      case 'expired':
        this.#noteExpired(accepted.chat, accepted.person);
        break;
      case 'event':
        this.#handle(adapter, accepted.pending, accepted.chat, accepted.person);
        break;
      case 'files':
        break;
    }
    return { outcome: 'accepted', ...seq };
  }

  /**
   * Stops: no new events, running turns may end within `drainMs`, what is not finished goes on at the
   * next start. What hangs is not waited for longer than `limits.stopMs`. The store and the agents'
   * clients are the caller's to close, the latter best by `closeAgents`, while the turns wait for them.
   */
  stop(options: { readonly drainMs: number; readonly closeAgents?: () => Promise<void> }): Promise<void> {
    this.#closed ??= this.#stop(options);
    return this.#closed;
  }

  async #stop({
    drainMs,
    closeAgents,
  }: {
    drainMs: number;
    closeAgents?: () => Promise<void>;
  }): Promise<void> {
    this.#paused = true;
    await this.#each('the pause of a surface', (adapter) => adapter.pause());
    const drained = this.#lanes.drain();
    const limit = new AbortController();
    const late = sleep(this.#context.clock, drainMs, limit.signal).catch(() => undefined);
    await Promise.race([Promise.all([drained, this.#handled()]), late]);
    limit.abort();
    this.#stopping.abort(new Error('the system stops'));
    // Ends the turns that still run without telling their agents to stop working.
    if (closeAgents) await within(this.#context, "the end of the agents' clients", closeAgents());
    this.#lanes.leave();
    const work = Promise.all([drained, this.#handled(), this.#delivery.settled()]);
    await within(this.#context, 'the work at hand', work);
    this.#expired.dispose();
    this.#lanes.dispose();
    await this.#each('the end of a surface', (adapter) => adapter.stop());
  }

  async #each(what: string, call: (adapter: SurfaceAdapter) => Promise<void>): Promise<void> {
    await Promise.all(
      this.surfaces.map((adapter) => within(this.#context, `${what}: ${adapter.surface}`, call(adapter))),
    );
  }

  #register(): void {
    const { context, lanes } = { context: this.#context, lanes: this.#lanes };
    const stopping = stop(lanes);
    const retrying = retry(context, lanes);
    this.#dispatcher
      .command(start)
      .command(help(this.#dispatcher))
      .command({ name: 'stop', help: 'help_stop', handle: stopping })
      .command({ name: 'retry', help: 'help_retry', handle: retrying })
      .command(status(context, lanes))
      .command({ name: 'yes', help: 'help_yes', handle: answerNewest(context, lanes, 'allow_once') })
      .command({ name: 'no', help: 'help_no', handle: answerNewest(context, lanes, 'reject') })
      .command(unknownCommand)
      .callback('stop', stopping)
      .callback('retry', retrying)
      .callback('confirm', answerByButton(context, lanes))
      .callback('*', async ({ t }) => [{ markdown: t('unknown_button') }]);
  }

  /** Commands and buttons do not wait in the lane. */
  #handle(adapter: SurfaceAdapter, pending: PendingEvent, chat: Chat, person: Person): void {
    this.#own(pending, chat, this.#dispatch(adapter, pending, chat, person));
  }

  #own(pending: PendingEvent, chat: Chat, dispatched: Promise<void>): void {
    const work = dispatched.catch((error) => {
      if (this.#context.stopping.aborted) return;
      this.#context.logger.error({ event: pending.id, chat: chat.key, err: error }, 'a command failed');
    });
    this.#handling.add(work);
    void work.finally(() => this.#handling.delete(work));
  }

  async #dispatch(adapter: SurfaceAdapter, pending: PendingEvent, chat: Chat, person: Person): Promise<void> {
    const { event, id, acceptedAt } = pending;
    const t = translator(person.locale);
    const sign = adapter.capabilities.commandSign ?? '/';
    let replies: Awaited<ReturnType<Dispatcher['dispatch']>>;
    try {
      replies = await this.#dispatcher.dispatch({ event, id, acceptedAt, chat, person, adapter, t, sign });
    } catch (error) {
      this.#context.logger.error({ event: id, chat: chat.key, err: error }, 'a handler failed');
      replies = [{ markdown: t('agent_internal') }];
    }
    const operations = replies.flatMap((reply, index) =>
      say(adapter, {
        name: `${id}:reply:${index}`,
        address: event.address,
        chat,
        role: 'system',
        markdown: reply.markdown,
        ...(reply.buttons ? { buttons: reply.buttons } : {}),
        ...(reply.settles ? { settles: reply.settles } : {}),
      }),
    );
    this.#context.fault('event.before_complete');
    const committed = await persist(this.#context, 'the reply to a command', () =>
      this.#context.store.completeEvent(id, operations),
    );
    await this.#delivery.pushAll(committed);
  }

  async #handled(): Promise<void> {
    while (this.#handling.size > 0) await Promise.all(this.#handling);
  }

  #noteExpired(chat: Chat, person: Person): void {
    this.#expired.schedule(chat, person, ({ surface, account }) =>
      this.#delivery.adapterFor(surface, account),
    );
  }

  /** Goes on with what an earlier process left: what was to be said first, then turns in their order. */
  async #recover(adapter: SurfaceAdapter, recovery: Recovery): Promise<void> {
    const { clock, limits, logger, store } = this.#context;
    const { turns, operations, events, unnoted } = recovery;
    if (turns.length + operations.length + events.length > 0) {
      logger.info(
        {
          surface: adapter.surface,
          turns: turns.length,
          operations: operations.length,
          events: events.length,
        },
        'going on with what was left',
      );
    }
    // Owned by delivery, which only the stopping core interrupts. Whose they are is not known any more,
    // nor their language.
    deliverFinals(this.#context, this.#delivery, adapter, operations, this.#context.defaultLocale).catch(
      (error) => {
        if (!this.#context.stopping.aborted) logger.error({ err: error }, 'a notice could not be stored');
      },
    );
    // Who said stop meant the turn that was running then.
    const stopped = new Set(
      events.filter(({ pending }) => isStop(pending.event)).map(({ chat }) => chat.key),
    );
    const resumed = new Set<Chat['key']>();
    const isStale = (sentAt: number) => clock.now() - sentAt > limits.staleAfterMs;
    for (const { turn, chat, person, events: journalled } of turns) {
      if (turn.state === 'queued' && isStale(turn.sentAt)) {
        const lease = await persist(this.#context, 'a chat lease', () => store.claimChat(chat.key));
        await persist(this.#context, 'an expired turn', () =>
          store.commitFinal(lease, turn.id, 'expired', []),
        );
        this.#noteExpired(chat, person);
      } else {
        const job = { turn, chat, person, adapter };
        const running = turn.state === 'running';
        this.#lanes.push(running ? { ...job, journalled, stopped: stopped.has(chat.key) } : job);
        if (running) resumed.add(chat.key);
      }
    }
    for (const { pending, chat, person } of events) {
      // The stopped turn itself says that it was stopped.
      const done = isStop(pending.event) && resumed.has(chat.key);
      if (done || isStale(pending.event.sentAt)) {
        await persist(this.#context, 'the end of a command', () => store.completeEvent(pending.id, []));
      } else {
        // What it speaks of, the question it answers, must be there again.
        const ready = this.#lanes.begun(chat.key);
        this.#own(
          pending,
          chat,
          ready.then(() => this.#dispatch(adapter, pending, chat, person)),
        );
      }
    }
    for (const { chat, person } of unnoted) this.#noteExpired(chat, person);
  }
}

export function createCore(options: CoreOptions): Core {
  return new Core(options);
}

function isStop(event: IncomingEvent): boolean {
  return (
    (event.kind === 'command' && event.name.toLowerCase() === 'stop') ||
    (event.kind === 'callback' && event.action === 'stop')
  );
}
