import type { Address, Button, OperationId, OutgoingMessage, Settled, TurnId } from '@surfaces/protocol';
import { OperationId as OperationIdSchema } from '@surfaces/protocol';
import type { Chat, NewOperation, SurfaceAdapter } from './ports/index.ts';

export interface Saying {
  /** Ids of the parts are made from it; the same name says the same thing. */
  readonly name: string;
  readonly address: Address;
  readonly chat: Pick<Chat, 'key'>;
  readonly role: OutgoingMessage['role'];
  readonly markdown: string;
  readonly state?: OutgoingMessage['state'];
  readonly turn?: TurnId;
  /** On the last part. */
  readonly buttons?: readonly Button[];
  readonly settles?: readonly Settled[];
}

export function operationId(...parts: readonly (string | number)[]): OperationId {
  return OperationIdSchema.parse(parts.join(':'));
}

/**
 * What is to be said, as operations: one per part that fits the surface. Buttons are left out where
 * there are none; who says it says in words what they would do.
 */
export function say(adapter: SurfaceAdapter, saying: Saying): NewOperation[] {
  const parts = adapter.split(saying.markdown);
  const buttons = adapter.capabilities.buttons === 'none' ? [] : (saying.buttons ?? []);
  return parts.map((markdown, part) => {
    const last = part === parts.length - 1;
    return {
      id: operationId(saying.name, part),
      address: saying.address,
      chat: saying.chat.key,
      ...(saying.turn === undefined ? {} : { turn: saying.turn }),
      message: {
        kind: 'message',
        role: saying.role,
        markdown,
        state: saying.state ?? 'final',
        ...(saying.turn === undefined ? {} : { turnId: saying.turn }),
        part,
        last,
        buttons: last ? [...buttons] : [],
        ...(last && saying.settles?.length ? { settles: [...saying.settles] } : {}),
      },
    };
  });
}
