/** What operators do with people's data while the system runs. */
import type { AgentId, ChatKey, OperationId, PersonId, PlatformChatId } from '@surfaces/protocol';
import { bounded } from './agent-call.ts';
import type { Context } from './context.ts';
import type { Delivery } from './delivery.ts';
import type { Intake } from './intake.ts';
import type { Lanes } from './lanes.ts';
import type { Chat } from './ports/index.ts';
import { within } from './within.ts';

/** A context at an agent that nobody here knows any more. */
export interface ForgottenContext {
  readonly agentId: AgentId;
  readonly platformChatId: PlatformChatId;
}

/**
 * Ends what runs for a person, then deletes files, then what is stored: if it fails half-way, the person
 * is still there to be deleted again. `takeUp`: then goes on with what was ended.
 */
export async function forgetPerson(
  context: Context,
  { lanes, delivery, intake }: { lanes: Lanes; delivery: Delivery; intake: Intake },
  person: PersonId,
  takeUp: (chats: ReadonlySet<ChatKey>) => Promise<void>,
): Promise<readonly ForgottenContext[]> {
  const chats = (await context.store.chatsOf(person)).map(({ chat }) => chat);
  const keys = chats.map(({ key }) => key);
  delivery.drop(keys);
  try {
    return await deleteAll(context, { lanes, intake }, person, chats);
  } catch (error) {
    // What is being sent is to be known as sent before it is looked for.
    await within(context, 'the messages of a person who stays', delivery.ended(keys));
    delivery.keep(keys);
    // The person is still there, and may go on until it is tried again.
    await takeUp(new Set(keys));
    throw error;
  }
}

async function deleteAll(
  context: Context,
  { lanes, intake }: { lanes: Lanes; intake: Intake },
  person: PersonId,
  chats: readonly Chat[],
): Promise<readonly ForgottenContext[]> {
  const { store, files, workspaces, people } = context;
  const keys = chats.map(({ key }) => key);
  // What does not end finds nothing any more that it could change.
  await within(context, 'the turns of a person who is deleted', lanes.end(keys));
  await within(context, 'the files of a person who is deleted', intake.end(keys));
  await files.dropAll(person);
  await workspaces.forget(person);
  const contexts = await store.deletePerson(person);
  people.forget(person);
  // What came in between: now that nobody is of that id, nothing more does.
  await files.dropAll(person);
  context.logger.info({ chats: keys.length, contexts: contexts.length }, "a person's data was deleted");
  return contexts;
}

/** What an agent wrote for a person who was deleted before it heard that this is over. */
export async function forgetAgain({ workspaces, logger }: Context, person: PersonId): Promise<void> {
  try {
    await workspaces.forget(person);
  } catch (error) {
    logger.warn({ err: error }, 'an agent may have left files of a person who was deleted');
  }
}

/** Tells the agents that these are not needed any more; the result has those that could not be told of. */
export async function disposeContexts(
  context: Context,
  contexts: readonly ForgottenContext[],
): Promise<readonly ForgottenContext[]> {
  const { agents, limits, logger } = context;
  const left = contexts.map(async (one) => {
    const client = agents.client(one.agentId);
    try {
      if (client === undefined) throw new Error('there is no such agent');
      await bounded(context, limits.agentCallMs, (signal) => client.dispose(one.platformChatId, signal));
      return [];
    } catch (error) {
      logger.warn({ agent: one.agentId, err: error }, 'an agent could not be told that a context is over');
      return [one];
    }
  });
  return (await Promise.all(left)).flat();
}

/** How many of the operations were dead letters; they are being sent again. */
export async function replayDeadLetters(
  context: Context,
  delivery: Delivery,
  ids: readonly OperationId[],
): Promise<number> {
  const revived = await context.store.reviveDeadLetters(ids, context.clock.now());
  context.own('the replay of dead letters', delivery.pushAll(revived));
  return revived.length;
}
