import type { Context } from '../context.ts';
import type { Command, Handler, Handling, Reply } from '../dispatcher.ts';
import { clip, escapeMarkdown } from '../markdown/escape.ts';
import { cleanName } from '../names.ts';
import { here, placeChat } from '../places.ts';
import type { PlacedChat } from '../ports/index.ts';
import { chatName } from './chat-name.ts';
import { menuButtons, numberIn, pressed } from './menu.ts';

/** So many chats are listed, the newest; the rest is counted. */
const LISTED = 50;

/** `chats` lists, `chats <n>` goes to one: its number is that of its name, `C2`. */
export function chats(context: Context): Command {
  return {
    name: 'chats',
    takes: '[n]',
    help: 'help_chats',
    group: 'chats',
    handle: async (handling) => {
      const { event, person, t, sign } = handling;
      const all = await context.store.chatsOf(person.id);
      if (event.args.trim() === '') return [listed(handling, all)];
      const number = numberIn(event.args.trim().replace(/^c/i, ''));
      const found = all.find(({ chat }) => chat.chatId === `C${number}`);
      return found
        ? await go(context, handling, found)
        : [
            {
              markdown: t('chats_unknown', { sign, given: escapeMarkdown(clip(cleanName(event.args), 40)) }),
            },
          ];
    },
  };
}

/** A button of the list. Only the person's own chats can be reached. */
export function chatButton(context: Context): Handler<'callback'> {
  return async (handling) => {
    const { value, settles } = pressed(handling.event.action);
    const all = await context.store.chatsOf(handling.person.id);
    const found = all.find(({ chat }) => chat.key === value);
    if (!found) return [{ markdown: handling.t('not_yours') }];
    const replies = await go(context, handling, found);
    return replies.map((reply) => ({ ...reply, settles }));
  };
}

function listed({ chat: current, adapter, t, sign }: Handling, all: readonly PlacedChat[]): Reply {
  const shown = all.slice(-LISTED);
  const lines = shown.map(({ chat }) => {
    const marks = [
      ...(chat.key === current.key ? [t('chats_here')] : []),
      ...(chat.state === 'archived' ? [t('chats_archived')] : []),
    ];
    return `- **${chat.chatId}** ${[escapeMarkdown(chatName(chat, t)), ...marks].join(' · ')}`;
  });
  if (shown.length < all.length)
    lines.unshift(`- ${t('expired_more', { count: all.length - shown.length })}`);
  // Where each has a place of its own, only those without one are to be brought here.
  const reachable = shown.filter(
    ({ chat, addresses }) =>
      chat.key !== current.key && (!adapter.chats || here(adapter, addresses).length === 0),
  );
  // One that there is, to name in the hint.
  const other = shown.findLast(({ chat }) => chat.key !== current.key)?.chat;
  const hint = adapter.chats ? 'chats_hint' : 'chats_hint_here';
  return {
    markdown: [
      t('chats', { count: all.length, chats: lines.join('\n') }),
      other ? t(hint, { sign, number: other.chatId.slice(1) }) : t('chats_hint_one', { sign }),
    ].join('\n\n'),
    buttons: menuButtons(
      'chat',
      reachable.map(({ chat }) => ({ label: `${chat.chatId} ${chatName(chat, t)}`, value: chat.key })),
    ),
  };
}

/** Turns this place to the chat; where chats have places of their own, tells of it or makes it. */
async function go(
  context: Context,
  { event, id, chat: current, person, adapter, t, sign }: Handling,
  { chat, addresses }: PlacedChat,
): Promise<readonly Reply[]> {
  const words = { chat: chat.chatId, name: escapeMarkdown(chatName(chat, t)) };
  if (!adapter.chats) {
    await context.store.bindChat(chat.key, event.address, person.id);
    return [{ markdown: t('chats_now_here', words), at: { address: event.address, chat } }];
  }
  if (chat.key === current.key) return [{ markdown: t('chats_already_here', words) }];
  if (here(adapter, addresses).length > 0) return [{ markdown: t('chats_elsewhere', words) }];
  const { externalId } = event.author;
  const { address: from, eventId } = event;
  const request = { from, event: eventId, person, externalId, chat, by: id };
  const address = await placeChat(context, adapter, request);
  if (!address) return [{ markdown: t('new_no_place', { sign, number: chat.chatId.slice(1) }) }];
  return adapter.chats.opens ? [] : [{ markdown: t('new_made', { chat: chat.chatId }) }];
}
