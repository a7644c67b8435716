/**
 * What the played messengers (in the controller) and their adapter (in the app) say to each other:
 * JSON frames over a WebSocket. Both ends are this suite's own.
 */
import type { AcceptResult, Draft, SurfaceErrorCode } from '@surfaces/core';
import type {
  Address,
  IncomingEvent,
  MessageId,
  OperationId,
  OutgoingMessage,
  TurnId,
} from '@surfaces/protocol';

export type Call =
  | {
      readonly kind: 'send';
      readonly address: Address;
      readonly operationId: OperationId;
      readonly message: OutgoingMessage;
      /** Of the bytes of the message's file, as the adapter read them. */
      readonly fileDigest?: string;
    }
  | {
      readonly kind: 'edit';
      readonly address: Address;
      readonly operationId: OperationId;
      readonly message: OutgoingMessage;
      readonly messageId: MessageId;
    }
  | {
      readonly kind: 'create';
      readonly address: Address;
      readonly operationId: OperationId;
      readonly name: string;
    }
  | {
      readonly kind: 'sign';
      readonly address: Address;
      readonly operationId: OperationId;
      readonly change: { readonly name?: string; readonly archived?: boolean };
    }
  | { readonly kind: 'fetch'; readonly address: Address; readonly ref: string }
  | { readonly kind: 'show'; readonly address: Address; readonly draft: Draft }
  | { readonly kind: 'clear'; readonly address: Address; readonly turnId: TurnId };

export interface CallFailure {
  readonly code: SurfaceErrorCode;
  readonly message: string;
}

export type FrameToMessenger =
  | { readonly type: 'open'; readonly surface: string }
  | { readonly type: 'call'; readonly id: number; readonly call: Call }
  | { readonly type: 'taken'; readonly id: number; readonly result?: AcceptResult };

export type FrameToApp =
  | {
      readonly type: 'done';
      readonly id: number;
      readonly messageId?: MessageId;
      /** Of a place that was made. */
      readonly address?: Address;
      readonly failure?: CallFailure;
    }
  /** Bytes that were fetched, in base64; `done` is their end. */
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: string }
  | { readonly type: 'event'; readonly id: number; readonly event: IncomingEvent };

export function write(frame: FrameToApp | FrameToMessenger): string {
  return JSON.stringify(frame);
}
