import { type AgentClient, type AgentEvent, isAgentError } from '@surfaces/protocol';
import { Answer } from './answer.ts';
import type { Budget } from './budget.ts';
import { QuestionFailure, TurnConfirmations } from './confirmations.ts';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { fileName, fileReason } from './file-words.ts';
import { finalOperations, type Outcome } from './final.ts';
import { GivenFiles, NOTHING_GIVEN } from './given-files.ts';
import { translator } from './i18n/catalogue.ts';
import type { Intake } from './intake.ts';
import { Journal } from './journal.ts';
import type { Job, Run } from './lane.ts';
import { clip, escapeMarkdown } from './markdown/escape.ts';
import { persist } from './persist.ts';
import { type Attachment, type Confirmation, isStoreError, type Lease } from './ports/index.ts';
import { Preview } from './preview.ts';
import { isServedBy } from './served.ts';
import { keepTyping } from './typing.ts';
import { deliverFinals } from './undelivered.ts';

/** Of an agent's own words about its failure so much is shown, in UTF-16 units. */
const LONGEST_ERROR = 500;

/** The person said stop. */
class StopRequested extends Error {
  override readonly name = 'StopRequested';
}

/** The answer grew beyond the limit. */
class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
}

/** Thrown inside a run that must leave the turn as it is, for a later start. */
class LeftRunning extends Error {
  override readonly name = 'LeftRunning';
}

/** Why `ended` is aborted; made once, for an error is made slowly. */
const OVER = new Error('the turn is over');

/** One run of one turn: agent → journal and preview → final → delivered. */
export class TurnRun implements Run {
  readonly job: Job;
  readonly done: Promise<void>;
  readonly #context: Context;
  readonly #delivery: Delivery;
  readonly #intake: Intake;
  readonly #given: GivenFiles;
  readonly #lease: Lease;
  readonly #answer = new Answer();
  readonly #journal: Journal;
  readonly #preview: Preview;
  /** Ends the agent's work: its reason says why. */
  readonly #abort = new AbortController();
  readonly #ended = new AbortController();
  readonly #left = Promise.withResolvers<never>();
  #confirmations: TurnConfirmations | undefined;
  #attachments: readonly Attachment[];
  #firstTextSeen = false;
  /** The last thing that the agent said was a question. */
  #asking = false;
  #leavesWhenAsking = false;

  constructor(context: Context, delivery: Delivery, intake: Intake, budget: Budget, job: Job, lease: Lease) {
    this.#context = context;
    this.#delivery = delivery;
    this.#intake = intake;
    this.#given = new GivenFiles(context, job);
    this.#attachments = job.turn.attachments;
    this.#lease = lease;
    this.#left.promise.catch(() => undefined);
    this.job = job;
    this.#journal = new Journal(context, lease, job.turn, (error) => this.#abort.abort(error));
    this.#preview = new Preview(context, job, budget, delivery, () => this.#firstText());
    this.done = this.#run().finally(() => this.#ended.abort(OVER));
  }

  stop(): void {
    this.#abort.abort(new StopRequested());
  }

  /** Ends the run and leaves the turn for the next start. The agent is not told to stop working. */
  leave(): void {
    this.#left.reject(new LeftRunning('the system stops'));
  }

  /** Leaves the turn as soon as only a person's answer can bring it further. */
  leaveWhenAsking(): void {
    this.#leavesWhenAsking = true;
    if (this.#asking && this.#confirmations?.waiting) this.leave();
  }

  /** Ends the run with nothing more said or stored; the agent is told to stop working. */
  abandon(): void {
    this.leave();
    this.stop();
  }

  /** Carries a stored decision to the agent. */
  async decided(confirmation: Confirmation): Promise<void> {
    await this.#confirmations?.decided(confirmation);
  }

  async #run(): Promise<void> {
    const { turn, adapter } = this.job;
    const stopTyping = keepTyping(this.#context, adapter, turn.address);
    try {
      const outcome = await Promise.race([this.#converse(), this.#left.promise]);
      await this.#preview.end();
      await this.#finish(outcome);
    } catch (error) {
      await this.#preview.end();
      if (error instanceof LeftRunning || this.#context.stopping.aborted) {
        await this.#journal.close();
        this.#context.logger.info({ turn: turn.id, chat: turn.chat }, 'left a turn for the next start');
        return;
      }
      // Of the store's errors only those come here that say: this turn is not ours any more.
      if (isStoreError(error)) throw error;
      this.#context.logger.error({ turn: turn.id, err: error }, 'a turn failed for a reason of ours');
      // Without the answer: it may be what cannot be said.
      await this.#finish({ kind: 'failed', key: 'agent_internal' }, new Answer());
    } finally {
      stopTyping();
      // Where it is left: nothing must be kept for a person who is deleted meanwhile.
      await this.#given.end(OVER);
    }
  }

  /** Talks with the agent until the answer is complete or cannot become so. */
  async #converse(): Promise<Outcome> {
    const { store, agents, fault } = this.#context;
    const { turn, chat, journalled } = this.job;
    const client = this.#mayBeAsked() ? agents.client(chat.agentId) : undefined;
    if (!journalled) {
      const missing = client && (await this.#gather());
      if (missing) return missing;
      fault('turn.before_start');
      await persist(this.#context, 'the start of a turn', () => store.startTurn(this.#lease, turn.id));
      fault('turn.started');
    }
    if (!client) return { kind: 'failed', key: 'agent_missing' };
    this.#logRoute(client);
    this.#preview.begin((messageId) =>
      persist(this.#context, 'a placeholder', () => store.rememberPreview(this.#lease, turn.id, messageId)),
    );
    this.#confirmations = new TurnConfirmations(
      this.#context,
      this.#delivery,
      this.job,
      client,
      this.#lease,
      this.#ended.signal,
      (error) => this.#abort.abort(error),
    );
    for (const event of journalled ?? []) this.#take(event);
    if (this.#answer.ended || this.#answer.failure) return this.#said();
    // Only a request that is under way again can be cancelled at the agent.
    const cancelStop = this.job.stopped ? this.#context.clock.after(0, () => this.stop()) : undefined;
    try {
      for await (const event of client.send(this.#request(), this.#abort.signal)) {
        fault('turn.event');
        if (this.#ended.signal.aborted) throw new LeftRunning('the run is over');
        if (event.kind === 'restarted') {
          // First: a copy that is still there under its number would be taken for the new one.
          await this.#given.forget();
          await this.#confirmations.restart();
          await this.#journal.restart();
        } else this.#journal.add(event);
        this.#take(event);
        if (this.#answer.text.length > this.#context.limits.answer) this.#abort.abort(new AnswerTooLong());
        this.#abort.signal.throwIfAborted();
      }
    } catch (error) {
      return this.#failed(error);
    } finally {
      cancelStop?.();
    }
    return this.#said();
  }

  /** The agent may have been taken from this person while the turn waited. What it has begun it ends. */
  #mayBeAsked(): boolean {
    const { turn, chat, author, journalled } = this.job;
    if (journalled) return true;
    if (author === undefined) return false;
    return isServedBy(this.#context, chat.agentId, { surface: turn.address.surface, externalId: author });
  }

  /** Waits for the files that came with the message: why the agent cannot be asked, where they did not all come. */
  async #gather(): Promise<Outcome | undefined> {
    const { turn, person } = this.job;
    if (turn.attachments.length === 0) return undefined;
    try {
      this.#attachments = await this.#intake.ready(turn.attachments, this.job, this.#abort.signal);
    } catch (error) {
      const outcome = this.#failed(error);
      this.#intake.giveUp(turn.attachments);
      return outcome;
    }
    const failed = this.#attachments.filter(({ state }) => state !== 'saved');
    if (failed.length === 0) return undefined;
    const t = translator(person.locale);
    const lines = failed.map(
      ({ name, error }) => `- ${fileName(this.#context, name)}: ${fileReason(t, error)}`,
    );
    return { kind: 'failed', key: 'files_failed', parameters: { files: lines.join('\n') } };
  }

  /** What the agent's own last word makes of the turn. */
  #said(): Outcome {
    const { failure } = this.#answer;
    // Stopped in an earlier life of this process, which did not come to say so.
    if (failure?.code === 'cancelled') return { kind: 'cancelled', key: 'stopped' };
    if (failure) {
      this.#countError(failure.code);
      return {
        kind: 'failed',
        key: 'agent_error',
        parameters: { message: escapeMarkdown(clip(this.#context.scrub(failure.message), LONGEST_ERROR)) },
      };
    }
    return this.#answer.ended ? { kind: 'answered' } : { kind: 'interrupted', key: 'agent_interrupted' };
  }

  #request() {
    const { turn, chat, person, journalled } = this.job;
    const place = this.#context.workspaces.describe({ agentId: chat.agentId, person: person.id });
    const directory = place === 'none' ? undefined : place.directory;
    return {
      platformChatId: chat.platformChatId,
      requestId: turn.requestId,
      text: turn.text,
      attachments: this.#attachments.flatMap(({ path }) => path ?? []),
      person: {
        id: person.id,
        name: person.name,
        locale: person.locale,
        ...(directory === undefined ? {} : { directory }),
      },
      ...(journalled ? { resumeAfter: this.#answer.seq } : {}),
    };
  }

  #take(event: AgentEvent): void {
    this.#answer.apply(event);
    this.#asking = event.kind === 'confirm';
    const { text, progress } = this.#answer;
    if (event.kind === 'text' || event.kind === 'progress' || event.kind === 'restarted') {
      this.#preview.update({ text, ...(progress === undefined ? {} : { progress }) });
    }
    // Copied when it is journalled: a copy that nobody knows of would outlast the agent's new beginning.
    if (event.kind === 'file') this.#given.take(event, this.#journal.flushed());
    if (event.kind === 'confirm') {
      this.#confirmations?.ask(event).then(
        () => {
          if (this.#leavesWhenAsking) this.leaveWhenAsking();
        },
        (error) => {
          if (!this.#ended.signal.aborted) this.#abort.abort(error);
        },
      );
    }
  }

  #failed(error: unknown): Outcome {
    const reason = this.#abort.signal.aborted ? this.#abort.signal.reason : error;
    if (reason instanceof StopRequested) return { kind: 'cancelled', key: 'stopped' };
    if (reason instanceof AnswerTooLong) {
      return { kind: 'failed', key: 'answer_cut', parameters: { limit: this.#context.limits.answer } };
    }
    if (reason instanceof QuestionFailure) {
      return { kind: 'failed', key: reason.key, parameters: { limit: this.#context.limits.confirmations } };
    }
    if (isStoreError(reason) || this.#context.stopping.aborted) throw reason;
    if (!isAgentError(reason)) {
      this.#countError('internal');
      this.#context.logger.error(
        { turn: this.job.turn.id, err: reason },
        'a turn failed for a reason of ours',
      );
      return { kind: 'failed', key: 'agent_internal' };
    }
    // Whoever closed the client ends the process, or replaces the client: the turn goes on elsewhere.
    if (reason.code === 'closed') throw new LeftRunning('the agent client was closed', { cause: reason });
    this.#countError(reason.code);
    this.#context.logger.warn(
      {
        turn: this.job.turn.id,
        agent: this.job.chat.agentId,
        code: reason.code,
        url: reason.url,
        err: reason,
      },
      'the agent could not answer',
    );
    if (reason.code === 'interrupted') {
      return { kind: 'interrupted', key: this.job.journalled ? 'restart_interrupted' : 'agent_interrupted' };
    }
    return { kind: 'failed', key: reason.code === 'unsupported' ? 'agent_internal' : `agent_${reason.code}` };
  }

  async #finish(outcome: Outcome, answer = this.#answer): Promise<void> {
    const { store, fault, metrics, clock } = this.#context;
    const { turn, adapter } = this.job;
    const given =
      answer === this.#answer
        ? await Promise.race([this.#given.all(this.#abort.signal), this.#left.promise])
        : NOTHING_GIVEN;
    await this.#journal.discard();
    const operations = finalOperations(
      this.job,
      answer,
      given,
      outcome,
      this.#preview.messageId,
      this.#context,
      this.#confirmations?.settled(),
    );
    fault('final.before');
    const committed = await persist(this.#context, 'a final answer', () =>
      store.commitFinal(
        this.#lease,
        turn.id,
        outcome.kind,
        operations,
        ...(answer.tokens > 0 ? [{ tokens: answer.tokens }] : []),
      ),
    );
    fault('final.committed');
    metrics.count('surfaces_turns_total', { outcome: outcome.kind });
    const outcomes = await deliverFinals(
      this.#context,
      this.#delivery,
      adapter,
      committed,
      this.job.person.locale,
    );
    if (!outcomes.includes('sent') && !outcomes.includes('left')) await this.#preview.clear();
    if (outcomes.includes('sent')) {
      this.#firstText();
      metrics.observe(
        'surfaces_turn_seconds',
        { surface: adapter.surface },
        (clock.now() - turn.acceptedAt) / 1000,
      );
    }
  }

  #firstText(): void {
    if (this.#firstTextSeen) return;
    this.#firstTextSeen = true;
    const { metrics, clock } = this.#context;
    const seconds = (clock.now() - this.job.turn.acceptedAt) / 1000;
    metrics.observe('surfaces_first_text_seconds', { surface: this.job.adapter.surface }, seconds);
  }

  #countError(code: string): void {
    // Codes of agents are free text: as a label they would grow without bound.
    const label = /^[a-z_]{1,32}$/.test(code) ? code : 'other';
    this.#context.metrics.count('surfaces_agent_errors_total', { agent: this.job.chat.agentId, code: label });
  }

  #logRoute(client: AgentClient): void {
    const { logger } = this.#context;
    if (!logger.isDebug()) return;
    const { turn, chat, person } = this.job;
    logger.debug(
      {
        turn: turn.id,
        person: person.id,
        chat: `${chat.chatId} ${chat.key}`,
        agent: chat.agentId,
        platformChatId: chat.platformChatId,
        configuredUrl: client.baseUrl,
        resolvedUrl: client.url(chat.platformChatId),
      },
      'route of a message',
    );
  }
}
