import type { ChatKey } from '@surfaces/protocol';
import type { Context } from './context.ts';
import { type Job, Lane } from './lane.ts';
import type { People } from './people.ts';
import type { Lease, Person } from './ports/index.ts';
import type { TurnRun } from './turn-runner.ts';

/** A class, so that asking for its person is as quick as for anything else of it. */
class QueuedJob implements Job {
  readonly turn: Job['turn'];
  readonly chat: Job['chat'];
  readonly adapter: Job['adapter'];
  readonly author: Job['author'];
  readonly journalled: Job['journalled'];
  readonly stopped: Job['stopped'];
  readonly #accepted: Person;
  readonly #people: People;

  constructor(job: Job, people: People) {
    this.turn = job.turn;
    this.chat = job.chat;
    this.adapter = job.adapter;
    this.author = job.author;
    this.journalled = job.journalled;
    this.stopped = job.stopped;
    this.#accepted = job.person;
    this.#people = people;
  }

  /** With what they have chosen since. */
  get person(): Person {
    return this.#people.current(this.#accepted);
  }
}

/** The lanes of the chats that are at work or were so lately, and what runs in them. */
export class Lanes {
  readonly #context: Context;
  readonly #start: (job: Job, lease: Lease) => TurnRun;
  readonly #lanes = new Map<ChatKey, Lane>();
  readonly #runs = new Map<ChatKey, TurnRun>();
  #draining = false;

  constructor(context: Context, start: (job: Job, lease: Lease) => TurnRun) {
    this.#context = context;
    this.#start = start;
  }

  /** Whatever the person chooses from now on holds for this turn too. */
  push(job: Job): void {
    this.of(job.chat.key).push(new QueuedJob(job, this.#context.people));
  }

  of(chat: ChatKey): Lane {
    const known = this.#lanes.get(chat);
    if (known) return known;
    const lane = new Lane(
      this.#context,
      chat,
      (job, lease) => this.#run(chat, job, lease),
      () => this.#lanes.delete(chat),
      () => this.#draining,
    );
    this.#lanes.set(chat, lane);
    return lane;
  }

  /** Resolves when what is first in line in this chat runs, or cannot; at once where nothing is. */
  begun(chat: ChatKey): Promise<void> {
    return this.#lanes.get(chat)?.begun ?? Promise.resolve();
  }

  /** The turn of this chat that runs now. */
  running(chat: ChatKey): TurnRun | undefined {
    return this.#runs.get(chat);
  }

  /**
   * Begins no more turns; resolves when those that run have ended. What waits for a person's answer cannot
   * end, and is left for the next start.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const run of this.#runs.values()) run.leaveWhenAsking();
    while (this.#runs.size > 0) await Promise.allSettled([...this.#runs.values()].map((run) => run.done));
  }

  /** Ends the runs that still wait for their agents: their turns go on at the next start. */
  leave(): void {
    for (const run of this.#runs.values()) run.leave();
  }

  /** Ends everything in these chats and begins nothing more in them; resolves when nothing runs there. */
  async end(chats: readonly ChatKey[]): Promise<void> {
    for (const chat of chats) {
      this.#lanes.get(chat)?.end();
      this.#lanes.delete(chat);
      this.#runs.get(chat)?.abandon();
    }
    await Promise.allSettled(chats.map((chat) => this.#runs.get(chat)?.done));
  }

  dispose(): void {
    for (const lane of this.#lanes.values()) lane.dispose();
    this.#lanes.clear();
  }

  #run(chat: ChatKey, job: Job, lease: Lease): TurnRun {
    const run = this.#start(job, lease);
    this.#runs.set(chat, run);
    if (this.#draining) run.leaveWhenAsking();
    const over = () => this.#runs.delete(chat);
    run.done.then(over, over);
    return run;
  }
}
