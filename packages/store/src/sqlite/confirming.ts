/** Worker side: confirmations. */
import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Calls, ConfirmationRow, DecideCall } from './calls.ts';
import type { Tables } from './database.ts';
import { CallFailure } from './failure.ts';
import { confirmations, turns } from './schema.ts';
import type { CheckLease } from './turning.ts';

const value = sql.placeholder;

export function confirmationCalls(db: Tables, check: CheckLease): Pick<Calls, 'openConfirmation' | 'decide'> {
  const known = db
    .select()
    .from(confirmations)
    .where(and(eq(confirmations.turn, value('turn')), eq(confirmations.id, value('id'))))
    .prepare();
  // Whether its turn goes on is read from the turn: finishing one ends its confirmations by itself.
  const unfinished = sql<number>`${turns.state} <> 'finished'`;
  const byToken = db
    .select({ row: confirmations, open: unfinished })
    .from(confirmations)
    .innerJoin(turns, eq(turns.id, confirmations.turn))
    .where(and(eq(confirmations.chat, value('chat')), eq(confirmations.token, value('token'))))
    .prepare();
  const bySame = db
    .select({ row: confirmations, open: unfinished })
    .from(confirmations)
    .innerJoin(turns, eq(turns.id, confirmations.turn))
    .where(and(eq(confirmations.chat, value('chat')), eq(confirmations.decidedBy, value('by'))))
    .prepare();
  const newest = db
    .select({ row: confirmations, open: unfinished })
    .from(confirmations)
    .innerJoin(turns, eq(turns.id, confirmations.turn))
    .where(
      and(
        eq(confirmations.chat, value('chat')),
        sql`decision IS NULL`,
        sql`${confirmations.askedAt} <= ${value('now')}`,
        unfinished,
      ),
    )
    .orderBy(desc(sql`${confirmations.expiresAt} > ${value('now')}`), desc(confirmations.order))
    .limit(1)
    .prepare();
  const decide = db
    .update(confirmations)
    .set({ decision: sql`${value('decision')}`, decidedBy: sql`${value('by')}` })
    .where(and(eq(confirmations.order, value('order')), isNull(confirmations.decision)))
    .prepare();

  return {
    openConfirmation({ row, ...call }) {
      const { state } = check(call);
      const before = known.get({ turn: row.turn, id: row.id });
      if (before !== undefined) return before;
      if (state === 'finished') throw new CallFailure('conflict', `turn ${call.turn} is finished`);
      return db.insert(confirmations).values(row).returning().get();
    },
    /** Who may not answer learns nothing of the decision, so that is asked first. */
    decide(call) {
      const { chat, token, by, now } = call;
      const found =
        bySame.get({ chat, by }) ??
        (token === null ? newest.get({ chat, now }) : byToken.get({ chat, token }));
      if (found === undefined) return { outcome: 'not_found' };
      const { row, open } = found;
      if (row.person !== call.person) return { outcome: 'not_allowed' };
      if (row.decision !== null) return { outcome: 'already_decided', row };
      if (!open || (!call.onExpiry && row.expiresAt <= now)) return { outcome: 'expired' };
      const decision = chosen(row, call);
      if (decision === undefined) return { outcome: 'not_found' };
      decide.run({ order: row.order, decision, by });
      return { outcome: 'decided', row: { ...row, decision, decidedBy: by } };
    },
  };
}

function chosen(row: ConfirmationRow, { option, kind }: DecideCall): string | undefined {
  // Written by this package, as the port's options.
  const options = JSON.parse(row.options) as readonly { readonly id: string; readonly kind: string }[];
  return options.find((one) => (option === null ? one.kind === kind : one.id === option))?.id;
}
