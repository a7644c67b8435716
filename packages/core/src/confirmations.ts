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
  /** Questions by the agent's id of them. */
  readonly #open = new Set<string>();
  readonly #tokens = new Set<string>();
  readonly #replied = new Set<string>();
  readonly #cancelTimers: (() => void)[] = [];

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

  async ask(event: ConfirmEvent): Promise<void> {
    const { store, clock, limits, scrub } = this.#context;
    const { turn, chat, person, adapter } = this.#job;
    if (!this.#open.has(event.id) && this.#open.size >= limits.confirmations) {
      throw new QuestionFailure('too_many_questions');
    }
    // Before the store has it, or a decision that follows at once finds nothing to reply to.
    this.#open.add(event.id);
    const askedAt = clock.now();
    const confirmation = await persist(
      this.#context,
      'a confirmation',
      () =>
        store.openConfirmation(this.#lease, {
          turn: turn.id,
          id: event.id,
          token: newToken(),
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
    if (this.#replied.has(event.id)) return;
    if (confirmation.decision !== undefined) return this.#reply(event.id, confirmation.decision);

    const t = translator(person.locale);
    const choices = [
      ...event.options.map(({ label }) => `- ${escapeMarkdown(scrub(label))}`),
      '',
      t('confirm_choices', { sign: adapter.capabilities.commandSign ?? '/' }),
    ].join('\n');
    const question = t('confirm', { text: clip(scrub(event.text), LONGEST_QUESTION) });
    const operations = say(adapter, {
      name: `${turn.id}:confirm:${event.id}`,
      address: turn.address,
      chat,
      role: 'system',
      markdown: adapter.capabilities.buttons === 'native' ? question : `${question}\n\n${choices}`,
      buttons: confirmButtons(confirmation, scrub),
    });
    const committed = await persist(this.#context, 'a question', () => store.enqueue(operations), this.#done);
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
    if (confirmation.decision !== undefined && this.#open.has(confirmation.id)) {
      await this.#reply(confirmation.id, confirmation.decision);
    }
  }

  /** Sends the decision until the agent took it or the turn ended. */
  async #reply(id: string, option: string): Promise<void> {
    if (this.#replied.has(id)) return;
    this.#replied.add(id);
    for (let wait = 200; !this.#done.aborted; wait = Math.min(wait * 2, 5000)) {
      try {
        const { chat, turn } = this.#job;
        return await this.#client.reply(chat.platformChatId, turn.requestId, id, option);
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
  async #expire({ chat, token, person }: Confirmation): Promise<void> {
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
    if (decision.outcome === 'not_found') this.#fail(new QuestionFailure('confirm_expired'));
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
