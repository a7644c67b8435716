import type { Context } from '../context.ts';
import type { Command } from '../dispatcher.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { renamePlaces } from '../places.ts';
import { givenName } from './given-name.ts';

/** `rename <name>`: this chat, and its room or topic. */
export function rename(context: Context): Command {
  return {
    name: 'rename',
    takes: '<name>',
    help: 'help_rename',
    group: 'chats',
    handle: async ({ event, id, chat, person, adapter, t, sign }) => {
      const given = givenName(event.args, context.limits.nameLength, t);
      if ('refusal' in given) return [{ markdown: given.refusal }];
      if (given.name === '') return [{ markdown: t('rename_empty', { sign }) }];
      const renamed = await context.store.renameChat(chat.key, given.name);
      const placed = (await context.store.chatsOf(person.id)).find((one) => one.chat.key === chat.key);
      renamePlaces(context, adapter, renamed, placed?.addresses ?? [event.address], id);
      return [{ markdown: t('renamed', { name: escapeMarkdown(renamed.name) }), confirms: true }];
    },
  };
}
