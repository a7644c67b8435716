/** The longer questions to the memory tables. */
import type { Address } from '@surfaces/protocol';
import type { Confirmation, Decision, Recovery, Store } from '../ports/store.ts';
import type { ConfirmationRow, MemoryTables } from './memory-database.ts';

type DecideInput = Parameters<Store['decide']>[0];

/** Who may not answer learns nothing of the decision, so that is asked first. */
export function decideInMemory(tables: MemoryTables, input: DecideInput): Decision {
  const ofChat = tables.confirmations.filter((one) => one.confirmation.chat === input.chat);
  const row =
    ofChat.find((one) => one.confirmation.decidedBy === input.by) ?? findConfirmation(ofChat, input);
  if (row === undefined) return { outcome: 'not_found' };
  const { confirmation } = row;
  if (confirmation.person !== input.person) return { outcome: 'not_allowed' };
  if (confirmation.decision !== undefined) return { outcome: 'already_decided', confirmation };
  if (row.ended || (!input.onExpiry && confirmation.expiresAt <= input.now)) return { outcome: 'expired' };
  const decision = chosen(confirmation, input.choose);
  if (decision === undefined) return { outcome: 'not_found' };
  row.confirmation = { ...confirmation, decision, decidedBy: input.by };
  return { outcome: 'decided', confirmation: row.confirmation };
}

function findConfirmation(
  ofChat: readonly ConfirmationRow[],
  input: DecideInput,
): ConfirmationRow | undefined {
  if (input.token !== undefined) return ofChat.find((row) => row.confirmation.token === input.token);
  const pending = ofChat.filter(
    ({ ended, confirmation: { decision, askedAt } }) =>
      !ended && decision === undefined && askedAt <= input.now,
  );
  return pending.findLast((row) => row.confirmation.expiresAt > input.now) ?? pending.at(-1);
}

function chosen({ options }: Confirmation, choose: DecideInput['choose']): string | undefined {
  return 'option' in choose
    ? options.find((option) => option.id === choose.option)?.id
    : options.find((option) => option.kind === choose.kind)?.id;
}

export function recoverFromMemory(tables: MemoryTables, accounts: Parameters<Store['recover']>[0]): Recovery {
  const ours = ({ surface, account }: Pick<Address, 'surface' | 'account'>) =>
    accounts.some((one) => one.surface === surface && one.account === account);
  const turns = [...tables.turns.values()].filter((row) => ours(row.turn.address));
  const expired = turns.filter((row) => !row.noted);
  const unnoted = [...new Set(expired.map((row) => row.turn.chat))];
  const chatAndPerson = (key: Parameters<MemoryTables['chatRow']>[0]) => {
    const { chat } = tables.chatRow(key);
    return { chat, person: tables.person(chat.owner) };
  };
  return {
    turns: turns
      .filter((row) => row.turn.state !== 'finished')
      .map((row) => ({
        chat: tables.chatRow(row.turn.chat).chat,
        person: tables.person(row.turn.person),
        turn: tables.turn(row),
        events: [...row.journal.values()].sort((a, b) => a.seq - b.seq),
      })),
    operations: [...tables.operations.values()]
      .filter(({ state, address }) => (state === 'pending' || state === 'sending') && ours(address))
      .sort((a, b) => a.seq - b.seq),
    events: [...tables.inbox.values()].flatMap(({ id, acceptedAt, pending }) =>
      pending && ours(pending.event)
        ? [
            {
              pending: { id, event: pending.event, acceptedAt },
              chat: tables.chatRow(pending.chat).chat,
              person: tables.person(pending.person),
            },
          ]
        : [],
    ),
    unnoted: unnoted.map(chatAndPerson),
    files: tables.files
      .filter(({ file, turn }) => turn === undefined && file.state === 'incoming' && ours(file.address))
      .map(({ file }) => ({
        file,
        chat: tables.chatRow(file.chat).chat,
        person: tables.person(file.person),
      })),
  };
}
