import type { AgentClient, AgentEvent, Button, Settled } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import { translator } from './i18n/catalogue.ts';
import type { Job } from './lane.ts';
import { clip, escapeMarkdown } from './markdown/escape.ts';
import { persist } from './persist.ts';
import { type Confirmation, type Lease, sleep } from './ports/index.ts';
import { say } from './say.ts';

/** In UTF-16 units. */
const LONGEST_QUESTION = 4000;

/** The turn cannot go on because of what it asked. */
export class QuestionFailure extends Error {
  override readonly name = 'QuestionFailure';
  readonly key: 'too_many_questions' | 'confirm_expired';

  constructor(key: QuestionFailure['key']) {
    super(key);
    this.key = key;
  }
}

type ConfirmEvent = Extract<AgentEvent, { kind: 'confirm' }>;

interface Question {
  /** Since the store has it. */
  confirmation?: Confirmation;
  /** The decision is on its way to the agent. */
  replied: boolean;
}

/**
 * What a running turn asks its person. The store holds question and decision; this carries the
 * question to the chat and the decision to the agent, again after a restart of either.
 */
export class TurnConfirmations {
  readonly #context: Context;
  readonly #delivery: Delivery;
  readonly #job: Job;
  readonly #client: AgentClient;
  readonly #lease: Lease;
  readonly #done: AbortSignal;
  readonly #fail: (error: unknown) => void;
  /** Of the agent's run that goes on, by the agent's ids of them. */
  #questions = new Map<string, Question>();
  /** Asked before the agent began anew, not decided, and still with buttons in the chat. */
  readonly #void = new Map<string, Confirmation>();
  readonly #tokens = new Set<string>();
  readonly #asking = new Set<Promise<void>>();
  #cancelTimers: (() => void)[] = [];

  /** `done` aborts when the turn has ended; `fail` ends it. */
  constructor(
    context: Context,
    delivery: Delivery,
    job: Job,
    client: AgentClient,
    lease: Lease,
    done: AbortSignal,
    fail: (error: unknown) => void,
  ) {
    this.#context = context;
    this.#delivery = delivery;
    this.#job = job;
    this.#client = client;
    this.#lease = lease;
    this.#done = done;
    this.#fail = fail;
    done.addEventListener('abort', () => {
      for (const cancel of this.#cancelTimers) cancel();
    });
  }

  /** Resolves when the question is on its way to the chat, or what was decided before on its way to the agent. */
  async ask(event: ConfirmEvent): Promise<void> {
    if (!this.#questions.has(event.id) && this.#questions.size >= this.#context.limits.confirmations) {
      throw new QuestionFailure('too_many_questions');
    }
    // Before the store has it, or a decision that follows at once finds nothing to reply to.
    const question = this.#questions.get(event.id) ?? { replied: false };
    this.#questions.set(event.id, question);
    const asking = this.#put(event, question);
    this.#asking.add(asking);
    try {
      await asking;
    } finally {
      this.#asking.delete(asking);
    }
  }

  /**
   * The agent begins anew: what it asked so far waits for nobody any more. Resolves when nothing more of
   * it is written; the store ends it with the journal.
   */
  async restart(): Promise<void> {
    await Promise.allSettled(this.#asking);
    for (const cancel of this.#cancelTimers) cancel();
    this.#cancelTimers = [];
    for (const [id, { confirmation, replied }] of this.#questions) {
      if (confirmation === undefined) continue;
      if (replied) this.#tokens.delete(confirmation.token);
      else this.#void.set(id, confirmation);
    }
    this.#questions = new Map();
  }

  /** Whether something was asked, and all of that is in the store and undecided. */
  get waiting(): boolean {
    const asked = [...this.#questions.values()];
    const waits = ({ confirmation, replied }: Question) => confirmation !== undefined && !replied;
    return this.#asking.size === 0 && asked.some(waits);
  }

  async #put(event: ConfirmEvent, question: Question): Promise<void> {
    const { store, clock, limits, scrub } = this.#context;
    const { turn, chat, person, adapter } = this.#job;
    const askedAt = clock.now();
    const before = this.#void.get(event.id);
    // The same again: what is in the chat already asks it.
    const same = before !== undefined && isSame(before, event);
    const confirmation = await persist(
      this.#context,
      'a confirmation',
      () =>
        store.openConfirmation(this.#lease, {
          turn: turn.id,
          id: event.id,
          token: same ? before.token : newToken(),
          chat: chat.key,
          person: person.id,
          text: event.text,
          options: event.options,
          askedAt,
          expiresAt: askedAt + limits.confirmationMs,
        }),
      // The store takes none for a turn that is over.
      this.#done,
    );
    this.#context.fault('confirm.opened');
    this.#tokens.add(confirmation.token);
    question.confirmation = confirmation;
    if (before?.token === confirmation.token) this.#void.delete(event.id);
    if (question.replied) return;
    // Owned by the turn, which ends it.
    if (confirmation.decision !== undefined) return void this.#reply(question, confirmation);

    const t = translator(person.locale);
    const choices = [
      ...event.options.map(({ label }) => `- ${escapeMarkdown(scrub(label))}`),
      '',
      t('confirm_choices', { sign: adapter.capabilities.commandSign ?? '/' }),
    ].join('\n');
    const text = t('confirm', { text: clip(scrub(event.text), LONGEST_QUESTION) });
    const settles = [...this.#void.values()].map(({ token }) => ({ about: aboutQuestion(token) }));
    const operations = say(adapter, {
      // The token: what is asked anew under the same id is another question.
      name: `${turn.id}:confirm:${confirmation.token}`,
      address: turn.address,
      chat,
      role: 'system',
      markdown: adapter.capabilities.buttons === 'native' ? text : `${text}\n\n${choices}`,
      buttons: confirmButtons(confirmation, scrub),
      settles,
    });
    const committed = await persist(this.#context, 'a question', () => store.enqueue(operations), this.#done);
    if (committed.length > 0) {
      for (const { token } of this.#void.values()) this.#tokens.delete(token);
      this.#void.clear();
    }
    // Owned by delivery; the turn does not wait for it to be shown.
    void this.#delivery.pushAll(committed);
    this.#expireAt(confirmation);
  }

  /** All that was asked, for when the turn is over and nothing can be answered any more. */
  settled(): Settled[] {
    return [...this.#tokens].map((token) => ({ about: aboutQuestion(token) }));
  }

  /** A decision was stored for one of this turn's questions. */
  async decided(confirmation: Confirmation): Promise<void> {
    const question = this.#questions.get(confirmation.id);
    // What was asked before the agent began anew decides nothing of what it asks now.
    const other = question?.confirmation !== undefined && question.confirmation.token !== confirmation.token;
    if (question !== undefined && !other) await this.#reply(question, confirmation);
  }

  /** Sends the decision until the agent took it, began anew, or the turn ended. */
  async #reply(question: Question, { id, decision }: Confirmation): Promise<void> {
    if (question.replied || decision === undefined) return;
    question.replied = true;
    const isAsked = () => !this.#done.aborted && this.#questions.get(id) === question;
    for (let wait = 200; isAsked(); wait = Math.min(wait * 2, 5000)) {
      try {
        const { chat, turn } = this.#job;
        return await this.#client.reply(chat.platformChatId, turn.requestId, id, decision);
      } catch (error) {
        this.#context.logger.debug(
          { turn: this.#job.turn.id, err: error },
          'the agent did not take a decision yet',
        );
        await sleep(this.#context.clock, wait, this.#done).catch(() => undefined);
      }
    }
  }

  #expireAt(confirmation: Confirmation): void {
    const wait = Math.max(0, confirmation.expiresAt - this.#context.clock.now());
    // Timers cannot run longer than 2^31 ms.
    const cancel = this.#context.clock.after(Math.min(wait, 2 ** 31 - 1), () => {
      if (this.#context.clock.now() < confirmation.expiresAt) return this.#expireAt(confirmation);
      this.#expire(confirmation).catch((error) => {
        if (!this.#done.aborted) this.#fail(error);
      });
    });
    this.#cancelTimers.push(cancel);
  }

  /** Nobody answered in time: that is a refusal, or, where refusing is no choice, the end of the turn. */
  async #expire({ id, chat, token, person }: Confirmation): Promise<void> {
    const question = this.#questions.get(id);
    const { store, clock } = this.#context;
    const now = clock.now();
    const by = expiryOf(token);
    const decision = await persist(
      this.#context,
      'the expiry of a question',
      () => store.decide({ chat, token, choose: { kind: 'reject' }, person, by, now, onExpiry: true }),
      this.#done,
    );
    // Somebody may have been quicker: then it is that decision.
    if ('confirmation' in decision) return this.decided(decision.confirmation);
    // The agent may have begun anew meanwhile, which ends the question.
    if (decision.outcome === 'not_found' && this.#questions.get(id) === question)
      this.#fail(new QuestionFailure('confirm_expired'));
  }
}

/** What the actions of a question's buttons begin with. */
export function aboutQuestion(token: string): string {
  return `confirm:${token}`;
}

function expiryOf(token: string): string {
  return `expiry:${token}`;
}

/** Whether it was decided because nobody answered in time. */
export function isExpiry({ token, decidedBy }: Confirmation): boolean {
  return decidedBy === expiryOf(token);
}

function isSame({ text, options }: Confirmation, event: ConfirmEvent): boolean {
  return text === event.text && JSON.stringify(options) === JSON.stringify(event.options);
}

function confirmButtons(confirmation: Confirmation, scrub: (text: string) => string): Button[] {
  return confirmation.options.map((option) => ({
    label: clip(scrub(option.label), 64),
    action: `${aboutQuestion(confirmation.token)}:${option.id}`,
    style: option.kind === 'reject' ? 'danger' : option.kind === 'allow_once' ? 'primary' : 'plain',
  }));
}

/** Short enough for every messenger's buttons, and not to be guessed. */
function newToken(): string {
  return crypto.randomUUID().replaceAll('-', '').slice(0, 15);
}
