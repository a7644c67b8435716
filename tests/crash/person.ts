/** A person in one chat, whatever the surface: what she says arrives for certain, and what she reads. */
import type { FileId, OutgoingMessage } from '@surfaces/protocol';
import type { WorkloadFile } from './words.ts';

export interface Seen {
  readonly message: Omit<OutgoingMessage, 'file'>;
  readonly file?: { readonly id: FileId; readonly name: string; readonly size: number };
  /** Where the person's side can know it: names the sending for ever. */
  readonly operationId?: string;
}

export interface Person {
  readonly surface: string;
  readonly chat: string;
  /** Goes on until it is acknowledged. `/word` is a command. Without a text the files alone are sent. */
  say(text: string, files?: readonly WorkloadFile[]): void;
  press(action: string): void;
  /** Said and not acknowledged yet, and files that are shown and not fetched yet. */
  unacknowledged(): number;
  /** What was refused for good: must stay empty. */
  readonly refused: readonly string[];
  /** Everything that can be read now, in order. */
  seen(): readonly Seen[];
  /** What is inside of the shown files: digests, by the files' ids. */
  readonly digests: ReadonlyMap<FileId, string>;
  /** Uploads that were cut off and made again: what they left is nobody's. */
  readonly givenUp: number;
  /** Is taken to a new chat, and so not told of it. */
  readonly opens?: true;
  /** Places that were made for further chats. */
  places(): number;
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
