/** The whole `Store` in memory, for tests: what is lost with the database object is lost. */
import type {
  AccountId,
  AgentEvent,
  ChatKey,
  MessageId,
  OperationId,
  SurfaceId,
  TurnId,
} from '@surfaces/protocol';
import type {
  Accepted,
  AcceptInput,
  Confirmation,
  Decision,
  Lease,
  NewConfirmation,
  NewOperation,
  Operation,
  Recovery,
  Store,
  StoreCounts,
  Turn,
  TurnOutcome,
} from '../ports/store.ts';
import { StoreError } from '../ports/store-errors.ts';
import type { Timeline } from '../ports/timeline.ts';
import {
  eventKey,
  type MemoryProcess,
  MemoryTables,
  newTurnIds,
  type TurnRow,
  wordsOf,
} from './memory-database.ts';
import { appendTimeline, decideInMemory, readTimeline, recoverFromMemory } from './memory-queries.ts';

/** A store as one process sees it. */
export interface MemoryStore extends Store {
  /**
   * The process is gone, without `close`: what it was promised stays, its leases are free, and its
   * calls, made or waiting, never settle, as a dead process's code never goes on.
   */
  kill(): void;
  /** The others take the process for dead (as after a long pause), though its code still runs. */
  lapse(): void;
}

export interface MemoryDatabase {
  /** A further process on the same data. */
  open(processId?: string): MemoryStore;
}

export interface MemoryDatabaseOptions {
  /** Epoch milliseconds; for `Operation.createdAt`. */
  readonly now?: () => number;
}

export function createMemoryDatabase(options: MemoryDatabaseOptions = {}): MemoryDatabase {
  const tables = new MemoryTables();
  const now = options.now ?? (() => Date.now());
  return {
    open: (processId = crypto.randomUUID()) =>
      new ProcessStore(tables, { id: processId, state: 'live' }, now),
  };
}

class ProcessStore implements MemoryStore {
  readonly timeline: Timeline;
  readonly #tables: MemoryTables;
  readonly #process: MemoryProcess;
  readonly #now: () => number;

  constructor(tables: MemoryTables, process: MemoryProcess, now: () => number) {
    this.#tables = tables;
    this.#process = process;
    this.#now = now;
    this.timeline = {
      append: (address, operationId, message, at) =>
        this.#call(() => appendTimeline(tables, address, operationId, message, at)),
      read: (address, page) => this.#call(() => readTimeline(tables, address, page)),
    };
  }

  kill(): void {
    this.#process.state = 'killed';
  }

  lapse(): void {
    if (this.#process.state === 'live') this.#process.state = 'lapsed';
  }

  /** Each call is done at once and whole; only its answer comes later. */
  #call<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#process.state === 'killed') return promise;
    if (this.#process.state === 'closed') {
      return Promise.reject(new StoreError('closed', 'the store is closed'));
    }
    let settle: () => void;
    try {
      const result = work();
      settle = () => resolve(result);
    } catch (error) {
      settle = () => reject(error);
    }
    queueMicrotask(() => {
      if (this.#process.state !== 'killed') settle();
    });
    return promise;
  }

  #check(lease: Lease): void {
    const row = this.#tables.chatRow(lease.chat);
    if (row.generation !== lease.generation) {
      throw new StoreError('lease_lost', `another process works on chat ${lease.chat}`);
    }
  }

  /** The turn, which must be of the leased chat. */
  #leased(lease: Lease, turn: TurnId): TurnRow {
    this.#check(lease);
    const row = this.#tables.turnRow(turn);
    if (row.turn.chat !== lease.chat) throw new StoreError('failed', `turn ${turn} is of another chat`);
    return row;
  }

  accept(input: AcceptInput): Promise<Accepted> {
    return this.#call(() => this.#accept(input));
  }

  #accept(input: AcceptInput): Accepted {
    const { now, queueLimit, staleAfterMs, record } = input;
    const event = structuredClone(input.event);
    const key = eventKey(event.surface, event.account, event.eventId);
    const known = this.#tables.inbox.get(key);
    if (known !== undefined) return { outcome: 'duplicate', ...seqOf(known.seq) };

    const person = this.#tables.findOrMakePerson(input);
    const chat = this.#tables.findOrMakeChat(input, person);
    const expired = event.kind === 'message' && now - event.sentAt > staleAfterMs;
    if (event.kind === 'message' && !expired && this.#tables.unfinishedOf(chat.key) >= queueLimit) {
      return { outcome: 'queue_full', person, chat };
    }

    const text = record ? wordsOf(event) : undefined;
    const seq =
      text === undefined
        ? undefined
        : this.#tables.addTimeline(
            event.address,
            { by: 'person', eventId: event.eventId, name: person.name, text },
            now,
          );
    const id = crypto.randomUUID();
    const pending = event.kind !== 'message';
    this.#tables.inbox.set(key, {
      id,
      event,
      acceptedAt: now,
      chat: chat.key,
      person: person.id,
      seq,
      pending,
    });
    if (event.kind !== 'message') {
      return { outcome: 'event', pending: { id, event, acceptedAt: now }, chat, person, ...seqOf(seq) };
    }
    const turn = this.#tables.addTurn({
      ...newTurnIds(),
      chat: chat.key,
      person: person.id,
      address: event.address,
      text: event.text,
      attachments: event.attachments,
      sentAt: event.sentAt,
      acceptedAt: now,
      ...(expired ? { state: 'finished', outcome: 'expired' } : { state: 'queued' }),
    });
    return { outcome: expired ? 'expired' : 'turn', turn, chat, person, ...seqOf(seq) };
  }

  completeEvent(pendingId: string, replies: readonly NewOperation[]): Promise<readonly Operation[]> {
    return this.#call(() => {
      const row = [...this.#tables.inbox.values()].find(({ id }) => id === pendingId);
      if (!row?.pending) return [];
      const operations = this.#tables.addOperations(replies, this.#now());
      row.pending = false;
      return operations;
    });
  }

  claimAccount(surface: SurfaceId, account: AccountId): Promise<void> {
    return this.#call(() => {
      const key = `${surface}/${account}`;
      const holder = this.#tables.accounts.get(key);
      if (holder !== undefined && holder !== this.#process && holder.state === 'live') {
        throw new StoreError('lease_lost', `process ${holder.id} receives for ${key}`);
      }
      this.#tables.accounts.set(key, this.#process);
    });
  }

  claimChat(chat: ChatKey): Promise<Lease> {
    return this.#call(() => {
      const row = this.#tables.chatRow(chat);
      if (row.holder !== this.#process) {
        if (row.holder?.state === 'live') {
          throw new StoreError('lease_lost', `process ${row.holder.id} works on chat ${chat}`);
        }
        row.holder = this.#process;
        row.generation += 1;
      }
      return { chat, generation: row.generation };
    });
  }

  startTurn(lease: Lease, turn: TurnId): Promise<void> {
    return this.#call(() => {
      const row = this.#leased(lease, turn);
      if (row.turn.state === 'finished') throw new StoreError('failed', `turn ${turn} is finished`);
      row.turn = { ...row.turn, state: 'running' };
    });
  }

  appendEvents(lease: Lease, turn: TurnId, events: readonly AgentEvent[]): Promise<void> {
    return this.#call(() => {
      const row = this.#leased(lease, turn);
      if (row.turn.state === 'queued') throw new StoreError('failed', `turn ${turn} was not started`);
      if (row.turn.state === 'finished') return;
      for (const event of events) {
        if (!row.journal.has(event.seq)) row.journal.set(event.seq, structuredClone(event));
      }
    });
  }

  restartJournal(lease: Lease, turn: TurnId): Promise<void> {
    return this.#call(() => this.#leased(lease, turn).journal.clear());
  }

  rememberPreview(lease: Lease, turn: TurnId, messageId: MessageId): Promise<void> {
    return this.#call(() => {
      const row = this.#leased(lease, turn);
      row.turn = { ...row.turn, previewMessageId: messageId };
    });
  }

  commitFinal(
    lease: Lease,
    turn: TurnId,
    outcome: TurnOutcome,
    operations: readonly NewOperation[],
  ): Promise<readonly Operation[]> {
    return this.#call(() => {
      const row = this.#leased(lease, turn);
      if (row.turn.state === 'finished') return [];
      const committed = this.#tables.addOperations(operations, this.#now());
      row.turn = { ...row.turn, state: 'finished', outcome };
      row.noted = outcome !== 'expired';
      row.journal.clear();
      for (const confirmation of this.#tables.confirmations) {
        if (confirmation.confirmation.turn === turn) confirmation.ended = true;
      }
      return committed;
    });
  }

  retryTurn(input: Parameters<Store['retryTurn']>[0]): Promise<Turn | 'queue_full' | 'not_found'> {
    return this.#call(() => {
      const { again, now, queueLimit } = input;
      const rows = this.#tables.turnsOf(input.chat);
      const made = rows.find((row) => row.again === again);
      if (made !== undefined) return made.turn;
      const old = rows.findLast(
        ({ turn }) => turn.state === 'finished' && (input.turn === undefined || turn.id === input.turn),
      );
      if (old === undefined) return 'not_found';
      if (this.#tables.unfinishedOf(input.chat) >= queueLimit) return 'queue_full';
      const { chat, person, text, attachments } = old.turn;
      const base = { chat, person, text, attachments, address: structuredClone(input.address) };
      return this.#tables.addTurn(
        { ...newTurnIds(), ...base, sentAt: now, acceptedAt: now, state: 'queued' },
        again,
      );
    });
  }

  noteExpired(
    chat: ChatKey,
    note: (expired: readonly Turn[]) => NewOperation,
  ): Promise<Operation | undefined> {
    return this.#call(() => {
      const rows = this.#tables.turnsOf(chat).filter((row) => !row.noted);
      if (rows.length === 0) return undefined;
      const [operation] = this.#tables.addOperations([note(rows.map((row) => row.turn))], this.#now());
      for (const row of rows) row.noted = true;
      return operation;
    });
  }

  enqueue(operations: readonly NewOperation[]): Promise<readonly Operation[]> {
    return this.#call(() => {
      const fresh = new Map<OperationId, NewOperation>();
      for (const operation of operations) {
        if (!this.#tables.operations.has(operation.id) && !fresh.has(operation.id)) {
          fresh.set(operation.id, operation);
        }
      }
      return this.#tables.addOperations([...fresh.values()], this.#now());
    });
  }

  beginOperation(id: OperationId): Promise<void> {
    return this.#call(() => {
      const operation = this.#operation(id);
      if (operation.state === 'pending') this.#tables.operations.set(id, { ...operation, state: 'sending' });
    });
  }

  settleOperation(id: OperationId, result: Parameters<Store['settleOperation']>[1]): Promise<void> {
    return this.#call(() => {
      const { error: _, ...operation } = this.#operation(id);
      if (operation.state === 'sent') return;
      this.#tables.operations.set(id, { ...operation, ...result, attempts: operation.attempts + 1 });
    });
  }

  #operation(id: OperationId): Operation {
    const operation = this.#tables.operations.get(id);
    if (operation === undefined) throw new StoreError('failed', `there is no operation ${id}`);
    return operation;
  }

  openConfirmation(lease: Lease, confirmation: NewConfirmation): Promise<Confirmation> {
    return this.#call(() => {
      const { turn, id } = confirmation;
      const row = this.#leased(lease, turn);
      const known = this.#tables.confirmations.find(
        ({ confirmation: other }) => other.turn === turn && other.id === id,
      );
      if (known !== undefined) return known.confirmation;
      if (row.turn.state === 'finished') throw new StoreError('failed', `turn ${turn} is finished`);
      const made: Confirmation = structuredClone(confirmation);
      this.#tables.confirmations.push({ confirmation: made, ended: false });
      return made;
    });
  }

  decide(input: Parameters<Store['decide']>[0]): Promise<Decision> {
    return this.#call(() => decideInMemory(this.#tables, input));
  }

  lastTurns(chat: ChatKey, limit: number): Promise<readonly Turn[]> {
    return this.#call(() =>
      this.#tables
        .turnsOf(chat)
        .map((row) => row.turn)
        .reverse()
        .slice(0, limit),
    );
  }

  lastOperations(chat: ChatKey, limit: number): Promise<readonly Operation[]> {
    return this.#call(() => this.#operations((operation) => operation.chat === chat).slice(0, limit));
  }

  deadLetters(limit: number): Promise<readonly Operation[]> {
    return this.#call(() => this.#operations((operation) => operation.state === 'dead').slice(0, limit));
  }

  /** Newest first. */
  #operations(wanted: (operation: Operation) => boolean): Operation[] {
    return [...this.#tables.operations.values()].filter(wanted).sort((a, b) => b.seq - a.seq);
  }

  counts(): Promise<StoreCounts> {
    return this.#call(() => {
      const turns = [...this.#tables.turns.values()];
      return {
        queued: turns.filter(({ turn }) => turn.state === 'queued').length,
        running: turns.filter(({ turn }) => turn.state === 'running').length,
        deadLetters: this.#operations((operation) => operation.state === 'dead').length,
      };
    });
  }

  recover(accounts: Parameters<Store['recover']>[0]): Promise<Recovery> {
    return this.#call(() => recoverFromMemory(this.#tables, accounts));
  }

  probe(): Promise<void> {
    return this.#call(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#process.state === 'live' || this.#process.state === 'lapsed') this.#process.state = 'closed';
  }
}

function seqOf(seq: number | undefined): { readonly seq?: number } {
  return seq === undefined ? {} : { seq };
}
