/** A messenger that shows at once, or after a while, and remembers nothing. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Accept, Capabilities, DraftPort, EditPort, SurfaceAdapter } from '@surfaces/core';
import { splitMarkdown } from '@surfaces/core/markdown';
import {
  AccountId,
  type Address,
  EventId,
  ExternalId,
  type IncomingMessage,
  MessageId,
  type OperationId,
  type OutgoingMessage,
  SurfaceId,
} from '@surfaces/protocol';

/** One call of the core. `text`: what can then be read of the answer. */
export interface SurfaceCall {
  readonly kind: 'send' | 'edit' | 'show' | 'clear';
  readonly room: string;
  readonly text: string;
}

export interface MemorySurfaceOptions {
  readonly preview: Capabilities['preview'];
  /** How long each call takes. */
  readonly latencyMs?: number;
  /** Hears of each call when it begins. */
  readonly onCall?: (call: SurfaceCall) => void;
}

const LIMIT = 4096;
/** More than can be used. */
const ENDLESS = 1e12;

export class MemorySurface implements SurfaceAdapter {
  readonly surface = SurfaceId.parse('memory');
  readonly account = AccountId.parse('bench');
  readonly capabilities: Capabilities;
  readonly edits?: EditPort;
  readonly drafts?: DraftPort;
  readonly #latencyMs: number;
  readonly #onCall: (call: SurfaceCall) => void;
  readonly #waiting = new Map<string, (text: string) => void>();
  #accept: Accept | undefined;
  #ids = 0;
  /** Event ids of an earlier run must not come again. */
  readonly #run = Date.now().toString(36);

  constructor({ preview, latencyMs = 0, onCall = () => undefined }: MemorySurfaceOptions) {
    this.#latencyMs = latencyMs;
    this.#onCall = onCall;
    this.capabilities = {
      text: { limit: LIMIT, unit: 'utf16' },
      markdown: 'full',
      preview,
      buttons: 'native',
      typing: 'none',
      chats: 'none',
      files: 'none',
      sends: 'idempotent',
      history: 'messenger',
      refusals: 'inline',
      budget: { calls: ENDLESS, perMs: 1, reserve: 0, previewEveryMs: 0 },
    };
    if (preview === 'edit') {
      this.edits = {
        edit: async (address, _, message) => {
          await this.#call('edit', address, message.markdown);
          this.#final(address, message);
        },
      };
    }
    if (preview === 'draft') {
      this.drafts = {
        show: async (address, draft) => this.#call('show', address, draft.text),
        clear: async (address) => this.#call('clear', address, ''),
      };
    }
  }

  async start(accept: Accept): Promise<void> {
    this.#accept = accept;
  }
  async pause(): Promise<void> {}
  async stop(): Promise<void> {}

  split(markdown: string): readonly string[] {
    return splitMarkdown(markdown, { limit: LIMIT });
  }

  async send(address: Address, message: OutgoingMessage, operationId: OperationId) {
    await this.#call('send', address, message.markdown);
    this.#final(address, message);
    return { messageId: MessageId.parse(operationId) };
  }

  /** A person writes in a room of their own; resolves when the event is acknowledged and the answer is seen. */
  async ask(room: string, text: string): Promise<string> {
    const answer = Promise.withResolvers<string>();
    this.#waiting.set(room, answer.resolve);
    await this.say(room, text);
    return answer.promise;
  }

  /** Resolves when the event is acknowledged. Throws when it is not taken. */
  async say(room: string, text: string): Promise<void> {
    const event: IncomingMessage = {
      kind: 'message',
      surface: this.surface,
      account: this.account,
      eventId: EventId.parse(`${this.#run}-${this.#ids++}`),
      address: { kind: 'room', surface: this.surface, account: this.account, room },
      author: { externalId: ExternalId.parse(room), name: 'Person', locale: 'en' },
      sentAt: Date.now(),
      text,
      attachments: [],
    };
    const result = await this.#accept?.(event);
    if (result?.outcome !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(result)}`);
  }

  async #call(kind: SurfaceCall['kind'], address: Address, text: string): Promise<void> {
    this.#onCall({ kind, room: address.room, text });
    if (this.#latencyMs > 0) await wait(this.#latencyMs);
  }

  #final(address: Address, message: OutgoingMessage): void {
    // A placeholder is not the last of anything.
    if (!message.last) return;
    this.#waiting.get(address.room)?.(message.markdown);
    this.#waiting.delete(address.room);
  }
}
