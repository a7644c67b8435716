/** Worker side: what is too old goes, and who is there. */
import { and, asc, eq, gt, inArray, lt, sql } from 'drizzle-orm';
import type { Calls } from './calls.ts';
import type { Tables } from './database.ts';
import {
  attachments,
  confirmations,
  contexts,
  identities,
  inbox,
  operations,
  persons,
  switches,
  timeline,
  turns,
} from './schema.ts';

const value = sql.placeholder;

export function careCalls(db: Tables): Pick<Calls, 'prune' | 'neededFiles' | 'findPersons'> {
  // The event of what is unfinished must stay known, or it would be done twice.
  const oldest = db
    .select({
      turn: sql<number | null>`(SELECT min(accepted_at) FROM turns WHERE state <> 'finished')`,
      event: sql<number | null>`(SELECT min(accepted_at) FROM pending_events)`,
    })
    .from(sql`(SELECT 1)`)
    .prepare();
  const page = { before: value('before'), limit: value('limit') };
  const pruneInbox = db
    .delete(inbox)
    .where(
      inArray(
        inbox.key,
        db
          .select({ key: inbox.key })
          .from(inbox)
          .where(lt(inbox.acceptedAt, page.before))
          .orderBy(asc(inbox.acceptedAt))
          .limit(page.limit),
      ),
    )
    .prepare();
  const pruneSwitches = db
    .delete(switches)
    .where(
      sql`rowid IN (SELECT rowid FROM switches WHERE at < ${page.before} ORDER BY at LIMIT ${page.limit})`,
    )
    .prepare();
  const oldTurns = db
    .select({ id: turns.id, chat: turns.chat, outcome: turns.outcome })
    .from(turns)
    .where(
      and(
        // Literal, as in the index.
        sql`state = 'finished' AND NOT unnoted`,
        lt(turns.acceptedAt, page.before),
        sql`turns.id NOT IN (SELECT turn FROM operations WHERE state IN ('pending', 'sending') AND turn IS NOT NULL)`,
      ),
    )
    .orderBy(asc(turns.acceptedAt))
    .limit(page.limit)
    .prepare();
  const dropNotes = db
    .delete(contexts)
    .where(eq(contexts.turn, value('turn')))
    .prepare();
  const dropQuestions = db
    .delete(confirmations)
    .where(eq(confirmations.turn, value('turn')))
    .prepare();
  const dropFiles = db
    .delete(attachments)
    .where(and(eq(attachments.chat, value('chat')), eq(attachments.turn, value('turn'))))
    .prepare();
  const dropTurn = db
    .delete(turns)
    .where(eq(turns.id, value('turn')))
    .prepare();
  const pruneOperations = (state: 'sent' | 'dead') =>
    db
      .delete(operations)
      .where(
        inArray(
          operations.seq,
          db
            .select({ seq: operations.seq })
            .from(operations)
            // Literal, as in the index.
            .where(and(sql.raw(`state = '${state}'`), lt(operations.createdAt, page.before)))
            .orderBy(asc(operations.createdAt))
            .limit(page.limit),
        ),
      )
      .prepare();
  const pruneSent = pruneOperations('sent');
  const pruneDead = pruneOperations('dead');
  const pruneTimeline = db
    .delete(timeline)
    .where(
      inArray(
        timeline.seq,
        db
          .select({ seq: timeline.seq })
          .from(timeline)
          .where(lt(timeline.at, page.before))
          .orderBy(asc(timeline.at))
          .limit(page.limit),
      ),
    )
    .prepare();

  // The states are literal, as in the indexes.
  const needed = db
    .select({ id: sql<string | null>`needed.id` })
    .from(
      sql`(SELECT ref AS id FROM attachments WHERE turn IS NULL
           UNION ALL SELECT attachments.ref FROM turns JOIN attachments
             ON attachments.chat = turns.chat AND attachments.turn = turns.id WHERE turns.state <> 'finished'
           UNION ALL SELECT json_extract(message, '$.file.id') FROM operations WHERE state IN ('pending', 'sending')
           UNION ALL SELECT json_extract(message, '$.file.id') FROM operations WHERE state = 'dead') AS needed`,
    )
    .where(sql`needed.id IS NOT NULL`)
    .prepare();

  const found = db
    .select({ id: persons.id, name: persons.name, chats: persons.chats })
    .from(persons)
    .where(
      and(gt(persons.id, value('after')), sql`(${value('id')} IS NULL OR ${persons.id} = ${value('id')})`),
    )
    .orderBy(asc(persons.id))
    .limit(value('limit'))
    .prepare();
  const byIdentity = db
    .select({ person: identities.person })
    .from(identities)
    .where(and(eq(identities.surface, value('surface')), eq(identities.externalId, value('externalId'))))
    .prepare();
  const identitiesOf = db
    .select({ surface: identities.surface, externalId: identities.externalId })
    .from(identities)
    .where(eq(identities.person, value('person')))
    .orderBy(asc(identities.surface), asc(identities.externalId))
    .prepare();

  const dropTurns = (before: number, limit: number): number => {
    const gone = oldTurns.all({ before, limit });
    for (const { id: turn, chat, outcome } of gone) {
      if (outcome !== 'answered') dropNotes.run({ turn });
      dropQuestions.run({ turn });
      dropFiles.run({ chat, turn });
      dropTurn.run({ turn });
    }
    return gone.length;
  };

  return {
    prune({ limit, ...before }) {
      const { turn, event } = oldest.get() ?? { turn: null, event: null };
      const pruned = { inbox: 0, turns: 0, operations: 0, deadLetters: 0, timeline: 0 };
      if (before.inbox !== null) {
        const known = Math.min(before.inbox, turn ?? before.inbox, event ?? before.inbox);
        pruned.inbox = pruneInbox.run({ before: known, limit }).changes;
        pruneSwitches.run({ before: known, limit });
      }
      if (before.finished !== null) {
        pruned.turns = dropTurns(before.finished, limit);
        pruned.operations = pruneSent.run({ before: before.finished, limit }).changes;
      }
      if (before.deadLetters !== null) {
        pruned.deadLetters = pruneDead.run({ before: before.deadLetters, limit }).changes;
      }
      if (before.timeline !== null) {
        pruned.timeline = pruneTimeline.run({ before: before.timeline, limit }).changes;
      }
      return pruned;
    },
    neededFiles() {
      const ids = needed.all().flatMap(({ id }) => id ?? []);
      return { ids, since: oldest.get()?.turn ?? null };
    },
    findPersons({ surface, externalId, ...query }) {
      let { id } = query;
      if (surface !== null) {
        const wanted = byIdentity.get({ surface, externalId })?.person;
        if (wanted === undefined || (id !== null && id !== wanted)) return [];
        id = wanted;
      }
      return found
        .all({ ...query, id })
        .map((row) => ({ ...row, identities: identitiesOf.all({ person: row.id }) }));
    },
  };
}
