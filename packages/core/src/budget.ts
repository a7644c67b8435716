import type { Address } from '@surfaces/protocol';
import { type Capabilities, type Clock, sleep } from './ports/index.ts';

/** Timers cannot run longer. */
const LONGEST_SLEEP = 2 ** 31 - 1;

interface Room {
  /** When the calls of the last window were made, oldest first. Epoch milliseconds. */
  readonly calls: number[];
  /** Until when the room takes nothing, because the messenger said so. Epoch milliseconds. */
  blockedUntil: number;
}

/**
 * The calls that a messenger allows, per room: all threads of a room share it. In no window of
 * `perMs` are there more than `calls`. Finals have reserved slots that previews cannot take, so a
 * lively preview never delays its own answer.
 */
export class Budget {
  readonly #clock: Clock;
  readonly #budget: Capabilities['budget'];
  readonly #rooms = new Map<string, Room>();
  #sweepAt = 1024;

  constructor(clock: Clock, budget: Capabilities['budget']) {
    this.#clock = clock;
    this.#budget = budget;
  }

  /** Whether a preview may be sent now; it is counted. */
  tryPreview(address: Address): boolean {
    return this.#take(address, this.#budget.calls - this.#budget.reserve) === 0;
  }

  /** Waits until a final may be sent; it is counted. */
  async takeFinal(address: Address, signal: AbortSignal): Promise<void> {
    for (;;) {
      const wait = this.#take(address, Math.max(1, this.#budget.calls));
      if (wait === 0) return;
      await sleep(this.#clock, Math.min(wait, LONGEST_SLEEP), signal);
    }
  }

  /** The messenger said: not before `ms` from now. */
  block(address: Address, ms: number): void {
    const room = this.#room(address);
    room.blockedUntil = Math.max(room.blockedUntil, this.#clock.now() + ms);
  }

  /** 0 when fewer than `limit` calls were made in the window, and this one is counted; else how long to wait. */
  #take(address: Address, limit: number): number {
    const room = this.#room(address);
    const now = this.#clock.now();
    if (room.blockedUntil > now) return room.blockedUntil - now;
    this.#forget(room, now);
    if (room.calls.length < limit) {
      room.calls.push(now);
      return 0;
    }
    const first = room.calls[room.calls.length - limit];
    return first === undefined ? this.#budget.perMs : Math.max(1, first + this.#budget.perMs - now);
  }

  #room(address: Address): Room {
    let room = this.#rooms.get(address.room);
    if (!room) {
      if (this.#rooms.size >= this.#sweepAt) this.#sweep();
      room = { calls: [], blockedUntil: 0 };
      this.#rooms.set(address.room, room);
    }
    return room;
  }

  /** Calls that are out of the window, or of a future that a clock set back has undone. */
  #forget(room: Room, now: number): void {
    const { calls } = room;
    let old = 0;
    for (
      let at = calls[old];
      at !== undefined && (at + this.#budget.perMs <= now || at > now);
      at = calls[old]
    )
      old += 1;
    if (old > 0) calls.splice(0, old);
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, room] of this.#rooms) {
      this.#forget(room, now);
      if (room.calls.length === 0 && room.blockedUntil <= now) this.#rooms.delete(key);
    }
    this.#sweepAt = Math.max(1024, this.#rooms.size * 2);
  }
}
