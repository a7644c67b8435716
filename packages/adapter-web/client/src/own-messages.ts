/**
 * What a person wrote in one chat and the server does not show yet. Messages go one at a time, each
 * under one id for ever, so that they arrive once and in the order of writing whatever breaks in between.
 */
import { computed, signal } from '@preact/signals';
import type { ClientFrame, PageFile, ServerFrame } from '../../src/frames.ts';
import { newId } from './new-id.ts';
import { forgetUnsent, keepUnsent, type Unsent } from './unsent.ts';

export type Refused = Extract<ServerFrame, { type: 'refused' }>;

export interface Pending {
  readonly id: string;
  readonly chat: string;
  readonly text: string;
  readonly files: PageFile[];
  /** Epoch milliseconds. */
  readonly at: number;
  readonly state: 'sending' | 'accepted' | 'failed';
  /** Where its entry is, once it was accepted. */
  readonly seq?: number;
  readonly refused?: Refused;
}

/** What a chat knows of the page around it. */
export interface Around {
  post(frame: ClientFrame): void;
  /** For whom messages are kept; `null` while nobody was ever here. */
  person(): string | null;
  /** The connection stands and everything before it has been shown. */
  live(): boolean;
}

const RESEND_MS = 2000;
const RESEND_MAX_MS = 30_000;

export class OwnMessages {
  readonly pending = signal<readonly Pending[]>([]);
  /** Something was not taken, and waits for a decision. */
  readonly failed = computed(() => this.pending.value.some(({ state }) => state === 'failed'));
  readonly #chat: string;
  readonly #around: Around;
  #inFlight: string | undefined;
  #held = false;
  #resendTimer: ReturnType<typeof setTimeout> | undefined;
  #resendMs = RESEND_MS;

  constructor(chat: string, around: Around) {
    this.#chat = chat;
    this.#around = around;
  }

  /** Also while only the server's answer to it is awaited: its entry may have come first. */
  has(id: string): boolean {
    return this.#inFlight === id || this.pending.value.some((message) => message.id === id);
  }

  send(text: string, files: readonly PageFile[] = []): void {
    // Strictly growing, so that the order of writing survives a reload.
    const at = Math.max(Date.now(), (this.pending.value.at(-1)?.at ?? 0) + 1);
    const message: Pending = {
      id: newId(),
      chat: this.#chat,
      text,
      files: [...files],
      at,
      state: 'sending',
    };
    this.#keep(message);
    this.pending.value = [...this.pending.value, message];
    this.next();
  }

  /** What was kept from before, and what was meant for a chat that is gone: before what is here. */
  restore(messages: readonly Unsent[]): void {
    const found = messages.filter(({ id }) => !this.has(id));
    if (found.length === 0) return;
    this.pending.value = [
      ...found.map((message) => ({ ...message, chat: this.#chat, state: 'sending' as const })),
      ...this.pending.value,
    ];
  }

  /** A message that the chat it was written in cannot take any more. */
  adopt(message: Pending): void {
    const mine = { ...message, chat: this.#chat };
    this.#keep(mine);
    this.pending.value = [...this.pending.value, mine];
  }

  retry(id: string): void {
    this.#change(id, ({ refused: _, ...message }) => ({ ...message, state: 'sending' }));
    this.next();
  }

  discard(id: string): void {
    this.pending.value = this.pending.value.filter((message) => message.id !== id);
    const person = this.#around.person();
    if (person !== null) forgetUnsent(person, id);
  }

  closed(): void {
    this.#inFlight = undefined;
    this.#held = false;
    clearTimeout(this.#resendTimer);
  }

  /** `shown`: the last entry that the page has. */
  accepted(id: string, seq: number | undefined, shown: number): void {
    if (this.#inFlight === id) this.#inFlight = undefined;
    this.#resendMs = RESEND_MS;
    const person = this.#around.person();
    if (person !== null) forgetUnsent(person, id);
    // Its entry is here or further up already; otherwise it is on its way.
    if (seq !== undefined && seq <= shown) this.discard(id);
    else this.#change(id, (message) => ({ ...message, state: 'accepted', ...(seq && { seq }) }));
    this.next();
  }

  /** Entries up to `seq` came; `ids` are those of the person among them. */
  shown(seq: number, ids: ReadonlySet<string>): void {
    for (const message of this.pending.value) {
      // What was accepted may also be further up than what is shown.
      if (ids.has(message.id) || (message.seq ?? Infinity) <= seq) this.discard(message.id);
    }
  }

  refused(frame: Refused): void {
    if (this.#inFlight === frame.id) this.#inFlight = undefined;
    if (frame.reason === 'stopping' || frame.reason === 'unavailable') {
      // Nothing is wrong with the message: it is sent again, here or after the next connection.
      this.#held = true;
      this.#change(frame.id, (message) => ({ ...message, refused: frame }));
      this.#later();
    } else {
      this.#change(frame.id, (message) => ({ ...message, state: 'failed', refused: frame }));
      this.next();
    }
  }

  /** Sends the first that waits, when it can be. */
  next(): void {
    if (!this.#around.live() || this.#held || this.#inFlight !== undefined) return;
    const message = this.pending.value.find((one) => one.state === 'sending');
    if (message === undefined) return;
    this.#inFlight = message.id;
    const files = message.files.map((file) => file.id);
    this.#around.post({ type: 'message', id: message.id, chat: this.#chat, text: message.text, files });
  }

  #keep(message: Unsent): void {
    const person = this.#around.person();
    if (person !== null) keepUnsent(person, message);
  }

  #later(): void {
    clearTimeout(this.#resendTimer);
    this.#resendTimer = setTimeout(() => {
      this.#held = false;
      this.next();
    }, this.#resendMs);
    this.#resendMs = Math.min(this.#resendMs * 2, RESEND_MAX_MS);
  }

  #change(id: string, change: (message: Pending) => Pending): void {
    this.pending.value = this.pending.value.map((message) => (message.id === id ? change(message) : message));
  }
}
