import type { Button, IncomingEvent, Settled } from '@surfaces/protocol';
import type { MessageKey, Translate } from './i18n/catalogue.ts';
import type { Chat, Person, SurfaceAdapter } from './ports/index.ts';

export interface Reply {
  readonly markdown: string;
  readonly buttons?: readonly Button[];
  /** Buttons of earlier messages that do nothing any more. */
  readonly settles?: readonly Settled[];
}

export interface Handling<E extends IncomingEvent = IncomingEvent> {
  readonly event: E;
  /** Names this event for ever; what a handler does twice under it must be done once. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
  readonly chat: Chat;
  readonly person: Person;
  readonly adapter: SurfaceAdapter;
  /** The person's language. */
  readonly t: Translate;
  /** What commands begin with on this surface. */
  readonly sign: string;
}

type EventOf<K extends IncomingEvent['kind']> = Extract<IncomingEvent, { kind: K }>;
/**
 * Handles one event; what it returns is said to the person. After a crash it may be called again for
 * the same event (same `id`).
 */
export type Handler<K extends 'command' | 'callback' = 'command' | 'callback'> = (
  handling: Handling<EventOf<K>>,
) => Promise<readonly Reply[]>;

/** A command as people see it. */
export interface Command {
  readonly name: string;
  readonly help: MessageKey;
  readonly handle: Handler<'command'>;
}

/**
 * Event kind → key → handler. Commands are found by name, callbacks by what stands before the first
 * `:` of their action; `*` takes the rest. A later registration overrides an earlier one.
 */
export class Dispatcher {
  readonly #commands = new Map<string, Command>();
  readonly #callbacks = new Map<string, Handler<'callback'>>();

  command(command: Command): this {
    this.#commands.set(command.name, command);
    return this;
  }

  callback(key: string, handle: Handler<'callback'>): this {
    this.#callbacks.set(key, handle);
    return this;
  }

  /** In the order of registration, without `*`. */
  commands(): readonly Command[] {
    return [...this.#commands.values()].filter((command) => command.name !== '*');
  }

  async dispatch(handling: Handling): Promise<readonly Reply[]> {
    const { event } = handling;
    if (event.kind === 'command') {
      const command = this.#commands.get(event.name.toLowerCase()) ?? this.#commands.get('*');
      return (await command?.handle({ ...handling, event })) ?? [];
    }
    if (event.kind === 'callback') {
      const key = event.action.split(':', 1)[0] ?? '';
      const handle = this.#callbacks.get(key) ?? this.#callbacks.get('*');
      return (await handle?.({ ...handling, event })) ?? [];
    }
    return [];
  }
}
