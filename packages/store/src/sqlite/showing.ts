/** Worker side: the timeline. */
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { Calls } from './calls.ts';
import type { Tables } from './database.ts';
import { marks, timeline } from './schema.ts';

const value = sql.placeholder;
const columns = { seq: timeline.seq, at: timeline.at, item: timeline.item };

export function timelineCalls(
  db: Tables,
): Pick<Calls, 'appendTimeline' | 'readTimeline' | 'summaries' | 'markRead'> {
  const insert = db
    .insert(timeline)
    .values({
      address: value('address'),
      at: value('at'),
      source: value('source'),
      item: value('item'),
      person: sql`(SELECT owner FROM chats JOIN operations ON operations.chat = chats.key WHERE operations.id = ${value('operationId')})`,
    })
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
  const newest = db
    .select({ seq: timeline.seq, at: timeline.at })
    .from(timeline)
    .where(eq(timeline.address, value('address')))
    .orderBy(desc(timeline.seq))
    .limit(1)
    .prepare();
  const newestOther = db
    .select({ seq: timeline.seq })
    .from(timeline)
    .where(and(eq(timeline.address, value('address')), sql`substr(source, 1, 1) = 'o'`))
    .orderBy(desc(timeline.seq))
    .limit(1)
    .prepare();
  const marked = db
    .select({ seq: marks.seq })
    .from(marks)
    .where(eq(marks.address, value('address')))
    .prepare();
  const mark = db
    .insert(marks)
    .values({ address: value('address'), seq: value('seq') })
    .onConflictDoUpdate({ target: marks.address, set: { seq: sql`max(${marks.seq}, excluded.seq)` } })
    .prepare();

  return {
    summaries: (addresses) =>
      addresses.map((address) => {
        const last = newest.get({ address });
        return {
          last: last?.seq ?? 0,
          at: last?.at ?? 0,
          lastOther: newestOther.get({ address })?.seq ?? 0,
          read: marked.get({ address })?.seq ?? 0,
        };
      }),
    markRead(call) {
      mark.run({ ...call });
      return null;
    },
    appendTimeline({ operationId, ...entry }) {
      const source = `o${operationId}`;
      const { changes, lastInsertRowid } = insert.run({ ...entry, source, operationId });
      if (changes > 0) return { seq: Number(lastInsertRowid), fresh: true };
      return { seq: find.get({ source })?.seq ?? 0, fresh: false };
    },
    readTimeline({ address, after, before, limit }) {
      const range = { address, after: after ?? 0, before: before ?? Number.MAX_SAFE_INTEGER, limit };
      return after === null ? last.all(range).reverse() : first.all(range);
    },
  };
}
