/** Worker side: everything about one person, to be read or to be deleted. */
import { and, asc, eq, gt, inArray, type SQL, sql } from 'drizzle-orm';
import type { Calls, PageCall } from './calls.ts';
import type { Tables } from './database.ts';
import {
  attachments,
  bindings,
  chats,
  confirmations,
  contexts,
  identities,
  journal,
  marks,
  operations,
  pendingEvents,
  persons,
  switches,
  timeline,
  turns,
} from './schema.ts';

const value = sql.placeholder;

/** Nobody but this person speaks at the address. */
const alone = (address: SQL) =>
  sql`NOT EXISTS (SELECT 1 FROM bindings AS theirs WHERE theirs.address = ${address} AND theirs.person <> ${value('person')})`;
/** What was said to or by the person; where nobody else speaks, also what nothing more is known of. */
const said = sql`(timeline.person = ${value('person')} OR (timeline.person IS NULL AND ${alone(sql`timeline.address`)}))`;
const places = sql`(SELECT address FROM bindings WHERE person = ${value('person')})`;

export function forgettingCalls(db: Tables): Pick<Calls, 'exportPage' | 'exportContexts' | 'deletePerson'> {
  const [place, after, limit] = [value('place'), value('after'), value('limit')];
  const pages = {
    turn: db
      .select()
      .from(turns)
      .where(and(eq(turns.chat, place), gt(turns.order, after)))
      .orderBy(asc(turns.order))
      .limit(limit)
      .prepare(),
    file: db
      .select()
      .from(attachments)
      .where(and(eq(attachments.chat, place), gt(attachments.order, after)))
      .orderBy(asc(attachments.order))
      .limit(limit)
      .prepare(),
    question: db
      .select()
      .from(confirmations)
      .where(and(eq(confirmations.chat, place), gt(confirmations.order, after)))
      .orderBy(asc(confirmations.order))
      .limit(limit)
      .prepare(),
    answer: db
      .select()
      .from(operations)
      .where(and(eq(operations.chat, place), gt(operations.seq, after)))
      .orderBy(asc(operations.seq))
      .limit(limit)
      .prepare(),
    timeline: db
      .select({ seq: timeline.seq, at: timeline.at, item: timeline.item })
      .from(timeline)
      .where(and(eq(timeline.address, place), gt(timeline.seq, after), said))
      .orderBy(asc(timeline.seq))
      .limit(limit)
      .prepare(),
  };
  const saved = db
    .select()
    .from(contexts)
    .where(eq(contexts.owner, value('person')))
    .orderBy(asc(contexts.order))
    .prepare();
  const owned = db
    .select({ agentId: chats.agentId, platformChatId: chats.platformChatId })
    .from(chats)
    .where(eq(chats.owner, value('person')))
    .orderBy(asc(chats.number))
    .prepare();

  const ownChats = db
    .select({ key: chats.key })
    .from(chats)
    .where(eq(chats.owner, value('person')));
  const ownTurns = db.select({ id: turns.id }).from(turns).where(inArray(turns.chat, ownChats));
  // What was accepted stays known, so that nothing comes twice.
  const deletions = [
    db
      .delete(timeline)
      .where(and(sql`timeline.address IN ${places}`, said))
      .prepare(),
    db
      .delete(marks)
      .where(and(sql`marks.address IN ${places}`, alone(sql`marks.address`)))
      .prepare(),
    db
      .delete(bindings)
      .where(eq(bindings.person, value('person')))
      .prepare(),
    db.delete(pendingEvents).where(inArray(pendingEvents.chat, ownChats)).prepare(),
    db.delete(journal).where(inArray(journal.turn, ownTurns)).prepare(),
    ...[confirmations, attachments, operations, switches, turns].map((table) =>
      db.delete(table).where(inArray(table.chat, ownChats)).prepare(),
    ),
    db
      .delete(contexts)
      .where(eq(contexts.owner, value('person')))
      .prepare(),
    db
      .delete(chats)
      .where(eq(chats.owner, value('person')))
      .prepare(),
    db
      .delete(identities)
      .where(eq(identities.person, value('person')))
      .prepare(),
    db
      .delete(persons)
      .where(eq(persons.id, value('person')))
      .prepare(),
  ];

  return {
    exportPage: ({ of, ...page }: PageCall) => pages[of].all({ ...page }),
    exportContexts: (person) => saved.all({ person }),
    deletePerson(person) {
      const forgotten = [
        ...owned.all({ person }),
        ...saved
          .all({ person })
          .flatMap(({ agentId, platformChatId }) =>
            platformChatId === null ? [] : [{ agentId, platformChatId }],
          ),
      ];
      for (const deletion of deletions) deletion.run({ person });
      return forgotten;
    },
  };
}
