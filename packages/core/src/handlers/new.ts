import { type Address, newPlatformChatId } from '@surfaces/protocol';
import { tellByDefault } from '../changes.ts';
import type { Context } from '../context.ts';
import type { Delivery } from '../delivery.ts';
import type { Command } from '../dispatcher.ts';
import { escapeMarkdown } from '../markdown/escape.ts';
import { placeChat } from '../places.ts';
import { givenName } from './given-name.ts';

/** `new [name]`: another chat with a context of its own, in a place of its own where the messenger has such. */
export function newChat(context: Context, delivery: Delivery): Command {
  return {
    name: 'new',
    takes: '[name]',
    help: 'help_new',
    group: 'chats',
    handle: async ({ event, id, person, adapter, t, sign }) => {
      const { store, agents, limits, clock } = context;
      const given = givenName(event.args, limits.nameLength, t);
      if ('refusal' in given) return [{ markdown: given.refusal }];
      const assignment = agents.assign(event.surface, event.author.externalId);
      if (!assignment) return [{ markdown: t('refused_not_served') }];
      const { choices, byDefault } = assignment;
      const chosen = (await store.person(person.id))?.agent;
      const chat = await store.createChat({
        owner: person.id,
        agentId: choices.find((choice) => choice === chosen) ?? choices[0],
        byDefault,
        platformChatId: newPlatformChatId(),
        name: given.name || t('chat_name'),
        named: given.name !== '',
        limit: limits.chats,
        by: id,
        now: clock.now(),
      });
      if (chat === 'too_many') return [{ markdown: t('new_too_many', { limit: limits.chats, sign }) }];
      context.fault('chat.created');

      const name = escapeMarkdown(chat.name);
      const welcome = given.name === '' ? t('new_welcome', { sign }) : t('new_welcome_named', { name, sign });
      const tellWhoAnswers = (address: Address) => {
        if (byDefault) tellByDefault(context, delivery, { adapter, address, chat, person });
      };
      if (!adapter.chats) {
        await store.bindChat(chat.key, event.address, person.id);
        tellWhoAnswers(event.address);
        return [
          { markdown: `${welcome}\n\n${t('new_here', { sign })}`, at: { address: event.address, chat } },
        ];
      }
      const { externalId } = event.author;
      const address = await placeChat(context, adapter, {
        from: event.address,
        event: event.eventId,
        person,
        externalId,
        chat,
        by: id,
      });
      const number = chat.chatId.slice(1);
      if (!address) return [{ markdown: t('new_no_place', { sign, number }) }];
      tellWhoAnswers(address);
      return [
        { markdown: welcome, at: { address, chat } },
        ...(adapter.chats.opens ? [] : [{ markdown: t('new_made', { chat: chat.chatId }), confirms: true }]),
      ];
    },
  };
}
