import type { Context } from './context.ts';
import { isStoreError, sleep } from './ports/index.ts';

/**
 * Repeats a write until the store takes it: a full disk or a lost database must delay an answer, not
 * lose it. Gives up, with the error, when the write can never succeed or the core stops.
 */
export async function persist<T>(context: Context, what: string, write: () => Promise<T>): Promise<T> {
  for (let wait = 250; ; wait = Math.min(wait * 2, 15_000)) {
    try {
      return await write();
    } catch (error) {
      if (isStoreError(error) && (error.code === 'lease_lost' || error.code === 'closed')) throw error;
      context.logger.error({ err: error, what, retryInMs: wait }, 'the store refused a write; trying again');
      await sleep(context.clock, wait, context.stopping);
    }
  }
}
