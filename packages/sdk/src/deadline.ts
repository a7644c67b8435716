/**
 * A time limit that is moved with nearly every event. Moving it only notes the new time: the timer
 * is set once and, when it comes too early, set again for what is left.
 */
export class Deadline {
  private at = Number.POSITIVE_INFINITY;
  private armedFor = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private readonly onPassed: () => void;

  constructor(onPassed: () => void) {
    this.onPassed = onPassed;
  }

  /** Moves the limit to `ms` from now; `Infinity` lifts it. */
  set(ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) {
      this.at = ms;
      return;
    }
    this.at = performance.now() + ms;
    if (this.at < this.armedFor) this.arm(ms);
  }

  /** Lifts the limit. The timer may still wake once, to no effect. */
  lift(): void {
    this.at = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.lift();
    clearTimeout(this.timer);
    this.armedFor = Number.POSITIVE_INFINITY;
  }

  private arm(ms: number): void {
    clearTimeout(this.timer);
    this.armedFor = performance.now() + ms;
    // The socket that is watched holds the process, not its timer. Longer waits than a timer can are cut up.
    this.timer = setTimeout(() => this.wake(), Math.min(ms, 2 ** 31 - 1)).unref();
  }

  private wake(): void {
    this.armedFor = Number.POSITIVE_INFINITY;
    const left = this.at - performance.now();
    if (left === Number.POSITIVE_INFINITY) return;
    if (left > 1) {
      this.arm(left);
      return;
    }
    this.lift();
    this.onPassed();
  }
}
