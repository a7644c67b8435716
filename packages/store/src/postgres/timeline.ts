/** What was said at an address. */
import type { PlaceSummary, Timeline, TimelineItem } from '@surfaces/core';
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { placeKey } from './domain.ts';
import { marks, timeline } from './schema.ts';

interface Shown {
  readonly seq: number;
  readonly fresh: boolean;
}

export function postgresTimeline(db: Database): Timeline {
  return {
    append(address, operationId, message, at) {
      const key = placeKey(address);
      const item: TimelineItem = { by: 'bot', operationId, message };
      const source = `o${operationId}`;
      const args = [key, at, source, JSON.stringify(item), null, operationId];
      return db.inOrder(`address ${key}`, async () => {
        const { answer, repeated } = await db.callUnsure('append_timeline', args, `show ${source}`);
        // Written by that function.
        const { seq, fresh } = answer as Shown;
        return { seq, fresh: fresh || repeated };
      });
    },
    async read(address, { after, before, limit }) {
      const rows = await db.read((tables) =>
        tables
          .select({ seq: timeline.seq, at: timeline.at, item: timeline.item })
          .from(timeline)
          .where(
            and(
              eq(timeline.address, placeKey(address)),
              ...(after === undefined ? [] : [gt(timeline.seq, after)]),
              ...(before === undefined ? [] : [lt(timeline.seq, before)]),
            ),
          )
          .orderBy(after === undefined ? desc(timeline.seq) : asc(timeline.seq))
          .limit(limit),
      );
      if (after === undefined) rows.reverse();
      // Written above, or by `accept`, from the same type.
      return rows.map((row) => ({ ...row, item: JSON.parse(row.item) as TimelineItem }));
    },
    async summaries(addresses) {
      if (addresses.length === 0) return [];
      const keys = addresses.map(placeKey);
      const rows = await db.read(async (tables) => {
        const found = await tables.execute<Record<keyof PlaceSummary, string>>(sql`
          SELECT coalesce(newest.seq, 0) AS "last", coalesce(newest.at, 0) AS "at",
                 coalesce(other.seq, 0) AS "lastOther", coalesce(marks.seq, 0) AS "read"
            FROM unnest(ARRAY[${sql.join(
              keys.map((key) => sql`${key}`),
              sql`, `,
            )}]::text[])
              WITH ORDINALITY AS asked (address, place)
            LEFT JOIN LATERAL (
              SELECT seq, at FROM timeline WHERE address = asked.address ORDER BY seq DESC LIMIT 1
            ) AS newest ON true
            LEFT JOIN LATERAL (
              SELECT seq FROM timeline WHERE address = asked.address AND NOT own ORDER BY seq DESC LIMIT 1
            ) AS other ON true
            LEFT JOIN marks ON marks.address = asked.address
           ORDER BY asked.place`);
        return found.rows;
      });
      return rows.map((row) => ({
        last: Number(row.last),
        at: Number(row.at),
        lastOther: Number(row.lastOther),
        read: Number(row.read),
      }));
    },
    async markRead(address, seq) {
      await db.read((tables) =>
        tables
          .insert(marks)
          .values({ address: placeKey(address), seq })
          .onConflictDoUpdate({
            target: marks.address,
            set: { seq: sql`greatest(marks.seq, excluded.seq)` },
          }),
      );
    },
  };
}
