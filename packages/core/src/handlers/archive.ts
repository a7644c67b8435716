import type { Context } from '../context.ts';
import type { Command, Handling } from '../dispatcher.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { archivePlaces } from '../places.ts';
import { chatName } from './chat-name.ts';

/** `archive`: puts this chat away. A message in it brings it back. */
export function archive(context: Context): Command {
  return {
    name: 'archive',
    help: 'help_archive',
    group: 'chats',
    handle: async (handling) => {
      const { event, id, chat, person, adapter, t, sign } = handling;
      if (!adapter.chats) return [{ markdown: await leave(context, handling) }];
      const archived = await context.store.archiveChat(chat.key);
      if (archived === 'last') return [{ markdown: t('archive_last', { sign }) }];
      if (archived === 'busy') return [{ markdown: t('busy', { sign }) }];
      const placed = (await context.store.chatsOf(person.id)).find((one) => one.chat.key === chat.key);
      archivePlaces(context, adapter, archived, placed?.addresses ?? [event.address], id);
      return [{ markdown: t('archived', { name: escapeMarkdown(chatName(archived, t)) }), confirms: true }];
    },
  };
}

/**
 * Where there is one place the next chat takes it, and first of all: what is said meanwhile would bring
 * this one back.
 */
async function leave({ store }: Context, { event, chat, person, t, sign }: Handling): Promise<string> {
  const others = (await store.chatsOf(person.id))
    .map((one) => one.chat)
    .filter(({ key }) => key !== chat.key);
  const next = others.findLast(({ state }) => state === 'active');
  if (!next) return t('archive_last', { sign });
  await store.bindChat(next.key, event.address, person.id);
  const archived = await store.archiveChat(chat.key);
  if (typeof archived === 'string') {
    await store.bindChat(chat.key, event.address, person.id);
    return t(archived === 'last' ? 'archive_last' : 'busy', { sign });
  }
  const name = escapeMarkdown(chatName(archived, t));
  return t('archived_here', { name, chat: next.chatId, other: escapeMarkdown(chatName(next, t)), sign });
}
