/** `ChatStore` over the database's thread. */
import type { ChatStore } from '@surfaces/core';
import { addressKey, type PlatformChatId } from '@surfaces/protocol';
import { toAddress, toAttachment, toChat, toContext, toLeft, toPerson } from '../domain.ts';
import { newId } from '../new-id.ts';
import type { SqliteThread } from './thread.ts';

export function sqliteChats(thread: SqliteThread): ChatStore {
  return {
    async identify({ surface, externalId, name, locale = null, defaultLocale }) {
      const call = { surface, externalId, name, locale, defaultLocale, personId: newId() };
      return toPerson(await thread.call('identify', call));
    },
    async person(id) {
      const row = await thread.call('person', id);
      return row === null ? undefined : toPerson(row);
    },
    async choose(person, { locale = null, streaming = null, agent = null }) {
      return toPerson(await thread.call('choose', { person, locale, streaming, agent }));
    },

    async chatsOf(owner) {
      const rows = await thread.call('chatsOf', owner);
      return rows.map(({ chat, addresses }) => ({ chat: toChat(chat), addresses: addresses.map(toAddress) }));
    },
    async chat(key) {
      const row = await thread.call('chat', key);
      return row === null ? undefined : toChat(row);
    },
    async createChat({ owner, agentId, byDefault, platformChatId, name, named, limit, by, now }) {
      const made = { key: newId(), owner, agentId, byDefault, platformChatId, name, named };
      const chat = { ...made, state: 'active', contextSince: now, tokens: 0 } as const;
      const answer = await thread.call('createChat', { chat, limit, by });
      return answer === 'too_many' ? answer : toChat(answer);
    },
    async bindChat(chat, address, person) {
      await thread.call('bindChat', { chat, address: addressKey(address), person });
    },
    async renameChat(chat, name) {
      return toChat(await thread.call('renameChat', { chat, name }));
    },
    async archiveChat(chat) {
      const answer = await thread.call('archiveChat', chat);
      return typeof answer === 'string' ? answer : toChat(answer);
    },
    async switchContext(input) {
      const answer = await thread.call('switchContext', input);
      if (answer === 'busy') return answer;
      // Stored by this package from a value of that type.
      return { chat: toChat(answer.chat), previous: answer.previous as PlatformChatId };
    },
    async assignChat(input) {
      const { chat, previous } = await thread.call('assignChat', input);
      return { chat: toChat(chat), ...(previous && { previous: toLeft(previous) }) };
    },

    async saveContext({ source, ...context }) {
      const row =
        source.kind === 'copy'
          ? { platformChatId: source.platformChatId, path: null, turn: null }
          : { platformChatId: null, path: source.path, turn: source.turn };
      return toContext(await thread.call('saveContext', { ...context, ...row }));
    },
    async savedContexts(owner, agentId) {
      return (await thread.call('savedContexts', { owner, agentId })).map(toContext);
    },

    async waitingFiles(chat, person) {
      return (await thread.call('waitingFiles', { chat, person })).map(toAttachment);
    },
    async removeFiles(chat, person, ids) {
      return (await thread.call('removeFiles', { chat, person, ids })).map(toAttachment);
    },
    async settleFile(id, result) {
      const nothing = { path: null, size: null, error: null };
      await thread.call('settleFile', { ...nothing, ...result, id });
    },
    countFiles: (chat) => thread.call('countFiles', chat),
  };
}
