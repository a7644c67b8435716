import type { Context } from '../context.ts';
import type { Command } from '../dispatcher.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { archivePlaces } from '../places.ts';

/** `archive`: puts this chat away. A message in it brings it back. */
export function archive(context: Context): Command {
  return {
    name: 'archive',
    help: 'help_archive',
    group: 'chats',
    handle: async ({ event, id, chat, person, adapter, t, sign }) => {
      const archived = await context.store.archiveChat(chat.key);
      if (archived === 'last') return [{ markdown: t('archive_last', { sign }) }];
      if (archived === 'busy') return [{ markdown: t('busy', { sign }) }];
      const chats = await context.store.chatsOf(person.id);
      const name = escapeMarkdown(archived.name);
      if (adapter.chats) {
        const placed = chats.find((one) => one.chat.key === chat.key);
        archivePlaces(context, adapter, archived, placed?.addresses ?? [event.address], id);
        return [{ markdown: t('archived', { name }), confirms: true }];
      }
      // There is one place here: the next chat takes it, or a message would bring this one back.
      const next = chats.findLast((one) => one.chat.state === 'active')?.chat;
      if (!next) return [{ markdown: t('archived', { name }), confirms: true }];
      await context.store.bindChat(next.key, event.address, person.id);
      const to = { chat: next.chatId, other: escapeMarkdown(next.name) };
      return [{ markdown: t('archived_here', { name, ...to, sign }) }];
    },
  };
}
