/** Saved contexts, and files on their way to an agent. */
import { type Store, StoreError } from '@surfaces/core';
import { and, asc, eq, or, sql } from 'drizzle-orm';
import { toAttachment, toContext } from '../domain.ts';
import { lockPerson } from './chatting.ts';
import { anyOf, type Database } from './database.ts';
import { chats, contexts, files, turns } from './schema.ts';

type Own = 'saveContext' | 'savedContexts' | 'waitingFiles' | 'removeFiles' | 'settleFile' | 'countFiles';

export function filingCalls(db: Database): Pick<Store, Own> {
  return {
    saveContext: (context) =>
      db.write(async (tables) => {
        const { id, owner, agentId, savedAt, source } = context;
        await lockPerson(tables, owner);
        const [before] = await tables.select().from(contexts).where(eq(contexts.id, id));
        if (before !== undefined) {
          if (before.owner === owner) return toContext(before);
          throw new StoreError('conflict', `there is a context ${id} already`);
        }
        const others = await tables
          .select({ name: contexts.name })
          .from(contexts)
          .where(and(eq(contexts.owner, owner), eq(contexts.agentId, agentId)));
        const name = freeName(context.name, new Set(others.map((one) => one.name)));
        const { kind: _, ...columns } = source;
        await tables.insert(contexts).values({ id, owner, agentId, name, savedAt, ...columns });
        return { ...context, name };
      }),
    async savedContexts(owner, agentId) {
      const rows = await db.read((tables) =>
        tables
          .select({ context: contexts })
          .from(contexts)
          .leftJoin(turns, eq(turns.id, contexts.turn))
          .where(
            and(
              eq(contexts.owner, owner),
              eq(contexts.agentId, agentId),
              // A turn that is too old to be kept was answered, or its notes would be gone too.
              or(sql`${turns.id} IS NULL`, eq(turns.outcome, 'answered')),
            ),
          )
          .orderBy(asc(contexts.order)),
      );
      return rows.map(({ context }) => toContext(context));
    },

    async waitingFiles(chat, person) {
      const rows = await db.read((tables) =>
        tables
          .select()
          .from(files)
          .where(and(eq(files.chat, chat), eq(files.person, person), sql`turn IS NULL`))
          .orderBy(asc(files.order)),
      );
      return rows.map(toAttachment);
    },
    async removeFiles(chat, person, ids) {
      if (ids.length === 0) return [];
      const rows = await db.read((tables) =>
        tables
          .delete(files)
          .where(and(eq(files.chat, chat), eq(files.person, person), sql`turn IS NULL`, anyOf(files.id, ids)))
          .returning(),
      );
      return rows.sort((a, b) => a.order - b.order).map(toAttachment);
    },
    async settleFile(id, result) {
      await db.read((tables) =>
        tables
          .update(files)
          .set(result)
          .where(and(eq(files.id, id), eq(files.state, 'incoming'))),
      );
    },
    async countFiles(chat) {
      return await db.read(async (tables) => {
        const [known] = await tables
          .select({ since: chats.contextSince })
          .from(chats)
          .where(eq(chats.key, chat));
        if (known === undefined) throw new StoreError('conflict', `there is no chat ${chat}`);
        const [row] = await tables
          // A turn that was tried again gave the same file.
          .select({ count: sql<string>`count(DISTINCT ${files.path})` })
          .from(files)
          .innerJoin(turns, eq(turns.id, files.turn))
          .where(
            and(eq(files.chat, chat), eq(files.state, 'saved'), sql`${turns.acceptedAt} >= ${known.since}`),
          );
        return Number(row?.count ?? 0);
      });
    },
  };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name} (${number})`;
  return free;
}
