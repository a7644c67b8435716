import type { Address } from '@surfaces/protocol';
import { type Capabilities, type Clock, sleep } from './ports/index.ts';
import { RateLimiter } from './rate.ts';

/**
 * The calls that a messenger allows, per room: all threads of a room share it. Finals have reserved
 * slots that previews cannot take, so a lively preview never delays its own answer.
 */
export class Budget {
  readonly #limiter: RateLimiter;
  readonly #clock: Clock;
  readonly #reserve: number;
  /** Until when a room takes nothing, because the messenger said so. Epoch milliseconds. */
  readonly #blocked = new Map<string, number>();

  constructor(clock: Clock, budget: Capabilities['budget']) {
    this.#clock = clock;
    this.#reserve = budget.reserve;
    this.#limiter = new RateLimiter(clock, {
      burst: budget.calls,
      perSecond: (budget.calls * 1000) / budget.perMs,
    });
  }

  /** Whether a preview may be sent now; it is counted. */
  tryPreview(address: Address): boolean {
    const room = roomOf(address);
    return this.#blockedFor(room) === 0 && this.#limiter.take(room, this.#reserve) === 0;
  }

  /** Waits until a final may be sent; it is counted. */
  async takeFinal(address: Address, signal: AbortSignal): Promise<void> {
    const room = roomOf(address);
    for (;;) {
      const wait = this.#blockedFor(room) || this.#limiter.take(room);
      if (wait === 0) return;
      await sleep(this.#clock, wait, signal);
    }
  }

  /** The messenger said: not before `ms` from now. */
  block(address: Address, ms: number): void {
    const room = roomOf(address);
    this.#blocked.set(room, Math.max(this.#blocked.get(room) ?? 0, this.#clock.now() + ms));
  }

  #blockedFor(room: string): number {
    const until = this.#blocked.get(room);
    if (until === undefined) return 0;
    const wait = until - this.#clock.now();
    if (wait <= 0) this.#blocked.delete(room);
    return Math.max(0, wait);
  }
}

function roomOf(address: Address): string {
  return address.room;
}
