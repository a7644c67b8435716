/** Worker side: files on their way from people to agents. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Calls, FileRow, NewFile, TurnRow, WholeTurn } from './calls.ts';
import type { Tables } from './database.ts';
import { newId } from './new-id.ts';
import { attachments, turns } from './schema.ts';

const value = sql.placeholder;

export interface Filing {
  add(files: readonly NewFile[], place: FilePlace, turn: string | null): void;
  /** What this person's waiting files of a chat become: this turn's. */
  take(chat: string, person: string, turn: string): FileRow[];
  /** What could not be had is tried again. */
  copy(chat: string, from: string, to: string): void;
  waiting(chat: string): number;
  /** The chat has another agent, in whose workspace its files are not. */
  lose(chat: string): void;
  whole(turn: TurnRow): WholeTurn;
}

interface FilePlace {
  readonly chat: string;
  readonly person: string;
  readonly account: string;
  readonly address: string;
}

export function fileKeeper(db: Tables): Filing {
  const insert = db
    .insert(attachments)
    .values({
      id: value('id'),
      chat: value('chat'),
      turn: value('turn'),
      person: value('person'),
      account: value('account'),
      address: value('address'),
      ref: value('ref'),
      name: value('name'),
      mediaType: value('mediaType'),
      size: value('size'),
      state: value('state'),
      path: value('path'),
    })
    .prepare();
  const ofTurn = db
    .select()
    .from(attachments)
    .where(and(eq(attachments.chat, value('chat')), eq(attachments.turn, value('turn'))))
    .orderBy(asc(attachments.order))
    .prepare();
  const count = db
    .select({ count: sql<number>`count(*)` })
    .from(attachments)
    .where(and(eq(attachments.chat, value('chat')), isNull(attachments.turn)))
    .prepare();
  const take = db
    .update(attachments)
    .set({ turn: sql`${value('turn')}` })
    .where(
      and(
        eq(attachments.chat, value('chat')),
        isNull(attachments.turn),
        eq(attachments.person, value('person')),
      ),
    )
    .prepare();
  const lose = db
    .update(attachments)
    .set({ state: 'incoming', path: null })
    .where(and(eq(attachments.chat, value('chat')), eq(attachments.state, 'saved')))
    .prepare();

  return {
    add(files, place, turn) {
      for (const file of files) insert.run({ ...place, ...file, turn, state: 'incoming', path: null });
    },
    take(chat, person, turn) {
      take.run({ chat, person, turn });
      return ofTurn.all({ chat, turn });
    },
    copy(chat, from, to) {
      for (const row of ofTurn.all({ chat, turn: from })) {
        insert.run({ ...row, id: newId(), turn: to, state: row.state === 'failed' ? 'incoming' : row.state });
      }
    },
    waiting: (chat) => count.get({ chat })?.count ?? 0,
    lose(chat) {
      lose.run({ chat });
    },
    whole: (turn) => ({ turn, files: ofTurn.all({ chat: turn.chat, turn: turn.id }) }),
  };
}

export function fileCalls(
  db: Tables,
): Pick<Calls, 'waitingFiles' | 'removeFiles' | 'settleFile' | 'countFiles'> {
  const waiting = db
    .select()
    .from(attachments)
    .where(
      and(
        eq(attachments.chat, value('chat')),
        isNull(attachments.turn),
        eq(attachments.person, value('person')),
      ),
    )
    .orderBy(asc(attachments.order))
    .prepare();
  const remove = db
    .delete(attachments)
    .where(eq(attachments.order, value('order')))
    .prepare();
  const settle = db
    .update(attachments)
    .set({
      state: sql`${value('state')}`,
      path: sql`${value('path')}`,
      size: sql`coalesce(${value('size')}, ${attachments.size})`,
      error: sql`${value('error')}`,
    })
    .where(and(eq(attachments.id, value('id')), eq(attachments.state, 'incoming')))
    .prepare();
  // A turn that was tried again gave the same file.
  const given = db
    .select({ count: sql<number>`count(DISTINCT ${attachments.path})` })
    .from(attachments)
    .innerJoin(turns, eq(turns.id, attachments.turn))
    .where(
      and(
        eq(attachments.chat, value('chat')),
        eq(attachments.state, 'saved'),
        sql`${turns.acceptedAt} >= (SELECT context_since FROM chats WHERE key = ${value('chat')})`,
      ),
    )
    .prepare();

  return {
    waitingFiles: (call) => waiting.all({ ...call }),
    removeFiles({ chat, person, ids }) {
      const gone = waiting.all({ chat, person }).filter(({ id }) => ids.includes(id));
      for (const { order } of gone) remove.run({ order });
      return gone;
    },
    settleFile(call) {
      settle.run({ ...call });
      return null;
    },
    countFiles: (chat) => given.get({ chat })?.count ?? 0,
  };
}
