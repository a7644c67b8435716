/** Deletes what is too old to keep, a little at a time, while the app runs. */
import {
  type Clock,
  type Files,
  isStoreError,
  type Logger,
  type Metrics,
  type Pruned,
  type Retention,
  type Store,
  sleep,
} from '@surfaces/core';
import type { RetentionConfig } from './config.ts';

/** What goes on at a start goes first. Milliseconds. */
const FIRST_MS = 3 * 60_000;
const EVERY_MS = 3_600_000;
/** Rows of each kind in one commit: so that nobody waits long for it. */
const BATCH = 500;
const PAUSE_MS = 50;

export interface RetentionOptions {
  readonly retention: RetentionConfig;
  readonly store: Pick<Store, 'prune' | 'neededFiles'>;
  readonly files: Pick<Files, 'prune'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Runs until the signal ends it. Never rejects: what failed is tried again the next time. */
export async function keepRetention(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { retention, clock, logger } = options;
  if (Object.keys(retention).length === 0) return;
  for (let wait = FIRST_MS; ; wait = EVERY_MS) {
    try {
      await sleep(clock, wait, signal);
      await pruneOnce(options, signal);
    } catch (error) {
      if (signal.aborted || (isStoreError(error) && error.code === 'closed')) return;
      logger.error({ err: error }, 'what is too old could not be deleted; trying again later');
    }
  }
}

/** Deletes everything that is too old now. Rejects with what the store or the disk says, and with the signal's reason. */
export async function pruneOnce(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { retention, store, files, clock, logger, metrics } = options;
  const now = clock.now();
  const gone: Record<string, number> = {};
  const count = (kind: string, by: number) => {
    if (by === 0) return;
    gone[kind] = (gone[kind] ?? 0) + by;
    metrics.count('surfaces_pruned_total', { kind }, by);
  };
  try {
    const before = beforeOf(retention, now);
    for (let more = Object.keys(before).length > 0; more; ) {
      signal.throwIfAborted();
      const pruned: Pruned = await store.prune(before, BATCH);
      for (const [kind, by] of Object.entries(pruned)) count(kind, by);
      more = Object.values(pruned).some((by) => by >= BATCH);
      if (more) await sleep(clock, PAUSE_MS, signal);
    }
    if (retention.files !== undefined) {
      const { ids, since = now } = await store.neededFiles();
      count('files', await files.prune(Math.min(now - retention.files, since), new Set(ids), signal));
    }
  } finally {
    if (Object.keys(gone).length > 0) logger.info(gone, 'what was too old to keep was deleted');
  }
}

function beforeOf({ files: _, ...rows }: RetentionConfig, now: number): Retention {
  return Object.fromEntries(Object.entries(rows).map(([kind, age]) => [kind, now - age]));
}
