/** Worker side: the timeline. */
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { Calls } from './calls.ts';
import type { Tables } from './database.ts';
import { timeline } from './schema.ts';

const value = sql.placeholder;
const columns = { seq: timeline.seq, at: timeline.at, item: timeline.item };

export function timelineCalls(db: Tables): Pick<Calls, 'appendTimeline' | 'readTimeline'> {
  const insert = db
    .insert(timeline)
    .values({ address: value('address'), at: value('at'), source: value('source'), item: value('item') })
    .onConflictDoNothing({ target: timeline.source })
    .prepare();
  const find = db
    .select({ seq: timeline.seq })
    .from(timeline)
    .where(eq(timeline.source, value('source')))
    .prepare();
  const between = and(
    eq(timeline.address, value('address')),
    gt(timeline.seq, value('after')),
    lt(timeline.seq, value('before')),
  );
  const first = db
    .select(columns)
    .from(timeline)
    .where(between)
    .orderBy(asc(timeline.seq))
    .limit(value('limit'))
    .prepare();
  const last = db
    .select(columns)
    .from(timeline)
    .where(between)
    .orderBy(desc(timeline.seq))
    .limit(value('limit'))
    .prepare();

  return {
    appendTimeline({ operationId, ...entry }) {
      const source = `o${operationId}`;
      const { changes, lastInsertRowid } = insert.run({ ...entry, source });
      if (changes > 0) return { seq: Number(lastInsertRowid), fresh: true };
      return { seq: find.get({ source })?.seq ?? 0, fresh: false };
    },
    readTimeline({ address, after, before, limit }) {
      const range = { address, after: after ?? 0, before: before ?? Number.MAX_SAFE_INTEGER, limit };
      return after === null ? last.all(range).reverse() : first.all(range);
    },
  };
}
