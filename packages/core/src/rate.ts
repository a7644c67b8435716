import type { Clock } from './ports/index.ts';

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets by key: `burst` at once, then `perSecond`. Full buckets cost no memory for long. */
export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perMs: number;
  #sweepAt = 1024;

  constructor(clock: Clock, rate: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#burst = rate.burst;
    this.#perMs = rate.perSecond / 1000;
  }

  /** 0 when it may go on, and is counted; else the milliseconds until it may. */
  take(key: string, keep = 0): number {
    const bucket = this.#bucket(key);
    if (bucket.tokens - 1 < keep) return Math.max(1, Math.ceil((keep + 1 - bucket.tokens) / this.#perMs));
    bucket.tokens -= 1;
    return 0;
  }

  /** What was counted was no use of it after all. */
  giveBack(key: string): void {
    const bucket = this.#bucket(key);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + 1);
  }

  #bucket(key: string): Bucket {
    const now = this.#clock.now();
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= this.#sweepAt) this.#sweep(now);
      bucket = { tokens: this.#burst, at: now };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + Math.max(0, now - bucket.at) * this.#perMs);
    bucket.at = now;
    return bucket;
  }

  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.tokens + (now - bucket.at) * this.#perMs >= this.#burst) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(1024, this.#buckets.size * 2);
  }
}
