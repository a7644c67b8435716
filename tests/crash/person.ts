/** A person in one chat, whatever the surface: what she says arrives for certain, and what she reads. */
import type { OutgoingMessage } from '@surfaces/protocol';

export interface Seen {
  readonly message: OutgoingMessage;
  /** Where the person's side can know it: names the sending for ever. */
  readonly operationId?: string;
}

export interface Person {
  readonly surface: string;
  readonly chat: string;
  /** Goes on until it is acknowledged. `/word` is a command. */
  say(text: string): void;
  press(action: string): void;
  /** Said and not acknowledged yet. */
  unacknowledged(): number;
  /** What was refused for good: must stay empty. */
  readonly refused: readonly string[];
  /** Everything that can be read now, in order. */
  seen(): readonly Seen[];
  /** Things that must not be, seen on the way. */
  readonly complaints: readonly string[];
  /** Resolves when something happened. */
  changed(): Promise<void>;
  close(): Promise<void>;
}

/** Wakes all who wait for a change. */
export class Bell {
  #next = Promise.withResolvers<void>();

  ring(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  rung(): Promise<void> {
    return this.#next.promise;
  }
}
