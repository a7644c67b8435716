import type { Address, EventId, ExternalId } from '@surfaces/protocol';
import type { Context } from './context.ts';
import { persist } from './persist.ts';
import { type Chat, isSurfaceError, type Person, type SurfaceAdapter, sleep } from './ports/index.ts';
import { operationId } from './say.ts';

/**
 * Makes a place of its own for a chat and binds it. `by` makes it safe to repeat. `undefined`: the
 * messenger does not make it; the chat is there and can be placed later.
 */
export async function placeChat(
  context: Context,
  adapter: SurfaceAdapter,
  request: {
    readonly from: Address;
    readonly event: EventId;
    readonly person: Person;
    readonly externalId: ExternalId;
    readonly chat: Chat;
    readonly by: string;
  },
): Promise<Address | undefined> {
  const { chats } = adapter;
  const { from, event, person, externalId, chat, by } = request;
  if (!chats) return undefined;
  let address: Address;
  try {
    address = await insist(context, () =>
      chats.create(
        { from, event, person: { id: person.id, externalId }, chat },
        operationId(by, 'place'),
        context.stopping,
      ),
    );
  } catch (error) {
    context.stopping.throwIfAborted();
    context.logger.warn(
      { surface: adapter.surface, chat: chat.key, err: error },
      'a place for a chat could not be made',
    );
    return undefined;
  }
  context.fault('chat.placed');
  // The place is there: it must not stay without its chat.
  await persist(context, 'the place of a chat', () => context.store.bindChat(chat.key, address, person.id));
  return address;
}

/** Brings the name of a chat's places up to date; best effort, and nobody waits for it. */
export function renamePlaces(
  context: Context,
  adapter: SurfaceAdapter,
  chat: Chat,
  addresses: readonly Address[],
  by: string,
): void {
  changePlaces(context, adapter, chat, addresses, 'the name of a place', ({ name }, address, index) =>
    adapter.chats?.rename(address, name, operationId(by, 'rename', index), context.stopping),
  );
}

/** Shows whether a chat is archived; best effort, and nobody waits for it. */
export function archivePlaces(
  context: Context,
  adapter: SurfaceAdapter,
  chat: Chat,
  addresses: readonly Address[],
  by: string,
): void {
  changePlaces(context, adapter, chat, addresses, 'the archive of a place', ({ state }, address, index) => {
    const id = operationId(by, 'state', index);
    return adapter.chats?.archive(address, state === 'archived', id, context.stopping);
  });
}

/** Each time with the chat as it is then: what the messenger takes late must not undo what came after it. */
function changePlaces(
  context: Context,
  adapter: SurfaceAdapter,
  { key }: Chat,
  addresses: readonly Address[],
  what: string,
  change: (chat: Chat, address: Address, index: number) => Promise<void> | undefined,
): void {
  if (!adapter.chats) return;
  for (const [index, address] of here(adapter, addresses).entries()) {
    const call = async () => {
      const chat = await context.store.chat(key);
      if (chat) await change(chat, address, index);
    };
    context.own(what, insist(context, call));
  }
}

/** Those of the addresses that this adapter serves. */
export function here(adapter: SurfaceAdapter, addresses: readonly Address[]): readonly Address[] {
  return addresses.filter(
    ({ surface, account }) => surface === adapter.surface && account === adapter.account,
  );
}

/** Calls again while the messenger cannot be reached or says "too many", but not for ever. */
async function insist<T>(context: Context, call: () => Promise<T>): Promise<T> {
  const until = context.clock.now() + context.limits.placeMs;
  for (let wait = context.limits.sendBackoff.firstMs; ; wait *= 2) {
    try {
      return await call();
    } catch (error) {
      if (!isSurfaceError(error) || error.code === 'refused') throw error;
      const pause = Math.max(wait, error.retryAfterMs ?? 0);
      if (context.clock.now() + pause > until) throw error;
      await sleep(context.clock, pause, context.stopping);
    }
  }
}
