/** What the conformance suite of `SurfaceAdapter` is given, and how its cases look at it. */
import assert from 'node:assert/strict';
import type { Accept, AcceptResult, SurfaceAdapter } from '@surfaces/core';
import { type Address, type IncomingEvent, OperationId, OutgoingMessage } from '@surfaces/protocol';

/** One message as the person sees it. */
export interface Seen {
  /** The words as they are read there; markup may be gone. */
  readonly text: string;
  /** The labels of its buttons. */
  readonly buttons: readonly string[];
}

/** Somebody at an address, with a real client of the messenger or its emulator. */
export interface Person {
  /** Resolves when the messenger has it; it may not be delivered yet. */
  say(text: string): Promise<void>;
  /** Presses a button that is shown, by its label. */
  press(label: string): Promise<void>;
  /** The bot's messages at the address, oldest first, without previews. */
  seen(): Promise<readonly Seen[]>;
  /** The previews that are shown now; none where `capabilities.preview` is not `draft`. */
  previews(): Promise<readonly string[]>;
}

export interface SurfaceUnderTest {
  /** Made, not started. */
  readonly adapter: SurfaceAdapter;
  /** Two different places at the messenger; a thread and its room where there are threads. */
  readonly addresses: readonly [Address, Address];
  person(address: Address): Person;
  /**
   * Ends the adapter as SIGKILL would and makes the next one, not started, for the same account.
   * Leave out where that is impossible.
   */
  restart?(): Promise<SurfaceAdapter>;
  /** Cuts the way between adapter and messenger. Leave both out where there is none. */
  disconnect?(): Promise<void>;
  reconnect?(): Promise<void>;
  close(): Promise<void>;
}

export type SurfaceFactory = () => Promise<SurfaceUnderTest>;

export interface SurfaceCase {
  readonly name: string;
  /** Whether the adapter has what the case is about; every one has by default. */
  readonly applies?: (adapter: SurfaceAdapter) => boolean;
  /** What the factory must give; without it the case is skipped. */
  readonly needs?: 'restart' | 'disconnect';
  readonly run: (stage: Stage) => Promise<void>;
}

/** One surface during one case. */
export class Stage {
  readonly surface: SurfaceUnderTest;
  /** Everything that `accept` was called with. */
  readonly events: IncomingEvent[] = [];
  /** What `accept` answers; a case may replace it. */
  answer: Accept = async () => ({ outcome: 'accepted' });
  adapter: SurfaceAdapter;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #patienceMs: number;
  #operations = 0;

  /** `patienceMs`: how long something that must happen may take. */
  constructor(surface: SurfaceUnderTest, patienceMs: number) {
    this.surface = surface;
    this.adapter = surface.adapter;
    this.#patienceMs = patienceMs;
  }

  get address(): Address {
    return this.surface.addresses[0];
  }

  get other(): Address {
    return this.surface.addresses[1];
  }

  get person(): Person {
    return this.surface.person(this.address);
  }

  start(): Promise<void> {
    return this.adapter.start(async (event): Promise<AcceptResult> => {
      this.events.push(event);
      return this.answer(event);
    }, []);
  }

  /** Ends the adapter without a warning; the next one is not started. */
  async restart(): Promise<void> {
    assert(this.surface.restart);
    this.adapter = await this.surface.restart();
  }

  operation(): OperationId {
    this.#operations += 1;
    return OperationId.parse(`suite-${this.#operations}`);
  }

  async send(markdown: string, more: Partial<OutgoingMessage> = {}, address = this.address): Promise<void> {
    await this.adapter.send(address, say(markdown, more), this.operation(), this.signal);
  }

  async seen(address = this.address): Promise<string[]> {
    return (await this.surface.person(address).seen()).map(({ text }) => text.trim());
  }

  /** The texts of the messages that arrived. */
  texts(): string[] {
    return this.events.flatMap((event) => (event.kind === 'message' ? [event.text] : []));
  }

  /** Waits until `check` stops throwing; throws what it threw last when it does not in time. */
  async until(check: () => void | Promise<void>): Promise<void> {
    const end = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (performance.now() > end) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  untilEvents(count: number): Promise<void> {
    return this.until(() => {
      assert(this.events.length >= count, `${this.events.length} of ${count} events arrived`);
    });
  }
}

export function say(markdown: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return OutgoingMessage.parse({ kind: 'message', role: 'agent', markdown, ...more });
}
