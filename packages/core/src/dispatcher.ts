import type { Address, Button, IncomingEvent, Locale, Settled } from '@surfaces/protocol';
import { LOCALES } from '@surfaces/protocol';
import { type MessageKey, type Translate, translator } from './i18n/catalogue.ts';
import type { Chat, CommandInfo, Person, SurfaceAdapter } from './ports/index.ts';

export interface Reply {
  readonly markdown: string;
  /** Only says that it was done: left out where a control of the surface asked (`quiet`), which shows it by itself. */
  readonly confirms?: boolean;
  readonly buttons?: readonly Button[];
  /** Buttons of earlier messages that do nothing any more. */
  readonly settles?: readonly Settled[];
  /** Said in another place than the event came from, at the same messenger. */
  readonly at?: { readonly address: Address; readonly chat: Pick<Chat, 'key'> };
}

export interface Handling<E extends IncomingEvent = IncomingEvent> {
  readonly event: E;
  /** Names this event for ever; what a handler does twice under it must be done once. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
  /** The process ended while the event was handled: all of it, a part or nothing may have been done. */
  readonly again: boolean;
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

/** What belongs together in the help, in this order. */
export const COMMAND_GROUPS = ['answers', 'chats', 'memory', 'files', 'system'] as const;
export type CommandGroup = (typeof COMMAND_GROUPS)[number];

/** A command as people see it. */
export interface Command {
  readonly name: string;
  /** Other names of it; the help does not list them. */
  readonly aliases?: readonly string[];
  /** What may follow it: `<name>` must, `[name]` may. */
  readonly takes?: string;
  readonly help: MessageKey;
  /** `system` when left out. */
  readonly group?: CommandGroup;
  readonly handle: Handler<'command'>;
}

/**
 * Event kind → key → handler. Commands are found by name, callbacks by what stands before the first
 * `:` of their action; `*` takes the rest. A later registration overrides an earlier one.
 */
export class Dispatcher {
  readonly #commands = new Map<string, Command>();
  readonly #aliases = new Map<string, string>();
  readonly #callbacks = new Map<string, Handler<'callback'>>();

  command(command: Command): this {
    this.#commands.set(command.name, command);
    for (const alias of command.aliases ?? []) this.#aliases.set(alias, command.name);
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

  /** The commands as a surface shows them, with their help in each language. */
  menu(): readonly CommandInfo[] {
    return this.commands().map(({ name, takes, help }) => ({
      name,
      ...(takes === undefined ? {} : { takes }),
      // Every locale is a key: the cast says what `fromEntries` cannot.
      help: Object.fromEntries(LOCALES.map((locale) => [locale, translator(locale)(help)])) as Record<
        Locale,
        string
      >,
    }));
  }

  async dispatch(handling: Handling): Promise<readonly Reply[]> {
    const { event } = handling;
    if (event.kind === 'command') {
      const command = this.#find(event.name.toLowerCase()) ?? this.#commands.get('*');
      return (await command?.handle({ ...handling, event })) ?? [];
    }
    if (event.kind === 'callback') {
      const key = event.action.split(':', 1)[0] ?? '';
      const handle = this.#callbacks.get(key) ?? this.#callbacks.get('*');
      return (await handle?.({ ...handling, event })) ?? [];
    }
    return [];
  }

  #find(name: string): Command | undefined {
    return this.#commands.get(name) ?? this.#commands.get(this.#aliases.get(name) ?? '');
  }
}
