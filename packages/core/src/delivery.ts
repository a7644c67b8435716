import {
  type AccountId,
  type Address,
  addressKey,
  type ChatKey,
  type MessageId,
  type SurfaceId,
} from '@surfaces/protocol';
import { Budget } from './budget.ts';
import type { Context } from './context.ts';
import { persist } from './persist.ts';
import { isSurfaceError, type Operation, type SurfaceAdapter, sleep } from './ports/index.ts';

/** `left`: the core stopped; the operation is in the store and goes on at the next start. */
export type DeliveryOutcome = 'sent' | 'dead' | 'left';

interface Waiting {
  readonly operation: Operation;
  readonly delivered: Promise<DeliveryOutcome>;
  readonly done: (outcome: DeliveryOutcome) => void;
}

/**
 * Carries operations of the outbox to the messengers: one at a time and in order per address, each
 * until it is confirmed, refused for good, or out of time or attempts (a dead letter).
 */
export class Delivery {
  readonly #context: Context;
  readonly #adapters = new Map<string, { readonly adapter: SurfaceAdapter; readonly budget: Budget }>();
  readonly #queues = new Map<string, Waiting[]>();
  readonly #settling = new Set<Promise<void>>();
  /** Chats that are gone: nothing more is said in them. */
  readonly #dropped = new Set<ChatKey>();

  constructor(context: Context) {
    this.#context = context;
  }

  register(adapter: SurfaceAdapter): Budget {
    const budget = new Budget(this.#context.clock, adapter.capabilities.budget);
    this.#adapters.set(accountKey(adapter.surface, adapter.account), { adapter, budget });
    return budget;
  }

  adapterFor(surface: SurfaceId, account: AccountId): SurfaceAdapter | undefined {
    return this.#adapters.get(accountKey(surface, account))?.adapter;
  }

  push(operation: Operation): Promise<DeliveryOutcome> {
    const { promise: delivered, resolve: done } = Promise.withResolvers<DeliveryOutcome>();
    const key = addressKey(operation.address);
    const queue = this.#queues.get(key);
    if (queue) {
      queue.push({ operation, delivered, done });
    } else {
      const fresh: Waiting[] = [{ operation, delivered, done }];
      this.#queues.set(key, fresh);
      // Owned: `#work` handles every failure itself.
      void this.#work(key, fresh);
    }
    return delivered;
  }

  pushAll(operations: readonly Operation[]): Promise<DeliveryOutcome[]> {
    return Promise.all(operations.map((operation) => this.push(operation)));
  }

  /** Sends nothing more of these chats: they are being deleted. */
  drop(chats: readonly ChatKey[]): void {
    for (const chat of chats) this.#dropped.add(chat);
  }

  /** Resolves when nothing of these chats, which were dropped, is on its way any more. */
  async ended(chats: readonly ChatKey[]): Promise<void> {
    const queued = [...this.#queues.values()].flat();
    const theirs = queued.filter(({ operation }) => chats.includes(operation.chat));
    await Promise.all(theirs.map(({ delivered }) => delivered));
    await this.settled();
  }

  /** They are not deleted after all. */
  keep(chats: readonly ChatKey[]): void {
    for (const chat of chats) this.#dropped.delete(chat);
  }

  /** Resolves when nothing waits to be delivered at an address; rejects with the signal's reason. */
  async flushed(address: Address, signal: AbortSignal): Promise<void> {
    const key = addressKey(address);
    for (let last = this.#queues.get(key)?.at(-1); last; last = this.#queues.get(key)?.at(-1)) {
      const { delivered } = last;
      await new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        void delivered.then(() => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
      });
    }
  }

  /** Resolves when what was sent is also stored as sent. */
  async settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling);
  }

  async #work(key: string, queue: Waiting[]): Promise<void> {
    for (let head = queue[0]; head; head = queue[0]) {
      const outcome = await this.#deliver(head.operation);
      queue.shift();
      head.done(outcome);
    }
    this.#queues.delete(key);
  }

  async #deliver(operation: Operation): Promise<DeliveryOutcome> {
    const { logger, limits, stopping, metrics } = this.#context;
    const registered = this.#adapters.get(accountKey(operation.address.surface, operation.address.account));
    if (!registered) return 'left';
    const { adapter, budget } = registered;
    const { surface } = adapter;
    const fields = { operation: operation.id, surface, chat: operation.chat };
    let editOf = operation.editOf;
    let maybeDuplicate = operation.state === 'sending';
    let unexplained = 0;
    for (let attempt = operation.attempts + 1; ; ) {
      if (stopping.aborted || this.#dropped.has(operation.chat)) return 'left';
      try {
        await budget.takeFinal(operation.address, stopping);
        if (adapter.capabilities.sends === 'ambiguous' && !editOf) {
          // A store that is down must not use up the attempts at the messenger.
          await persist(this.#context, 'the beginning of a send', () =>
            this.#context.store.beginOperation(operation.id),
          );
        }
        this.#context.fault('send.before');
        const messageId = await this.#call(adapter, operation, editOf, maybeDuplicate);
        this.#context.fault('send.done');
        metrics.count('surfaces_sends_total', { surface, outcome: 'sent' });
        this.#settle(operation, { state: 'sent', messageId });
        return 'sent';
      } catch (error) {
        if (stopping.aborted || this.#dropped.has(operation.chat)) return 'left';
        if (isSurfaceError(error) && error.code === 'rate_limited') {
          metrics.count('surfaces_rate_limited_total', { surface });
          budget.block(operation.address, error.retryAfterMs ?? 1000);
          continue;
        }
        const text = this.#context.scrub(error instanceof Error ? error.message : String(error));
        metrics.count('surfaces_sends_total', { surface, outcome: 'failed' });
        if (isSurfaceError(error) && error.code === 'refused') {
          if (editOf) {
            // The message to edit is gone: what it should say is still owed.
            editOf = undefined;
            continue;
          }
          return this.#die(operation, surface, text);
        }
        if (isSurfaceError(error) && error.outcomeUnknown && adapter.capabilities.sends === 'ambiguous') {
          maybeDuplicate = !editOf;
        }
        if (isSurfaceError(error) && error.code === 'unreachable') {
          const age = this.#context.clock.now() - operation.createdAt;
          if (age >= limits.sendForMs) return this.#die(operation, surface, text);
        } else {
          unexplained += 1;
          if (unexplained >= limits.sendAttempts) return this.#die(operation, surface, text);
        }
        const wait = Math.min(limits.sendBackoff.firstMs * 2 ** (attempt - 1), limits.sendBackoff.maxMs);
        logger.warn({ ...fields, attempt, retryInMs: wait, err: error }, 'a send failed; trying again');
        // An ambiguous send whose outcome is unknown stays `sending`, or a restart would not label it.
        if (!maybeDuplicate) this.#settle(operation, { state: 'pending', error: text });
        attempt += 1;
        if (!(await this.#pause(wait))) return 'left';
      }
    }
  }

  async #call(
    adapter: SurfaceAdapter,
    operation: Operation,
    editOf: MessageId | undefined,
    maybeDuplicate: boolean,
  ): Promise<MessageId> {
    const { stopping } = this.#context;
    if (editOf && adapter.edits) {
      await adapter.edits.edit(operation.address, editOf, operation.message, operation.id, stopping);
      return editOf;
    }
    const message =
      maybeDuplicate && adapter.capabilities.sends === 'ambiguous'
        ? { ...operation.message, maybeDuplicate: true }
        : operation.message;
    return (await adapter.send(operation.address, message, operation.id, stopping)).messageId;
  }

  #die(operation: Operation, surface: SurfaceId, error: string): DeliveryOutcome {
    this.#context.logger.error(
      { operation: operation.id, surface, chat: operation.chat, error },
      'gave up on a send: dead letter',
    );
    this.#context.metrics.count('surfaces_dead_letters_total', { surface });
    this.#settle(operation, { state: 'dead', error });
    return 'dead';
  }

  /** The next turn need not wait for this write: the store keeps the order. */
  #settle(operation: Operation, result: Parameters<Context['store']['settleOperation']>[1]): void {
    const store = () => this.#context.store.settleOperation(operation.id, result);
    // Between attempts the next one settles; the last word is kept until the store has it.
    const stored =
      result.state === 'pending' ? store() : persist(this.#context, 'the outcome of a send', store);
    const write = stored.then(
      () => {
        if (result.state === 'sent') this.#context.fault('send.settled');
      },
      (error) => {
        // Sent but not stored as sent: at the next start it is sent again under the same id.
        this.#context.logger.error(
          { operation: operation.id, err: error },
          'could not store the outcome of a send',
        );
      },
    );
    this.#settling.add(write);
    void write.finally(() => this.#settling.delete(write));
  }

  async #pause(ms: number): Promise<boolean> {
    try {
      await sleep(this.#context.clock, ms, this.#context.stopping);
      return true;
    } catch {
      return false;
    }
  }
}

function accountKey(surface: SurfaceId, account: AccountId): string {
  return `${surface}/${account}`;
}
