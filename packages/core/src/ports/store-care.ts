/** The part of the store that operators need: dead letters, retention, a person's data. */
import type {
  AgentId,
  ExternalId,
  OperationId,
  PersonId,
  PlatformChatId,
  SurfaceId,
} from '@surfaces/protocol';
import type { Operation } from './operations.ts';

/** Milliseconds since the epoch; what is older goes. A key that is left out keeps everything of its kind. */
export interface Retention {
  /** What was accepted: an event that is delivered again later than this is taken for a new one. */
  readonly inbox?: number;
  /** Finished turns with their questions, and operations that were sent. */
  readonly finished?: number;
  readonly deadLetters?: number;
  /** What was said, where we keep it (`Timeline`). */
  readonly timeline?: number;
}

export type Pruned = Readonly<Record<'inbox' | 'turns' | 'operations' | 'deadLetters' | 'timeline', number>>;

/** What unfinished work needs of the files that are kept (`Files`), however old they are. */
export interface NeededFiles {
  /**
   * By `ref` or id: those of turns that are not finished and of the next text, and those in operations
   * that were not sent, dead letters included.
   */
  readonly ids: readonly string[];
  /** When the oldest unfinished turn was accepted, epoch milliseconds: what was kept since may be of its answer. */
  readonly since?: number;
}

/** One thing that is stored about a person, as plain JSON. */
export interface PersonRecord {
  readonly kind:
    | 'person'
    | 'identity'
    | 'chat'
    | 'context'
    | 'turn'
    | 'file'
    | 'question'
    | 'answer'
    | 'timeline';
  readonly data: Readonly<Record<string, unknown>>;
}

export interface CareStore {
  /** The newest first. */
  deadLetters(limit: number): Promise<readonly Operation[]>;
  /** Makes dead letters pending again, in their order, with a new time of their own. Those that are none are left out. */
  reviveDeadLetters(ids: readonly OperationId[], now: number): Promise<readonly Operation[]>;
  /** Takes dead letters away for good; how many. */
  dropDeadLetters(ids: readonly OperationId[]): Promise<number>;
  /** Deletes what is older, never what is unfinished; at most `limit` rows of each kind, so that nobody waits long for it. */
  prune(before: Retention, limit: number): Promise<Pruned>;
  /** What of the kept files must not go now. */
  neededFiles(): Promise<NeededFiles>;

  /** People by id, by identity, or all; in order of id, after `after`. For operators. */
  findPersons(query: {
    readonly identity?: { readonly surface: SurfaceId; readonly externalId: ExternalId };
    readonly id?: PersonId;
    readonly after?: PersonId;
    readonly limit: number;
  }): Promise<
    readonly {
      readonly id: PersonId;
      readonly name: string;
      readonly identities: readonly { readonly surface: SurfaceId; readonly externalId: ExternalId }[];
      readonly chats: number;
    }[]
  >;
  /** Everything that is stored about a person, piece by piece. */
  exportPerson(person: PersonId): AsyncIterable<PersonRecord>;
  /**
   * Deletes everything that is stored about a person, in one commit; leases on their chats are void
   * then. Returns the contexts that their agents may forget. Nobody of that id: an empty list.
   */
  deletePerson(
    person: PersonId,
  ): Promise<readonly { readonly agentId: AgentId; readonly platformChatId: PlatformChatId }[]>;
}
