import type { AgentEvent } from '@surfaces/protocol';
import type { Context } from './context.ts';
import { persist } from './persist.ts';
import { isStoreError, type Lease, type Turn } from './ports/index.ts';

/** Beyond this many UTF-16 units events are written without waiting longer. */
const FLUSH_AT = 64 * 1024;

/**
 * Writes the events of a running turn to the store, in order and a little behind: an answer that is
 * ready at once is never journalled, because its final commit makes that needless.
 */
export class Journal {
  readonly #context: Context;
  readonly #lease: Lease;
  readonly #turn: Turn;
  readonly #onLost: (error: unknown) => void;
  #waiting: AgentEvent[] = [];
  #size = 0;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Grows when what was said so far became void: a write that fails then is not tried again. */
  #epoch = 0;

  /** `onLost` hears that this process may not write to the turn any more. */
  constructor(context: Context, lease: Lease, turn: Turn, onLost: (error: unknown) => void) {
    this.#context = context;
    this.#lease = lease;
    this.#turn = turn;
    this.#onLost = onLost;
  }

  add(event: AgentEvent): void {
    this.#merge(event);
    if (this.#size >= FLUSH_AT) this.#flush();
    else
      this.#cancelTimer ??= this.#context.clock.after(this.#context.limits.journalDelayMs, () =>
        this.#flush(),
      );
  }

  /** Writes what waits at once. Resolves when that is done, or failed and is left for the next write. */
  flushed(): Promise<void> {
    this.#flush();
    return this.#writing;
  }

  /** The agent began anew: what was journalled is void. */
  async restart(): Promise<void> {
    this.#epoch += 1;
    this.#drop();
    await this.#writing;
    await persist(this.#context, 'a new beginning', () =>
      this.#context.store.restartJournal(this.#lease, this.#turn.id),
    );
  }

  /** Writes what waits; for a process that stops while the turn goes on. */
  async close(): Promise<void> {
    this.#flush();
    this.#epoch += 1;
    await this.#writing;
  }

  /** The final commit follows: what waits need not be written. */
  async discard(): Promise<void> {
    this.#epoch += 1;
    this.#drop();
    await this.#writing;
  }

  /** Only what a resumed answer needs: texts are joined, progress is kept for its number alone. */
  #merge(event: AgentEvent): void {
    const last = this.#waiting.at(-1);
    if (last?.kind === 'text' && event.kind === 'text') {
      this.#waiting[this.#waiting.length - 1] = {
        kind: 'text',
        seq: event.seq,
        text: last.text + event.text,
      };
    } else if (last?.kind === 'progress' && event.kind === 'progress') {
      this.#waiting[this.#waiting.length - 1] = event;
    } else {
      this.#waiting.push(event);
    }
    this.#size += event.kind === 'text' ? event.text.length : 64;
  }

  #drop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#waiting = [];
    this.#size = 0;
  }

  #flush(): void {
    const events = this.#waiting;
    this.#drop();
    if (events.length === 0) return;
    const epoch = this.#epoch;
    this.#writing = this.#writing
      .then(() => this.#context.store.appendEvents(this.#lease, this.#turn.id, events))
      .then(
        () => this.#context.fault('journal.appended'),
        (error) => {
          if (isStoreError(error) && error.code === 'lease_lost') return this.#onLost(error);
          // A gap would make a resumed answer wrong, so the events wait for the next write.
          this.#context.logger.error({ turn: this.#turn.id, err: error }, 'could not journal an answer');
          if (epoch !== this.#epoch) return;
          this.#waiting = [...events, ...this.#waiting];
          this.#cancelTimer ??= this.#context.clock.after(1000, () => this.#flush());
        },
      );
  }
}
