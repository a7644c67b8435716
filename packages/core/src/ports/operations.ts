import type { Address, ChatKey, MessageId, OperationId, OutgoingMessage, TurnId } from '@surfaces/protocol';

/** Something to do at the messenger, split and addressed. The id is for ever. */
export interface NewOperation {
  readonly id: OperationId;
  readonly address: Address;
  /** With it: an edit of that message. Without: a send. */
  readonly editOf?: MessageId;
  readonly message: OutgoingMessage;
  readonly chat: ChatKey;
  readonly turn?: TurnId;
}

export interface Operation extends NewOperation {
  /** Grows with the order in which operations were committed. */
  readonly seq: number;
  /** `sending`: an attempt began and its outcome was not stored. */
  readonly state: 'pending' | 'sending' | 'sent' | 'dead';
  readonly attempts: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly messageId?: MessageId;
  /** Why the last attempt failed; scrubbed. */
  readonly error?: string;
}
