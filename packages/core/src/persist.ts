import type { Context } from './context.ts';
import { isStoreError, type StoreErrorCode, sleep } from './ports/index.ts';

/** What no later attempt mends. */
const FOR_EVER: ReadonlySet<StoreErrorCode> = new Set(['lease_lost', 'closed', 'conflict']);

/**
 * Repeats a write until the store takes it: a full disk or a lost database must delay an answer, not
 * lose it. Gives up, with the error, when the write can never succeed (what is no failure of the store
 * is a fault of ours, and stays one) or `signal` aborts, which is when the core stops if left out.
 */
export async function persist<T>(
  context: Context,
  what: string,
  write: () => Promise<T>,
  signal: AbortSignal = context.stopping,
): Promise<T> {
  for (let wait = 250; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      return await write();
    } catch (error) {
      if (!isStoreError(error) || FOR_EVER.has(error.code)) throw error;
      context.logger.error({ err: error, what, retryInMs: wait }, 'the store refused a write; trying again');
      await sleep(context.clock, wait, signal);
    }
  }
}
