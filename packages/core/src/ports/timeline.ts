import type { Address, EventId, IncomingFile, OperationId, OutgoingMessage } from '@surfaces/protocol';
import type { PlaceSummary } from './store-chats.ts';

/** One thing shown at an address. */
export type TimelineItem =
  | {
      readonly by: 'person';
      readonly eventId: EventId;
      readonly name: string;
      readonly text: string;
      readonly files: readonly IncomingFile[];
    }
  | { readonly by: 'bot'; readonly operationId: OperationId; readonly message: OutgoingMessage };

export interface TimelineEntry {
  /** Grows over all addresses; gaps are normal. */
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly item: TimelineItem;
}

/** What was said at an address, for surfaces whose messenger is ourselves (`history: 'store'`). */
export interface Timeline {
  /** Durable when it resolves. The same operation id twice is one entry; `fresh` says which it was. */
  append(
    address: Address,
    operationId: OperationId,
    message: OutgoingMessage,
    at: number,
  ): Promise<{ readonly seq: number; readonly fresh: boolean }>;
  /**
   * In order of `seq`. Without `after`: the last `limit` entries. `before` pages backwards. At one
   * address no entry appears below one that was read before: readers go on from the last they have.
   */
  read(
    address: Address,
    page: { readonly after?: number; readonly before?: number; readonly limit: number },
  ): Promise<readonly TimelineEntry[]>;
  /** One for each address, in the same order. */
  summaries(addresses: readonly Address[]): Promise<readonly PlaceSummary[]>;
  /** Everything up to this entry was read. Never goes back. */
  markRead(address: Address, seq: number): Promise<void>;
}
