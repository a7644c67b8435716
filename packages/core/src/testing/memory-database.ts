/** The tables that the memory stores of several 'processes' share. */
import {
  type AccountId,
  type Address,
  type AgentEvent,
  addressKey,
  type ChatKey,
  type EventId,
  type IncomingEvent,
  type OperationId,
  type PersonId,
  type RequestId,
  type SurfaceId,
  type TurnId,
} from '@surfaces/protocol';
import type {
  AcceptInput,
  Chat,
  Confirmation,
  NewOperation,
  Operation,
  Person,
  Turn,
} from '../ports/index.ts';
import { StoreError } from '../ports/store-errors.ts';
import type { TimelineItem } from '../ports/timeline.ts';

/** As the others see a process. `lapsed`: taken for dead, though its code still runs. */
export interface MemoryProcess {
  readonly id: string;
  state: 'live' | 'lapsed' | 'killed' | 'closed';
}

export interface ChatRow {
  readonly chat: Chat;
  holder: MemoryProcess | undefined;
  generation: number;
}

export interface TurnRow {
  turn: Turn;
  /** False: expired and named in no note. */
  noted: boolean;
  /** What a retry was asked by. */
  readonly again: string | undefined;
  readonly journal: Map<number, AgentEvent>;
}

export interface InboxRow {
  readonly id: string;
  readonly event: IncomingEvent;
  readonly acceptedAt: number;
  readonly chat: ChatKey;
  readonly person: PersonId;
  readonly seq: number | undefined;
  pending: boolean;
}

export interface ConfirmationRow {
  confirmation: Confirmation;
  /** Its turn finished before anybody answered. */
  ended: boolean;
}

export interface TimelineRow {
  readonly seq: number;
  readonly at: number;
  readonly address: string;
  readonly item: TimelineItem;
}

export class MemoryTables {
  readonly persons = new Map<PersonId, Person>();
  readonly identities = new Map<string, PersonId>();
  readonly chats = new Map<ChatKey, ChatRow>();
  /** By address and person. */
  readonly bindings = new Map<string, ChatKey>();
  /** In order of acceptance, as all maps here. */
  readonly turns = new Map<TurnId, TurnRow>();
  readonly inbox = new Map<string, InboxRow>();
  readonly operations = new Map<OperationId, Operation>();
  readonly confirmations: ConfirmationRow[] = [];
  readonly timeline: TimelineRow[] = [];
  readonly accounts = new Map<string, MemoryProcess>();
  #seq = 0;

  next(): number {
    this.#seq += 1;
    return this.#seq;
  }

  chatRow(key: ChatKey): ChatRow {
    const row = this.chats.get(key);
    if (row === undefined) throw new StoreError('failed', `there is no chat ${key}`);
    return row;
  }

  person(id: PersonId): Person {
    const person = this.persons.get(id);
    if (person === undefined) throw new StoreError('failed', `there is no person ${id}`);
    return person;
  }

  turnRow(id: TurnId): TurnRow {
    const row = this.turns.get(id);
    if (row === undefined) throw new StoreError('failed', `there is no turn ${id}`);
    return row;
  }

  turnsOf(chat: ChatKey): TurnRow[] {
    return [...this.turns.values()].filter((row) => row.turn.chat === chat);
  }

  unfinishedOf(chat: ChatKey): number {
    return this.turnsOf(chat).filter((row) => row.turn.state !== 'finished').length;
  }

  addTurn(turn: Turn, again?: string): Turn {
    const noted = turn.outcome !== 'expired';
    this.turns.set(turn.id, { turn, noted, again, journal: new Map() });
    return turn;
  }

  /** All or none: an id that exists already is a fault of the caller. */
  addOperations(operations: readonly NewOperation[], now: number): Operation[] {
    const ids = new Set<OperationId>();
    for (const { id, chat } of operations) {
      this.chatRow(chat);
      if (this.operations.has(id) || ids.has(id)) {
        throw new StoreError('failed', `there is an operation ${id} already`);
      }
      ids.add(id);
    }
    return operations.map((operation) => {
      const row: Operation = {
        ...structuredClone(operation),
        seq: this.next(),
        state: 'pending',
        attempts: 0,
        createdAt: now,
      };
      this.operations.set(row.id, row);
      return row;
    });
  }

  addTimeline(address: Address, item: TimelineItem, at: number): number {
    const seq = this.next();
    this.timeline.push({ seq, at, address: addressKey(address), item: structuredClone(item) });
    return seq;
  }

  findOrMakePerson({ event, defaultLocale }: AcceptInput): Person {
    const { author, surface } = event;
    const key = `${surface}/${author.externalId}`;
    const id = this.identities.get(key);
    const known = id && this.persons.get(id);
    const person: Person = {
      id: known?.id ?? (crypto.randomUUID() as PersonId),
      name: author.name || known?.name || '',
      locale: author.locale ?? known?.locale ?? defaultLocale,
    };
    this.identities.set(key, person.id);
    this.persons.set(person.id, person);
    return person;
  }

  findOrMakeChat({ event, newChat }: AcceptInput, person: Person): Chat {
    const binding = `${addressKey(event.address)} ${person.id}`;
    const bound = this.bindings.get(binding);
    if (bound !== undefined) return this.chatRow(bound).chat;
    const count = [...this.chats.values()].filter((row) => row.chat.owner === person.id).length;
    const chat: Chat = {
      ...newChat,
      key: crypto.randomUUID() as ChatKey,
      chatId: `C${count + 1}`,
      owner: person.id,
      state: 'active',
    };
    this.chats.set(chat.key, { chat, holder: undefined, generation: 0 });
    this.bindings.set(binding, chat.key);
    return chat;
  }
}

export function newTurnIds(): { readonly id: TurnId; readonly requestId: RequestId } {
  // Minted here: the casts brand what is new.
  return { id: crypto.randomUUID() as TurnId, requestId: crypto.randomUUID() as RequestId };
}

export function eventKey(surface: SurfaceId, account: AccountId, eventId: EventId): string {
  return [surface, account, eventId].map(encodeURIComponent).join('/');
}

/** What a person's words look like in a timeline; a pressed button has none. */
export function wordsOf(event: IncomingEvent): string | undefined {
  if (event.kind === 'message') return event.text;
  if (event.kind === 'command') return event.args === '' ? `/${event.name}` : `/${event.name} ${event.args}`;
  return undefined;
}
