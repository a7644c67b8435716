/** Confirmations. */
import { type Store, StoreError } from '@surfaces/core';
import { and, desc, eq, isNull, lte, ne, type SQL, sql } from 'drizzle-orm';
import { toConfirmation } from '../domain.ts';
import { type Database, lockOne, type Tables } from './database.ts';
import { confirmations, turns } from './schema.ts';

type ConfirmationRow = typeof confirmations.$inferSelect;

type DecideInput = Parameters<Store['decide']>[0];

export function confirmationCalls(db: Database): Pick<Store, 'openConfirmation' | 'decide'> {
  return {
    openConfirmation: (lease, { options, ...asked }) =>
      db.write(async (tables) => {
        const { rows } = await tables.execute<{ state: string }>(
          sql`SELECT leased(${lease.chat}, ${lease.generation}, ${asked.turn}) AS state`,
        );
        const [before] = await tables
          .select()
          .from(confirmations)
          .where(and(eq(confirmations.turn, asked.turn), eq(confirmations.id, asked.id)));
        if (before !== undefined) return toConfirmation(before);
        if (rows[0]?.state === 'finished') throw new StoreError('conflict', `turn ${asked.turn} is finished`);
        const [row] = await tables
          .insert(confirmations)
          .values({ ...asked, options: JSON.stringify(options) })
          .returning();
        if (row === undefined) throw new StoreError('failed', 'a confirmation was not inserted');
        return toConfirmation(row);
      }),

    /** Who may not answer learns nothing of the decision, so that is asked first. */
    decide: (input) =>
      db.write(async (tables) => {
        // Nobody finishes the turn, or decides the same, between the question and the decision.
        await lockOne(tables, 'chat', input.chat);
        const found = await find(tables, input);
        if (found === undefined) return { outcome: 'not_found' };
        const { row, open } = found;
        if (row.person !== input.person) return { outcome: 'not_allowed' };
        if (row.decision !== null) return { outcome: 'already_decided', confirmation: toConfirmation(row) };
        if (!open || (!input.onExpiry && row.expiresAt <= input.now)) return { outcome: 'expired' };
        const decision = chosen(row, input.choose);
        if (decision === undefined) return { outcome: 'not_found' };
        const [decided] = await tables
          .update(confirmations)
          .set({ decision, decidedBy: input.by })
          .where(and(eq(confirmations.order, row.order), isNull(confirmations.decision)))
          .returning();
        if (decided === undefined) throw new StoreError('failed', 'a decision was not stored');
        return { outcome: 'decided', confirmation: toConfirmation(decided) };
      }),
  };
}

// Whether its turn goes on is read from the turn: finishing one ends its confirmations by itself.
const open = sql<boolean>`${turns.state} <> 'finished'`;

async function find(tables: Tables, { chat, token, by, now }: DecideInput) {
  const one = async (...conditions: (SQL | undefined)[]) => {
    const rows = await tables
      .select({ row: confirmations, open })
      .from(confirmations)
      .innerJoin(turns, eq(turns.id, confirmations.turn))
      .where(and(eq(confirmations.chat, chat), ...conditions))
      .orderBy(desc(sql`${confirmations.expiresAt} > ${now}`), desc(confirmations.order))
      .limit(1);
    return rows[0];
  };
  const same = await one(eq(confirmations.decidedBy, by));
  if (same !== undefined) return same;
  if (token !== undefined) return await one(eq(confirmations.token, token));
  return await one(
    isNull(confirmations.decision),
    lte(confirmations.askedAt, now),
    ne(turns.state, 'finished'),
  );
}

function chosen(row: ConfirmationRow, choose: DecideInput['choose']): string | undefined {
  // Written by this package, as the port's options.
  const options = JSON.parse(row.options) as readonly { readonly id: string; readonly kind: string }[];
  const wanted = (one: { readonly id: string; readonly kind: string }) =>
    'option' in choose ? one.id === choose.option : one.kind === choose.kind;
  return options.find(wanted)?.id;
}
