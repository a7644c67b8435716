/** Between a socket that pushes and one caller that pulls. */

const HIGH = 1024;
const LOW = 128;
/** An agent may send frames as large as they can be: so many characters at once are enough. */
const HEAVY = 4 * 1024 * 1024;

/** Tells the socket to wait while the caller is behind. */
interface Backpressure {
  full(): void;
  emptied(): void;
}

export class EventQueue<T> {
  private items: T[] = [];
  /** Of the next item to take: shifting a long array costs its length. */
  private head = 0;
  private waiting: ((result: IteratorResult<T, undefined> | Promise<never>) => void) | undefined;
  private over = false;
  private error: { readonly reason: unknown } | undefined;
  private readonly pressure: Backpressure;
  private readonly weigh: (item: T) => number;
  private weight = 0;
  isFull = false;

  /** `weigh`: characters that an item keeps in memory. */
  constructor(pressure: Backpressure, weigh: (item: T) => number) {
    this.pressure = pressure;
    this.weigh = weigh;
  }

  /** All was taken, and the caller wants more. */
  get isAwaited(): boolean {
    return this.waiting !== undefined;
  }

  push(item: T): void {
    if (this.over) return;
    const { waiting } = this;
    if (waiting !== undefined) {
      this.waiting = undefined;
      waiting({ done: false, value: item });
      return;
    }
    this.items.push(item);
    this.weight += this.weigh(item);
    if (!this.isFull && (this.items.length - this.head >= HIGH || this.weight >= HEAVY)) {
      this.isFull = true;
      this.pressure.full();
    }
  }

  /** What is in the queue is still handed out. */
  end(): void {
    this.over = true;
    this.waiting?.({ done: true, value: undefined });
    this.waiting = undefined;
  }

  /** What is in the queue is still handed out, then the error once. */
  fail(reason: unknown): void {
    if (this.over) return;
    this.error = { reason };
    this.over = true;
    if (this.waiting === undefined) return;
    this.waiting(this.takeError());
    this.waiting = undefined;
  }

  /** Forgets what is in the queue. */
  drop(): void {
    this.items = [];
    this.head = 0;
    this.weight = 0;
    this.makeRoom();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.head < this.items.length) {
      // biome-ignore lint/style/noNonNullAssertion: head is inside the array.
      const value = this.items[this.head++]!;
      this.weight -= this.weigh(value);
      if (this.head > LOW) {
        this.items.splice(0, this.head);
        this.head = 0;
      }
      const left = this.items.length - this.head;
      if (left === 0) this.drop();
      else if (left <= LOW && this.weight < HEAVY / 2) this.makeRoom();
      return Promise.resolve({ done: false, value });
    }
    if (this.error !== undefined) return this.takeError();
    if (this.over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  private makeRoom(): void {
    if (!this.isFull) return;
    this.isFull = false;
    this.pressure.emptied();
  }

  private takeError(): Promise<never> {
    const reason = this.error?.reason;
    this.error = undefined;
    return Promise.reject(reason);
  }
}
