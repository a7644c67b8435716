import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import type { Dispatcher, Reply } from './dispatcher.ts';
import { translator } from './i18n/catalogue.ts';
import { persist } from './persist.ts';
import type { Chat, PendingEvent, Person, SurfaceAdapter } from './ports/index.ts';
import { say } from './say.ts';

/** A command or a button that was accepted. */
export interface AcceptedEvent {
  readonly adapter: SurfaceAdapter;
  readonly pending: PendingEvent;
  readonly chat: Chat;
  readonly person: Person;
  /** See `Handling`. */
  readonly again?: boolean;
}

/** Commands and buttons: handled beside the lanes, at once; what is replied goes through the outbox. */
export class Events {
  readonly #context: Context;
  readonly #delivery: Delivery;
  readonly #dispatcher: Dispatcher;

  constructor(context: Context, delivery: Delivery, dispatcher: Dispatcher) {
    this.#context = context;
    this.#delivery = delivery;
    this.#dispatcher = dispatcher;
  }

  /** `after`: what must be there before it can be handled. */
  handle(accepted: AcceptedEvent, after?: Promise<void>): void {
    const handled = after ? after.then(() => this.#handle(accepted)) : this.#handle(accepted);
    this.#context.own(`the command ${accepted.pending.id}`, handled);
  }

  async #handle({ adapter, pending, chat, person: known, again = false }: AcceptedEvent): Promise<void> {
    const { event, id, acceptedAt } = pending;
    const person = this.#context.people.current(known);
    const t = translator(person.locale);
    const sign = adapter.capabilities.commandSign ?? '/';
    let replies: readonly Reply[];
    try {
      const handling = { event, id, acceptedAt, again, chat, person, adapter, t, sign };
      replies = await this.#dispatcher.dispatch(handling);
    } catch (error) {
      // What was not finished is handled again at the next start.
      this.#context.stopping.throwIfAborted();
      this.#context.logger.error({ event: id, chat: chat.key, err: error }, 'a handler failed');
      replies = [{ markdown: t('command_failed') }];
    }
    const quiet = event.kind === 'command' && event.quiet === true;
    const said = quiet ? replies.filter(({ confirms }) => !confirms) : replies;
    const operations = said.flatMap((reply, index) =>
      say(adapter, {
        name: `${id}:reply:${index}`,
        address: reply.at?.address ?? event.address,
        chat: reply.at?.chat ?? chat,
        role: 'system',
        markdown: reply.markdown,
        ...(reply.buttons ? { buttons: reply.buttons } : {}),
        ...(reply.settles ? { settles: reply.settles } : {}),
      }),
    );
    this.#context.fault('event.before_complete');
    const committed = await persist(this.#context, 'the reply to a command', () =>
      this.#context.store.completeEvent(id, operations),
    );
    await this.#delivery.pushAll(committed);
  }
}
