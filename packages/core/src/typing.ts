import type { Address } from '@surfaces/protocol';
import type { Context } from './context.ts';
import type { SurfaceAdapter } from './ports/index.ts';

/** Shows that the agent works until the result is called; best effort. */
export function keepTyping(context: Context, adapter: SurfaceAdapter, address: Address): () => void {
  const { typing } = adapter;
  if (!typing) return () => undefined;
  const abort = new AbortController();
  let cancelTimer: (() => void) | undefined;
  const set = (on: boolean, signal: AbortSignal) =>
    typing.set(address, on, signal).catch((error) => {
      if (!signal.aborted)
        context.logger.debug({ surface: adapter.surface, err: error }, 'typing could not be shown');
    });
  const renew = () => {
    void set(true, abort.signal);
    if (Number.isFinite(typing.lastsMs)) cancelTimer = context.clock.after(typing.lastsMs * 0.8, renew);
  };
  renew();
  return () => {
    cancelTimer?.();
    abort.abort();
    void set(false, context.stopping);
  };
}
