import type { Context } from './context.ts';
import { sleep } from './ports/index.ts';

/** Waits for what may fail or hang while it is ended, but no longer than `limits.stopMs`. */
export async function within(context: Context, what: string, work: Promise<unknown>): Promise<void> {
  const { clock, limits, logger } = context;
  const over = new AbortController();
  const late = sleep(clock, limits.stopMs, over.signal).then(
    () => logger.warn({ what, ms: limits.stopMs }, 'did not end in time; going on without it'),
    () => undefined,
  );
  const done = work.catch((error) => logger.warn({ what, err: error }, 'failed while it was ended'));
  await Promise.race([done, late]);
  over.abort();
}
