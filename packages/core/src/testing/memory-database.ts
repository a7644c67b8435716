/** The tables that the memory stores of several 'processes' share. */
import {
  type Address,
  type AgentEvent,
  addressKey,
  type ChatKey,
  type ExternalId,
  type IncomingEvent,
  type IncomingFile,
  type OperationId,
  type PersonId,
  type PlatformChatId,
  type RequestId,
  type SurfaceId,
  type TurnId,
} from '@surfaces/protocol';
import type {
  Attachment,
  Chat,
  Confirmation,
  NewOperation,
  Operation,
  Person,
  SavedContext,
  Store,
  Turn,
} from '../ports/index.ts';
import { StoreError } from '../ports/store-errors.ts';
import type { TimelineItem } from '../ports/timeline.ts';

/** The store's methods as they are done here: at once. Only their answers come later. */
export type Calls = {
  readonly [K in keyof Store as Store[K] extends (...args: never[]) => Promise<unknown>
    ? K
    : never]: Store[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never;
};

/** As the others see a process. `lapsed`: taken for dead, though its code still runs. */
export interface MemoryProcess {
  readonly id: string;
  state: 'live' | 'lapsed' | 'killed' | 'closed';
}

export interface ChatRow {
  chat: Chat;
  /** The key that asked for it. */
  readonly by: string | undefined;
  /** Its contexts that were left, by the key that asked for the next. */
  readonly switches: Map<string, PlatformChatId>;
  holder: MemoryProcess | undefined;
  generation: number;
}

export interface TurnRow {
  turn: Omit<Turn, 'attachments'>;
  /** False: expired and named in no note. */
  noted: boolean;
  /** The key that asked for it, where no message did. */
  readonly by: string | undefined;
  readonly journal: Map<number, AgentEvent>;
}

export interface FileRow {
  file: Attachment;
  /** None: it waits for a text. */
  turn: TurnId | undefined;
}

export interface InboxRow {
  readonly id: string;
  readonly acceptedAt: number;
  readonly seq: number | undefined;
  /** Until it is completed. */
  pending: { readonly event: IncomingEvent; readonly chat: ChatKey; readonly person: PersonId } | undefined;
}

export interface IdentityRow {
  readonly surface: SurfaceId;
  readonly externalId: ExternalId;
  readonly person: PersonId;
}

export interface BindingRow {
  readonly address: Address;
  readonly person: PersonId;
  readonly chat: ChatKey;
}

export interface ConfirmationRow {
  confirmation: Confirmation;
  /** Its turn finished before anybody answered. */
  ended: boolean;
}

export interface TimelineRow {
  readonly seq: number;
  readonly at: number;
  readonly address: Address;
  readonly item: TimelineItem;
  /** Who said it, or whom it was said to. */
  readonly person: PersonId | undefined;
}

export class MemoryTables {
  readonly persons = new Map<PersonId, Person>();
  readonly identities = new Map<string, IdentityRow>();
  readonly chats = new Map<ChatKey, ChatRow>();
  /** By address and person. */
  readonly bindings = new Map<string, BindingRow>();
  /** In order of acceptance, as all tables here. */
  readonly turns = new Map<TurnId, TurnRow>();
  files: FileRow[] = [];
  contexts: SavedContext[] = [];
  readonly inbox = new Map<string, InboxRow>();
  readonly operations = new Map<OperationId, Operation>();
  confirmations: ConfirmationRow[] = [];
  timeline: TimelineRow[] = [];
  /** By address: the last entry that was marked as read. */
  readonly marks = new Map<string, number>();
  readonly accounts = new Map<string, MemoryProcess>();
  #seq = 0;

  next(): number {
    this.#seq += 1;
    return this.#seq;
  }

  chatRow(key: ChatKey): ChatRow {
    return there(this.chats.get(key), `chat ${key}`);
  }

  person(id: PersonId): Person {
    return there(this.persons.get(id), `person ${id}`);
  }

  turnRow(id: TurnId): TurnRow {
    return there(this.turns.get(id), `turn ${id}`);
  }

  /** The turn with its files as they are now. */
  turn({ turn }: TurnRow): Turn {
    const files = this.files.filter((row) => row.turn === turn.id);
    return { ...turn, attachments: files.map(({ file }) => file) };
  }

  turnsOf(chat: ChatKey): TurnRow[] {
    return [...this.turns.values()].filter((row) => row.turn.chat === chat);
  }

  unfinishedOf(chat: ChatKey): number {
    return this.turnsOf(chat).filter((row) => row.turn.state !== 'finished').length;
  }

  addTurn(turn: TurnRow['turn'], by?: string): TurnRow {
    const row: TurnRow = { turn, noted: turn.outcome !== 'expired', by, journal: new Map() };
    this.turns.set(turn.id, row);
    return row;
  }

  addFiles(
    files: readonly IncomingFile[],
    place: Pick<Attachment, 'chat' | 'person' | 'address'>,
    turn?: TurnId,
  ): Attachment[] {
    return files.map(({ ref, name, mediaType, size }) => {
      const told = {
        ...(mediaType === undefined ? {} : { mediaType }),
        ...(size === undefined ? {} : { size }),
      };
      const file: Attachment = { ...place, id: crypto.randomUUID(), ref, name, ...told, state: 'incoming' };
      this.files.push({ file, turn });
      return file;
    });
  }

  waitingIn(chat: ChatKey): FileRow[] {
    return this.files.filter((row) => row.turn === undefined && row.file.chat === chat);
  }

  bind(address: Address, person: PersonId, chat: ChatKey): void {
    this.bindings.set(bindingKey(address, person), { address: structuredClone(address), person, chat });
  }

  /** All or none: an id that exists already is a fault of the caller. */
  addOperations(operations: readonly NewOperation[], now: number): Operation[] {
    const ids = new Set<OperationId>();
    for (const { id, chat } of operations) {
      this.chatRow(chat);
      if (this.operations.has(id) || ids.has(id)) {
        throw new StoreError('conflict', `there is an operation ${id} already`);
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

  addTimeline(address: Address, item: TimelineItem, at: number, person: PersonId | undefined): number {
    const seq = this.next();
    this.timeline.push({ seq, at, address: structuredClone(address), item: structuredClone(item), person });
    return seq;
  }
}

function there<T>(row: T | undefined, what: string): T {
  if (row === undefined) throw new StoreError('conflict', `there is no ${what}`);
  return row;
}

export function bindingKey(address: Address, person: PersonId): string {
  return `${addressKey(address)} ${person}`;
}

export function newTurnIds(): { readonly id: TurnId; readonly requestId: RequestId } {
  // Minted here: the casts brand what is new.
  return { id: crypto.randomUUID() as TurnId, requestId: crypto.randomUUID() as RequestId };
}
