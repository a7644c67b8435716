/** What goes wrong at the messenger in memory, as a test wants it. */
import { type Address, addressKey } from '@surfaces/protocol';
import { untilAborted } from '../attempts.ts';
import { SurfaceError } from '../ports/surface-errors.ts';
import type { CallKind, Fault } from './messenger-model.ts';

/** Calls that are to fail or to wait. */
export class Trouble {
  #faults: { readonly fault: Fault; left: number }[] = [];
  #holds: { readonly call: CallKind; readonly released: Promise<void> }[] = [];

  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  heal(): void {
    this.#faults = [];
  }

  hold(call: CallKind): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hold = { call, released: promise };
    this.#holds.push(hold);
    return () => {
      this.#holds = this.#holds.filter((other) => other !== hold);
      resolve();
    };
  }

  /** Resolves when no call of this kind is held; rejects with the signal's reason. */
  async released(call: CallKind, signal: AbortSignal | undefined): Promise<void> {
    for (const { released } of this.#holds.filter((hold) => hold.call === call)) {
      await (signal ? untilAborted(released, signal) : released);
    }
  }

  /** The fault that this call meets; it is used up. */
  take(kind: CallKind, address: Address | undefined): Fault | undefined {
    const found = this.#faults.find(
      ({ fault }) =>
        (fault.call === undefined || fault.call === kind) &&
        (!fault.address || (address && addressKey(fault.address) === addressKey(address))),
    );
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#faults = this.#faults.filter((other) => other !== found);
    return found.fault;
  }
}

export function errorOf(fault: Fault): SurfaceError {
  const { retryAfterMs } = fault;
  switch (fault.fault) {
    case 'rate_limited':
      return new SurfaceError('rate_limited', 'too many calls', { retryAfterMs: retryAfterMs ?? 10 });
    case 'refused':
      return new SurfaceError('refused', 'the messenger says no');
    case 'cannot_start':
      return new SurfaceError('cannot_start', 'the messenger does not know this login');
    case 'unreachable':
      return new SurfaceError('unreachable', 'no connection to the messenger');
    case 'lost_before':
    case 'lost_after':
      return new SurfaceError('unreachable', 'the connection broke during the call', {
        outcomeUnknown: true,
      });
  }
}
