/** Leases, turns, operations and confirmations in memory. */
import type { ChatKey, OperationId, TurnId } from '@surfaces/protocol';
import {
  type Confirmation,
  type Lease,
  type NewOperation,
  type Operation,
  StoreError,
} from '../ports/index.ts';
import { acceptInMemory } from './memory-accepting.ts';
import {
  type Calls,
  type MemoryProcess,
  type MemoryTables,
  newTurnIds,
  type TurnRow,
} from './memory-database.ts';
import { decideInMemory, recoverFromMemory } from './memory-queries.ts';

type Own =
  | 'accept'
  | 'completeEvent'
  | 'claimAccount'
  | 'claimChat'
  | 'startTurn'
  | 'appendEvents'
  | 'restartJournal'
  | 'rememberPreview'
  | 'commitFinal'
  | 'queueTurn'
  | 'retryTurn'
  | 'noteExpired'
  | 'openConfirmation'
  | 'decide'
  | 'lastTurns'
  | 'recover';

export function turnCalls(
  tables: MemoryTables,
  process: MemoryProcess,
  clock: () => number,
): Pick<Calls, Own> {
  /** The turn, which must be of the leased chat. */
  const leased = (lease: Lease, turn: TurnId): TurnRow => {
    if (tables.chats.get(lease.chat)?.generation !== lease.generation) {
      throw new StoreError('lease_lost', `another process works on chat ${lease.chat}`);
    }
    const row = tables.turnRow(turn);
    if (row.turn.chat !== lease.chat) throw new StoreError('conflict', `turn ${turn} is of another chat`);
    return row;
  };
  const madeBy = (chat: ChatKey, by: string) => tables.turnsOf(chat).find((row) => row.by === by);

  return {
    accept: (input) => acceptInMemory(tables, input),
    completeEvent(pendingId, replies) {
      const row = [...tables.inbox.values()].find(({ id }) => id === pendingId);
      if (!row?.pending) return [];
      const operations = tables.addOperations(replies, clock());
      row.pending = undefined;
      return operations;
    },

    claimAccount(surface, account) {
      const key = `${surface}/${account}`;
      const holder = tables.accounts.get(key);
      if (holder !== undefined && holder !== process && holder.state === 'live') {
        throw new StoreError('lease_lost', `process ${holder.id} receives for ${key}`);
      }
      tables.accounts.set(key, process);
    },
    claimChat(chat) {
      const row = tables.chatRow(chat);
      if (row.holder !== process) {
        if (row.holder?.state === 'live') {
          throw new StoreError('lease_lost', `process ${row.holder.id} works on chat ${chat}`);
        }
        row.holder = process;
        row.generation += 1;
      }
      return { chat, generation: row.generation };
    },

    startTurn(lease, turn) {
      const row = leased(lease, turn);
      if (row.turn.state === 'finished') throw new StoreError('conflict', `turn ${turn} is finished`);
      row.turn = { ...row.turn, state: 'running' };
    },
    appendEvents(lease, turn, events) {
      const row = leased(lease, turn);
      if (row.turn.state === 'queued') throw new StoreError('conflict', `turn ${turn} was not started`);
      if (row.turn.state === 'finished') return;
      for (const event of events) {
        if (!row.journal.has(event.seq)) row.journal.set(event.seq, structuredClone(event));
      }
    },
    restartJournal(lease, turn) {
      leased(lease, turn).journal.clear();
      tables.confirmations = tables.confirmations.filter(
        ({ confirmation }) => confirmation.turn !== turn || confirmation.decision !== undefined,
      );
    },
    rememberPreview(lease, turn, previewMessageId) {
      const row = leased(lease, turn);
      row.turn = { ...row.turn, previewMessageId };
    },
    commitFinal(lease, turn, outcome, operations, usage) {
      const row = leased(lease, turn);
      if (row.turn.state === 'finished') return [];
      const committed = tables.addOperations(operations, clock());
      row.turn = { ...row.turn, state: 'finished', outcome };
      row.noted = outcome !== 'expired';
      row.journal.clear();
      for (const confirmation of tables.confirmations) {
        if (confirmation.confirmation.turn === turn) confirmation.ended = true;
      }
      const chat = tables.chatRow(lease.chat);
      chat.chat = { ...chat.chat, tokens: chat.chat.tokens + (usage?.tokens ?? 0) };
      return committed;
    },
    queueTurn({ chat, person, text, by, address, now, queueLimit }) {
      // A retry has keys of its own.
      const key = `queued ${by}`;
      const made = madeBy(tables.chatRow(chat).chat.key, key);
      if (made !== undefined) return tables.turn(made);
      if (tables.unfinishedOf(chat) >= queueLimit) return 'queue_full';
      const base = {
        ...newTurnIds(),
        chat,
        person: tables.person(person).id,
        text,
        state: 'queued',
      } as const;
      const times = { address: structuredClone(address), sentAt: now, acceptedAt: now };
      return tables.turn(tables.addTurn({ ...base, ...times }, key));
    },
    retryTurn({ turn, again, address, now, queueLimit, ...input }) {
      const made = madeBy(input.chat, again);
      if (made !== undefined) return tables.turn(made);
      const old = tables
        .turnsOf(input.chat)
        .findLast((row) => row.turn.state === 'finished' && (turn === undefined || row.turn.id === turn));
      if (old === undefined) return 'not_found';
      if (tables.unfinishedOf(input.chat) >= queueLimit) return 'queue_full';
      const { chat, person, text } = old.turn;
      const base = { ...newTurnIds(), chat, person, text, address: structuredClone(address) };
      const row = tables.addTurn({ ...base, sentAt: now, acceptedAt: now, state: 'queued' }, again);
      copyFiles(tables, old.turn.id, base.id);
      // Whatever it was to write, it writes now.
      tables.contexts = tables.contexts.map((one) =>
        one.source.kind === 'notes' && one.source.turn === old.turn.id
          ? { ...one, source: { ...one.source, turn: base.id } }
          : one,
      );
      return tables.turn(row);
    },
    noteExpired(chat, note) {
      const rows = tables.turnsOf(chat).filter((row) => !row.noted);
      if (rows.length === 0) return undefined;
      const [operation] = tables.addOperations([note(rows.map((row) => tables.turn(row)))], clock());
      for (const row of rows) row.noted = true;
      return operation;
    },

    openConfirmation(lease, confirmation) {
      const { turn, id } = confirmation;
      const row = leased(lease, turn);
      const known = tables.confirmations.find(
        ({ confirmation: other }) => other.turn === turn && other.id === id,
      );
      if (known !== undefined) return known.confirmation;
      if (row.turn.state === 'finished') throw new StoreError('conflict', `turn ${turn} is finished`);
      const made: Confirmation = structuredClone(confirmation);
      tables.confirmations.push({ confirmation: made, ended: false });
      return made;
    },
    decide: (input) => decideInMemory(tables, input),

    lastTurns: (chat, limit) =>
      tables
        .turnsOf(chat)
        .reverse()
        .slice(0, limit)
        .map((row) => tables.turn(row)),
    recover: (accounts) => recoverFromMemory(tables, accounts),
  };
}

/** What could not be had is tried again. */
function copyFiles(tables: MemoryTables, from: TurnId, to: TurnId): void {
  for (const { file, turn } of [...tables.files]) {
    if (turn !== from) continue;
    const { error: _, ...copy } = { ...file, id: crypto.randomUUID() };
    tables.files.push({ file: copy.state === 'failed' ? { ...copy, state: 'incoming' } : copy, turn: to });
  }
}

export function outboxCalls(
  tables: MemoryTables,
  clock: () => number,
): Pick<Calls, 'enqueue' | 'beginOperation' | 'settleOperation' | 'lastOperations' | 'counts'> {
  const operation = (id: OperationId): Operation => {
    const row = tables.operations.get(id);
    if (row === undefined) throw new StoreError('conflict', `there is no operation ${id}`);
    return row;
  };
  return {
    enqueue(operations) {
      const fresh = new Map<OperationId, NewOperation>();
      for (const one of operations) {
        if (!tables.operations.has(one.id) && !fresh.has(one.id)) fresh.set(one.id, one);
      }
      return tables.addOperations([...fresh.values()], clock());
    },
    beginOperation(id) {
      const row = operation(id);
      if (row.state === 'pending') tables.operations.set(id, { ...row, state: 'sending' });
    },
    settleOperation(id, result) {
      const { error: _, ...row } = operation(id);
      if (row.state === 'sent') return;
      tables.operations.set(id, { ...row, ...result, attempts: row.attempts + 1 });
    },
    lastOperations: (chat, limit) => newestOperations(tables, (one) => one.chat === chat, limit),
    counts() {
      const turns = [...tables.turns.values()];
      return {
        queued: turns.filter(({ turn }) => turn.state === 'queued').length,
        running: turns.filter(({ turn }) => turn.state === 'running').length,
        deadLetters: newestOperations(tables, ({ state }) => state === 'dead').length,
      };
    },
  };
}

/** Newest first. */
export function newestOperations(
  tables: MemoryTables,
  wanted: (operation: Operation) => boolean,
  limit = Number.POSITIVE_INFINITY,
): Operation[] {
  return [...tables.operations.values()]
    .filter(wanted)
    .sort((a, b) => b.seq - a.seq)
    .slice(0, limit);
}
