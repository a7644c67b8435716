/** Pauses between attempts to connect. */
import { isAgentError } from '@surfaces/protocol';
import { tlsProblem } from './tls-problem.ts';

const LONGEST_MS = 5000;

/** None before the first attempt; then doubling, and shortened at random so that many clients do not come back at once. */
export class Backoff {
  private readonly firstMs: number;
  private attempts = 0;
  private stop: (() => void) | undefined;

  constructor(firstMs: number) {
    this.firstMs = firstMs;
  }

  wait(): Promise<void> {
    const pauses = this.attempts++;
    if (pauses === 0) return Promise.resolve();
    const ms = Math.min(this.firstMs * 2 ** Math.min(pauses - 1, 16), LONGEST_MS) * (0.5 + Math.random() / 2);
    return new Promise((resolve) => {
      // It holds the process: a request waits for it.
      const timer = setTimeout(resolve, ms);
      this.stop = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** There was progress. */
  reset(): void {
    this.attempts = 0;
  }

  /** Ends a pause at once. */
  end(): void {
    this.stop?.();
  }
}

/** May the next attempt succeed where this one failed? */
export function worthRetrying(error: unknown): boolean {
  if (!isAgentError(error)) return false;
  // No certificate becomes another one within seconds.
  if (tlsProblem(error.cause) !== undefined) return false;
  return error.code === 'unreachable' || (error.code === 'refused' && (error.status ?? 0) >= 500);
}
