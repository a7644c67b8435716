import type { ExternalId } from '@surfaces/protocol';
import { tellByDefault } from './changes.ts';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import type { Events } from './events.ts';
import { isStop } from './handlers/stop.ts';
import type { Intake } from './intake.ts';
import type { Lanes } from './lanes.ts';
import { persist } from './persist.ts';
import type { Chat, Person, Recovery, SurfaceAdapter } from './ports/index.ts';
import { isServedBy } from './served.ts';
import { deliverFinals } from './undelivered.ts';

/** What takes over the work that was left. */
export interface Successors {
  readonly delivery: Delivery;
  readonly lanes: Lanes;
  readonly intake: Intake;
  readonly events: Events;
  readonly noteExpired: (chat: Chat, person: Person) => void;
}

/** Goes on with what an earlier process left: what was to be said first, then turns in their order. */
export async function recover(
  context: Context,
  { delivery, lanes, intake, events: handlers, noteExpired }: Successors,
  adapter: SurfaceAdapter,
  { turns, operations, events, unnoted, files }: Recovery,
): Promise<void> {
  const { clock, limits, logger, store } = context;
  if (turns.length + operations.length + events.length > 0) {
    logger.info(
      {
        surface: adapter.surface,
        turns: turns.length,
        operations: operations.length,
        events: events.length,
      },
      'going on with what was left',
    );
  }
  // Whose they are is not known any more, nor their language.
  context.own(
    'the delivery of what was left',
    deliverFinals(context, delivery, adapter, operations, context.defaultLocale),
  );
  // Who said stop meant the turn that was running then.
  const stopped = new Set(events.filter(({ pending }) => isStop(pending.event)).map(({ chat }) => chat.key));
  const resumed = new Set<Chat['key']>();
  const authors = new Map<Person['id'], ExternalId | undefined>();
  const authorOf = async (id: Person['id']): Promise<ExternalId | undefined> => {
    if (!authors.has(id)) {
      const find = () => store.findPersons({ id, limit: 1 });
      const [found] = await persist(context, 'the search for a person', find);
      authors.set(id, found?.identities.find(({ surface }) => surface === adapter.surface)?.externalId);
    }
    return authors.get(id);
  };
  const isServed = (chat: Chat, author: ExternalId | undefined) =>
    author !== undefined &&
    isServedBy(context, chat.agentId, { surface: adapter.surface, externalId: author });
  const isStale = (sentAt: number) => clock.now() - sentAt > limits.staleAfterMs;
  for (const { turn, chat, person, events: journalled } of turns) {
    // The process may have ended before it said so; said before, it is not said again.
    if (chat.byDefault) tellByDefault(context, delivery, { adapter, address: turn.address, chat, person });
    if (turn.state === 'queued' && isStale(turn.sentAt)) {
      const lease = await persist(context, 'a chat lease', () => store.claimChat(chat.key));
      await persist(context, 'an expired turn', () => store.commitFinal(lease, turn.id, 'expired', []));
      noteExpired(chat, person);
    } else {
      const job = { turn, chat, person, adapter, author: undefined };
      if (turn.state === 'running') {
        lanes.push({ ...job, journalled, stopped: stopped.has(chat.key) });
        resumed.add(chat.key);
        continue;
      }
      const author = await authorOf(person.id);
      if (isServed(chat, author)) intake.begin(turn.attachments, job);
      lanes.push({ ...job, author });
    }
  }
  for (const { pending, chat, person } of events) {
    // The stopped turn itself says that it was stopped.
    const done = isStop(pending.event) && resumed.has(chat.key);
    if (done || isStale(pending.event.sentAt)) {
      await persist(context, 'the end of a command', () => store.completeEvent(pending.id, []));
    } else {
      // What it speaks of, the question it answers, must be there again.
      handlers.handle({ adapter, pending, chat, person, again: true }, lanes.begun(chat.key));
    }
  }
  for (const { file, chat, person } of files) {
    // The agent that the chat moves to gets the others.
    if (isServed(chat, await authorOf(person.id))) intake.begin([file], { chat, person, adapter });
  }
  for (const { chat, person } of unnoted) noteExpired(chat, person);
}
