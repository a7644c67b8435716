import type { AgentEvent, ExternalId } from '@surfaces/protocol';
import type { Context } from './context.ts';
import { persist } from './persist.ts';
import {
  type Chat,
  isStoreError,
  type Lease,
  type Person,
  type SurfaceAdapter,
  type Turn,
} from './ports/index.ts';

/** A turn that is to be run. */
export interface Job {
  readonly turn: Turn;
  readonly chat: Chat;
  readonly person: Person;
  readonly adapter: SurfaceAdapter;
  /** Who asked for it; only what an earlier process had begun needs none. */
  readonly author: ExternalId | undefined;
  /** An earlier process had begun it: the events that were journalled. */
  readonly journalled?: readonly AgentEvent[] | undefined;
  /** The person said stop to that process: the agent is told so now. */
  readonly stopped?: boolean | undefined;
}

/** One run of one turn. */
export interface Run {
  readonly job: Job;
  /** Resolves when its answer is delivered or its work is left in the store. */
  readonly done: Promise<void>;
}

/** The first-in-first-out queue of one chat's turns: one runs at a time. */
export class Lane {
  readonly #context: Context;
  readonly #chat: Chat['key'];
  readonly #start: (job: Job, lease: Lease) => Run;
  readonly #onIdle: () => void;
  readonly #draining: () => boolean;
  readonly #jobs: Job[] = [];
  #lease: Lease | undefined;
  #working = false;
  #ended = false;
  #current: Turn['id'] | undefined;
  #cancelIdle: (() => void) | undefined;
  #begun: Promise<void> = Promise.resolve();

  /** `draining`: begin nothing more; what has not begun is in the store and begins at the next start. */
  constructor(
    context: Context,
    chat: Chat['key'],
    start: (job: Job, lease: Lease) => Run,
    onIdle: () => void,
    draining: () => boolean,
  ) {
    this.#context = context;
    this.#chat = chat;
    this.#start = start;
    this.#onIdle = onIdle;
    this.#draining = draining;
  }

  /** A turn that is here already is not queued twice: recovery and a repeated `retry` may both bring it. */
  push(job: Job): void {
    const { id } = job.turn;
    if (this.#current === id || this.#jobs.some(({ turn }) => turn.id === id)) return;
    this.#jobs.push(job);
    if (this.#working) return;
    this.#working = true;
    this.#cancelIdle?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#begun = promise;
    // Owned: `#work` handles every failure itself.
    void this.#work(resolve);
  }

  /** Resolves when what is first in line runs, or cannot. */
  get begun(): Promise<void> {
    return this.#begun;
  }

  /** Claimed once and kept while the lane lives. */
  async #claim(): Promise<Lease> {
    this.#lease ??= await persist(this.#context, 'a chat lease', () =>
      this.#context.store.claimChat(this.#chat),
    );
    return this.#lease;
  }

  async #work(begun: () => void): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      if (this.#draining() || this.#ended) break;
      this.#current = job.turn.id;
      try {
        const lease = await this.#claim();
        // The claim may have waited for the store while the core began to stop.
        if (this.#draining() || this.#ended) break;
        const { done } = this.#start(job, lease);
        begun();
        await done;
      } catch (error) {
        if (isStoreError(error) && error.code === 'lease_lost') this.#lease = undefined;
        if (!this.#context.stopping.aborted) {
          this.#context.logger.error(
            { turn: job.turn.id, chat: this.#chat, err: error },
            'a turn could not be run',
          );
        }
      }
      begun();
    }
    begun();
    this.#working = false;
    this.#current = undefined;
    if (this.#draining() || this.#ended) return;
    this.#cancelIdle = this.#context.clock.after(this.#context.limits.laneIdleMs, this.#onIdle);
  }

  /** Begins nothing more. */
  end(): void {
    this.#ended = true;
    this.#jobs.length = 0;
    this.dispose();
  }

  dispose(): void {
    this.#cancelIdle?.();
  }
}
