/** The `Store` port over the database's thread. */
import { randomUUID } from 'node:crypto';
import {
  type Accepted,
  type AcceptInput,
  type CareStore,
  type ChatStore,
  type Clock,
  type Confirmation,
  type Decision,
  type Lease,
  type NewConfirmation,
  type NewOperation,
  type Operation,
  type Recovery,
  type Store,
  type StoreCounts,
  StoreError,
  type Timeline,
  type Turn,
  type TurnOutcome,
} from '@surfaces/core';
import type {
  Address,
  AgentEvent,
  ChatKey,
  IncomingEvent,
  MessageId,
  OperationId,
  TurnId,
} from '@surfaces/protocol';
import {
  accountKey,
  committed,
  toAttachment,
  toChat,
  toConfirmation,
  toInsert,
  toOperation,
  toPerson,
  toTurn,
} from '../domain.ts';
import { newId } from '../new-id.ts';
import { toAcceptCall, toAccepted } from './acceptance.ts';
import { sqliteCare } from './sqlite-care.ts';
import { sqliteChats } from './sqlite-chats.ts';
import type { SqliteThread } from './thread.ts';
import { threadTimeline } from './timeline.ts';

export function createSqliteStore(thread: SqliteThread, clock: Pick<Clock, 'now'>, holder: string): Store {
  return Object.assign(new SqliteTurns(thread, clock, holder), sqliteChats(thread), sqliteCare(thread));
}

class SqliteTurns implements Omit<Store, keyof ChatStore | keyof CareStore> {
  readonly timeline: Timeline;
  readonly #thread: SqliteThread;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #holder: string;
  #closed = false;

  /** `holder` names this opening of the store; leases of earlier ones are free. */
  constructor(thread: SqliteThread, clock: Pick<Clock, 'now'>, holder: string) {
    this.#thread = thread;
    this.#clock = clock;
    this.#holder = holder;
    this.timeline = threadTimeline(thread);
  }

  async accept(input: AcceptInput): Promise<Accepted> {
    const call = toAcceptCall(input);
    return toAccepted(input, call, await this.#thread.call('accept', call));
  }

  completeEvent(id: string, replies: readonly NewOperation[]): Promise<readonly Operation[]> {
    return this.#commit(replies, (inserts) => this.#thread.call('completeEvent', { id, replies: inserts }));
  }

  /** Stamps operations, has them committed, and returns those that got a sequence number. */
  async #commit(
    operations: readonly NewOperation[],
    call: (inserts: readonly ReturnType<typeof toInsert>[]) => Promise<readonly (number | null)[] | null>,
  ): Promise<readonly Operation[]> {
    const now = this.#clock.now();
    const seqs = await call(operations.map((operation) => toInsert(operation, now)));
    return (seqs ?? []).flatMap((seq, at) => {
      const operation = operations[at];
      return seq === null || operation === undefined ? [] : [committed(operation, seq, now)];
    });
  }

  /** The directory has one process, so that whoever opened it receives for every account. */
  async claimAccount(): Promise<void> {
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
  }

  async claimChat(chat: ChatKey): Promise<Lease> {
    const generation = await this.#thread.call('claimChat', { chat, holder: this.#holder });
    return { chat, generation };
  }

  async startTurn(lease: Lease, turn: TurnId): Promise<void> {
    await this.#thread.call('startTurn', { ...lease, turn });
  }

  async appendEvents(lease: Lease, turn: TurnId, events: readonly AgentEvent[]): Promise<void> {
    const rows = events.map((event) => ({ seq: event.seq, event: JSON.stringify(event) }));
    await this.#thread.call('appendEvents', { ...lease, turn, events: rows });
  }

  async restartJournal(lease: Lease, turn: TurnId): Promise<void> {
    await this.#thread.call('restartJournal', { ...lease, turn });
  }

  async rememberPreview(lease: Lease, turn: TurnId, messageId: MessageId): Promise<void> {
    await this.#thread.call('rememberPreview', { ...lease, turn, messageId });
  }

  commitFinal(
    lease: Lease,
    turn: TurnId,
    outcome: TurnOutcome,
    operations: readonly NewOperation[],
    { tokens }: { readonly tokens: number } = { tokens: 0 },
  ): Promise<readonly Operation[]> {
    return this.#commit(operations, (inserts) =>
      this.#thread.call('commitFinal', { ...lease, turn, outcome, operations: inserts, tokens }),
    );
  }

  async queueTurn(input: Parameters<Store['queueTurn']>[0]): Promise<Turn | 'queue_full'> {
    const { address, by, ...call } = input;
    const answer = await this.#thread.call('queueTurn', {
      ...call,
      // A retry has keys of its own.
      again: `queued ${by}`,
      ...newTurn(address),
    });
    return typeof answer === 'string' ? answer : toTurn(answer);
  }

  async retryTurn(input: Parameters<Store['retryTurn']>[0]): Promise<Turn | 'queue_full' | 'not_found'> {
    const { address, turn = null, ...call } = input;
    const answer = await this.#thread.call('retryTurn', {
      ...call,
      turn,
      ...newTurn(address),
    });
    return typeof answer === 'string' ? answer : toTurn(answer);
  }

  async noteExpired(
    chat: ChatKey,
    note: (expired: readonly Turn[]) => NewOperation,
  ): Promise<Operation | undefined> {
    for (;;) {
      const rows = await this.#thread.call('unnotedTurns', chat);
      if (rows.length === 0) return undefined;
      const operation = note(rows.map(toTurn));
      const now = this.#clock.now();
      const seq = await this.#thread.call('noteExpired', {
        chat,
        turns: rows.map(({ turn }) => turn.id),
        operation: toInsert(operation, now),
      });
      // Null: another turn expired, or another note was made, between the two calls.
      if (seq !== null) return committed(operation, seq, now);
    }
  }

  enqueue(operations: readonly NewOperation[]): Promise<readonly Operation[]> {
    return this.#commit(operations, (inserts) => this.#thread.call('enqueue', inserts));
  }

  async beginOperation(id: OperationId): Promise<void> {
    await this.#thread.call('beginOperation', id);
  }

  async settleOperation(id: OperationId, result: Parameters<Store['settleOperation']>[1]): Promise<void> {
    const { state } = result;
    const messageId = result.state === 'sent' ? result.messageId : null;
    const error = result.state === 'sent' ? null : result.error;
    await this.#thread.call('settleOperation', { id, state, messageId, error });
  }

  async openConfirmation(lease: Lease, confirmation: NewConfirmation): Promise<Confirmation> {
    const { turn, id, token, chat, person, text, askedAt, expiresAt } = confirmation;
    const options = JSON.stringify(confirmation.options);
    const row = { turn, id, token, chat, person, text, options, askedAt, expiresAt };
    return toConfirmation(await this.#thread.call('openConfirmation', { ...lease, turn, row }));
  }

  async decide(input: Parameters<Store['decide']>[0]): Promise<Decision> {
    const { chat, token = null, choose, person, by, now, onExpiry = false } = input;
    const option = 'option' in choose ? choose.option : null;
    const kind = 'kind' in choose ? choose.kind : null;
    const call = { chat, token, option, kind, person, by, now, onExpiry };
    const answer = await this.#thread.call('decide', call);
    if (!('row' in answer)) return answer;
    return { outcome: answer.outcome, confirmation: toConfirmation(answer.row) };
  }

  async lastTurns(chat: ChatKey, limit: number): Promise<readonly Turn[]> {
    return (await this.#thread.call('lastTurns', { chat, limit })).map(toTurn);
  }

  async lastOperations(chat: ChatKey, limit: number): Promise<readonly Operation[]> {
    return (await this.#thread.call('lastOperations', { chat, limit })).map(toOperation);
  }

  counts(): Promise<StoreCounts> {
    return this.#thread.call('counts', null);
  }

  async recover(accounts: Parameters<Store['recover']>[0]): Promise<Recovery> {
    const left = await this.#thread.call('recover', accounts.map(accountKey));
    return {
      turns: left.turns.map((row) => ({
        chat: toChat(row.chat),
        person: toPerson(row.person),
        turn: toTurn(row),
        // Written by `appendEvents` from the same type.
        events: row.events.map((event) => JSON.parse(event) as AgentEvent),
      })),
      operations: left.operations.map(toOperation),
      events: left.events.map(({ pending, chat, person }) => ({
        pending: {
          id: pending.id,
          // Written by `accept` from the same type.
          event: JSON.parse(pending.event) as IncomingEvent,
          acceptedAt: pending.acceptedAt,
        },
        chat: toChat(chat),
        person: toPerson(person),
      })),
      unnoted: left.unnoted.map(({ chat, person }) => ({ chat: toChat(chat), person: toPerson(person) })),
      files: left.files.map(({ file, chat, person }) => ({
        file: toAttachment(file),
        chat: toChat(chat),
        person: toPerson(person),
      })),
    };
  }

  async probe(): Promise<void> {
    await this.#thread.call('probe', null);
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#thread.close();
  }
}

function newTurn(address: Address) {
  return {
    id: newId(),
    requestId: randomUUID(),
    account: accountKey(address),
    address: JSON.stringify(address),
  };
}
