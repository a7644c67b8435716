import type { Clock } from './ports/index.ts';
import { SurfaceError } from './ports/index.ts';

/** Who brings bytes is silent for so long: then the attempt is over. Milliseconds. */
const SILENCE = 60_000;

/** Made once, for an error is made slowly. */
const OVER = new Error('the attempt is over');

/** The result of `work`, or the signal's reason when it aborts first. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * A signal that aborts with `signal`, when nobody called `heard` for long, and at the `end`: then whoever
 * brings bytes lets go of them.
 */
export function silenceLimit(
  clock: Clock,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly heard: () => void; readonly end: () => void } {
  const over = new AbortController();
  let last = clock.now();
  let cancel: (() => void) | undefined;
  const look = () => {
    const left = last + SILENCE - clock.now();
    if (left <= 0) over.abort(new SurfaceError('unreachable', `no bytes for ${SILENCE} ms`));
    else cancel = clock.after(left, look);
  };
  look();
  return {
    signal: AbortSignal.any([signal, over.signal]),
    heard: () => {
      last = clock.now();
    },
    end: () => {
      cancel?.();
      over.abort(OVER);
    },
  };
}
