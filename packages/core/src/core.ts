import {
  type ChatKey,
  type IncomingEvent,
  type Locale,
  newPlatformChatId,
  type OperationId,
  type PersonId,
} from '@surfaces/protocol';
import { disposeContext } from './agent-call.ts';
import type { Budget } from './budget.ts';
import {
  disposeContexts,
  type ForgottenContext,
  forgetAgain,
  forgetPerson,
  replayDeadLetters,
} from './care.ts';
import { showChanges } from './changes.ts';
import type { Context, FaultPoint } from './context.ts';
import { Delivery } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import { Events } from './events.ts';
import { ExpiredNotes } from './expired.ts';
import { type FileRefusal, fileRefusal } from './file-refusal.ts';
import { registerHandlers } from './handlers/index.ts';
import { isStop } from './handlers/stop.ts';
import { translator } from './i18n/catalogue.ts';
import { Intake } from './intake.ts';
import { Lanes } from './lanes.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { titleOf } from './names.ts';
import { People } from './people.ts';
import { persist } from './persist.ts';
import {
  type Accepted,
  type AcceptInput,
  type AcceptResult,
  type Agents,
  type Chat,
  type Clock,
  type Files,
  type Logger,
  type Metrics,
  type Person,
  type Store,
  type SurfaceAdapter,
  sleep,
  type Workspaces,
} from './ports/index.ts';
import { RateLimiter } from './rate.ts';
import { recover, type Successors } from './recovery.ts';
import { Refusals } from './refusals.ts';
import { isServedBy } from './served.ts';
import { TurnRun } from './turn-runner.ts';
import { WaitingNotes } from './waiting-notes.ts';
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
  readonly #intake: Intake;
  readonly #waiting: WaitingNotes;
  readonly #refusals: Refusals;
  readonly #expired: ExpiredNotes;
  readonly #rate: RateLimiter;
  readonly #dispatcher = new Dispatcher();
  readonly #events: Events;
  readonly #budgets = new Map<SurfaceAdapter, Budget>();
  readonly #owned = new Set<Promise<void>>();
  /** Events that are being stored. */
  readonly #accepting = new Set<Promise<unknown>>();
  /** People whose data is being deleted: their identities. */
  readonly #leaving = new Set<string>();
  #closed: Promise<void> | undefined;
  #paused = false;

  constructor(options: CoreOptions) {
    const { limits, handlers, fault, ...ports } = options;
    this.#context = {
      ...ports,
      limits: { ...DEFAULT_LIMITS, ...limits },
      people: new People(),
      fault: fault ?? (() => undefined),
      own: (what, work) => this.#own(what, work),
      stopping: this.#stopping.signal,
    };
    this.#delivery = new Delivery(this.#context);
    this.#intake = new Intake(this.#context, this.#delivery);
    this.#waiting = new WaitingNotes(this.#context, this.#delivery);
    this.#lanes = new Lanes(this.#context, (job, lease) => {
      const budget = this.#budgets.get(job.adapter);
      if (!budget) throw new Error(`surface ${job.adapter.surface} is not attached`);
      return new TurnRun(this.#context, this.#delivery, this.#intake, budget, job, lease);
    });
    this.#refusals = new Refusals(this.#context);
    this.#expired = new ExpiredNotes(this.#context, this.#delivery);
    this.#rate = new RateLimiter(this.#context.clock, this.#context.limits.rate);
    this.#events = new Events(this.#context, this.#delivery, this.#dispatcher);
    registerHandlers(this.#dispatcher, {
      context: this.#context,
      delivery: this.#delivery,
      lanes: this.#lanes,
      intake: this.#intake,
    });
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
      const accept = (event: IncomingEvent) => recovered.promise.then(() => this.accept(adapter, event));
      await adapter.start(accept, this.#dispatcher.menu());
    } catch (error) {
      this.#budgets.delete(adapter);
      throw error;
    }
    try {
      await recover(this.#context, this.#successors(), adapter, recovery);
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
    const { agents, clock, limits, defaultLocale, metrics, people } = this.#context;
    const { author } = event;
    const person = `${event.surface}/${author.externalId}`;
    if (this.#paused || this.#leaving.has(person)) {
      // Where nobody can be told in the answer, the messenger must bring it to the next process.
      if (adapter.capabilities.refusals === 'message') throw new Error('nothing is taken now');
      return this.#refusals.refuse(adapter, event, 'stopping');
    }
    if (author.isBot) return this.#refusals.refuse(adapter, event, 'bot');
    if (event.kind === 'message' && event.text.trim() === '' && event.attachments.length === 0) {
      return this.#refusals.refuse(adapter, event, 'empty');
    }
    const assignment = agents.assign(event.surface, author.externalId);
    if (assignment === undefined) return this.#refusals.refuse(adapter, event, 'not_served');
    // A backlog after an outage is named in the note, however long it is.
    const stale = event.kind === 'message' && clock.now() - event.sentAt > limits.staleAfterMs;
    const counted = !isStop(event) && !stale;
    if (counted) {
      const wait = this.#rate.take(person);
      if (wait > 0) return this.#refusals.refuse(adapter, event, 'rate', { seconds: Math.ceil(wait / 1000) });
    }
    this.#context.fault('accept.before');
    const known = people.known(person);
    const t = translator(known?.locale ?? author.locale ?? defaultLocale);
    const title = event.kind === 'message' ? titleOf(event.text) : undefined;
    const input = {
      event,
      now: clock.now(),
      defaultLocale,
      assignment,
      newChat: { platformChatId: newPlatformChatId(), name: t('chat_name') },
      ...(title === undefined ? {} : { title }),
      waitingFilesLimit: limits.waitingFiles,
      queueLimit: limits.queue,
      staleAfterMs: limits.staleAfterMs,
      record: adapter.capabilities.history === 'store',
    };
    let accepted: Accepted | FileRefusal;
    const accepting = this.#store(adapter, input, known);
    this.#accepting.add(accepting);
    try {
      accepted = await accepting;
    } catch (error) {
      // The messenger brings it again, perhaps often: the person said it once.
      if (counted) this.#rate.giveBack(person);
      throw error;
    } finally {
      this.#accepting.delete(accepting);
    }
    if ('key' in accepted) {
      const { key, parameters } = accepted;
      return this.#refusals.refuse(adapter, event, 'no_files', parameters, key);
    }
    if (counted && accepted.outcome === 'duplicate') this.#rate.giveBack(person);
    if ('person' in accepted) people.met(person, accepted.person);
    if (!('changes' in accepted) && accepted.outcome !== 'duplicate') {
      const limit = accepted.outcome === 'queue_full' ? limits.queue : limits.waitingFiles;
      return this.#refusals.refuse(adapter, event, accepted.outcome, { limit });
    }
    metrics.count('surfaces_events_total', { surface: adapter.surface, outcome: accepted.outcome });
    this.#context.fault('accept.stored');
    const seq = accepted.seq === undefined ? {} : { seq: accepted.seq };
    if (accepted.outcome === 'duplicate') return { outcome: 'duplicate', ...seq };
    if (accepted.changes.length > 0) {
      const { chat, person: author, changes, previous } = accepted;
      const by = `${chat.key}:${clock.now()}`;
      const changed = { adapter, address: event.address, chat, person: author, changes, by };
      showChanges(this.#context, this.#delivery, changed);
      if (changes.includes('moved')) this.#intake.moved({ chat, person: author, adapter });
      if (previous) disposeContext(this.#context, previous.agentId, previous.platformChatId);
    }
    // A busy chat has not moved yet: an agent that was taken from a person gets no files of theirs.
    const isServed = isServedBy(this.#context, accepted.chat.agentId, { ...author, surface: event.surface });
    switch (accepted.outcome) {
      case 'turn': {
        const { chat, person, turn } = accepted;
        if (isServed) this.#intake.begin(turn.attachments, { chat, person, adapter });
        this.#lanes.push({ turn, chat, person, adapter, author: author.externalId });
        break;
      }
      case 'expired':
        this.#noteExpired(accepted.chat, accepted.person);
        break;
      case 'event':
        this.#events.handle({ adapter, ...accepted });
        break;
      case 'files': {
        const place = { chat: accepted.chat, person: accepted.person, adapter };
        if (isServed) this.#intake.begin(accepted.files, place);
        this.#waiting.schedule(accepted.files, place);
        break;
      }
    }
    return { outcome: 'accepted', ...seq };
  }

  async #store(
    adapter: SurfaceAdapter,
    input: AcceptInput,
    known: Person | undefined,
  ): Promise<Accepted | FileRefusal> {
    const unfit = await fileRefusal(this.#context, adapter, input.event, input.assignment, known);
    return unfit ?? this.#context.store.accept(input);
  }

  /**
   * Deletes everything that is stored about a person, here and, best effort, at the agents: resolves with
   * the contexts that these could not be told of. What the person says meanwhile is not taken. Nobody of
   * that id: nothing happens. Safe to repeat after a failure.
   */
  async forget(person: PersonId): Promise<readonly ForgottenContext[]> {
    const found = await this.#context.store.findPersons({ id: person, limit: 1 });
    const identities = found.flatMap((one) => one.identities);
    const leaving = identities.map(({ surface, externalId }) => `${surface}/${externalId}`);
    let contexts: readonly ForgottenContext[];
    for (const identity of leaving) this.#leaving.add(identity);
    try {
      await Promise.allSettled(this.#accepting);
      const parts = { lanes: this.#lanes, delivery: this.#delivery, intake: this.#intake };
      const takeUp = (chats: ReadonlySet<ChatKey>) => this.#takeUp(chats);
      contexts = await forgetPerson(this.#context, parts, person, takeUp);
      for (const { surface, externalId } of identities) {
        for (const adapter of this.surfaces) {
          if (adapter.surface === surface) adapter.people?.forgotten?.(externalId);
        }
      }
    } finally {
      for (const identity of leaving) this.#leaving.delete(identity);
    }
    const left = await disposeContexts(this.#context, contexts);
    await forgetAgain(this.#context, person);
    return left;
  }

  /** Sends dead letters again; how many of them there were. What belongs to no attached surface goes at its next start. */
  replay(operationIds: readonly OperationId[]): Promise<number> {
    return replayDeadLetters(this.#context, this.#delivery, operationIds);
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
    const work = Promise.all([drained, this.#handled(), this.#intake.ended(), this.#delivery.settled()]);
    await within(this.#context, 'the work at hand', work);
    this.#expired.dispose();
    this.#waiting.dispose();
    this.#lanes.dispose();
    await this.#each('the end of a surface', (adapter) => adapter.stop());
  }

  async #each(what: string, call: (adapter: SurfaceAdapter) => Promise<void>): Promise<void> {
    await Promise.all(
      this.surfaces.map((adapter) => within(this.#context, `${what}: ${adapter.surface}`, call(adapter))),
    );
  }

  #own(what: string, work: Promise<unknown>): void {
    const { logger, stopping } = this.#context;
    const owned = work.then(
      () => undefined,
      (error) => {
        if (!stopping.aborted) logger.error({ what, err: error }, 'something failed that nobody waits for');
      },
    );
    this.#owned.add(owned);
    void owned.finally(() => this.#owned.delete(owned));
  }

  async #handled(): Promise<void> {
    while (this.#owned.size > 0) await Promise.all(this.#owned);
  }

  #successors(): Successors {
    return {
      delivery: this.#delivery,
      lanes: this.#lanes,
      intake: this.#intake,
      events: this.#events,
      noteExpired: (chat, person) => this.#noteExpired(chat, person),
    };
  }

  /** Goes on with what was ended in these chats: what is handled and noted there was not. */
  async #takeUp(chats: ReadonlySet<ChatKey>): Promise<void> {
    const { store } = this.#context;
    for (const adapter of this.surfaces) {
      const { surface, account } = adapter;
      const left = await persist(this.#context, 'the search for what was ended', () =>
        store.recover([{ surface, account }]),
      );
      await recover(this.#context, this.#successors(), adapter, {
        turns: left.turns.filter(({ chat }) => chats.has(chat.key)),
        operations: left.operations.filter(({ chat }) => chats.has(chat)),
        files: left.files.filter(({ chat }) => chats.has(chat.key)),
        events: [],
        unnoted: [],
      });
    }
  }

  #noteExpired(chat: Chat, person: Person): void {
    this.#expired.schedule(chat, person, ({ surface, account }) =>
      this.#delivery.adapterFor(surface, account),
    );
  }
}

export function createCore(options: CoreOptions): Core {
  return new Core(options);
}
