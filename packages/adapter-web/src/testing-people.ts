/** For tests: people with their chats, and agents, as a store and a registry tell of them. */
import type { Agents, Chat, Files, Person, PlacedChat } from '@surfaces/core';
import { MemoryDisk, MemoryFileTables } from '@surfaces/core/testing';
import { type Address, AgentId, ChatKey, ExternalId, PersonId, PlatformChatId } from '@surfaces/protocol';
import { addressOf, type People } from './person.ts';

export const AGENT = AgentId.parse('agent-0');

/** Who is `stranger` is not served. */
export function testAgents(): Pick<Agents, 'assign' | 'info'> {
  return {
    assign: (_, externalId) =>
      externalId === 'stranger' ? undefined : { choices: [AGENT], byDefault: false },
    info: (id) => ({ id, label: 'Analyst' }),
  };
}

/** `maxBytes`: of one file. */
export function memoryFiles(maxBytes?: number): Files {
  return new MemoryFileTables(new MemoryDisk()).open(maxBytes).files;
}

export class MemoryPeople implements People {
  readonly persons = new Map<string, Person>();
  readonly placed: PlacedChat[] = [];
  fault: Error | undefined;
  /** How often it was asked for chats, and who somebody is. */
  asked = 0;
  identified = 0;
  /** Until it resolves, no chats are told. */
  gate: Promise<void> | undefined;

  async identify(...[{ externalId, name, locale, defaultLocale }]: Parameters<People['identify']>) {
    if (this.fault !== undefined) throw this.fault;
    this.identified += 1;
    const known = this.persons.get(externalId);
    const id = known?.id ?? PersonId.parse(`person-of-${externalId}`);
    const spoken = locale ?? known?.locale ?? defaultLocale;
    const person: Person = { localeChosen: false, streaming: true, ...known, id, name, locale: spoken };
    this.persons.set(externalId, person);
    return person;
  }

  async chatsOf(owner: PersonId) {
    if (this.fault !== undefined) throw this.fault;
    this.asked += 1;
    await this.gate;
    return this.placed.filter(({ chat }) => chat.owner === owner);
  }

  /** Puts a chat of that person there, or another one than before. */
  bind(externalId: string, thread: string, more: Partial<Chat> = {}): Address {
    const address = addressOf(ExternalId.parse(externalId), thread);
    const key = ChatKey.parse(`chat-${externalId}-${thread}`);
    const at = this.placed.findIndex(({ chat }) => chat.key === key);
    const chat: Chat = {
      key,
      chatId: `C${at === -1 ? this.placed.length + 1 : at + 1}`,
      name: thread,
      owner: PersonId.parse(`person-of-${externalId}`),
      agentId: AGENT,
      platformChatId: PlatformChatId.parse('17'),
      state: 'active',
      byDefault: false,
      contextSince: 0,
      tokens: 0,
      ...(this.placed[at]?.chat ?? {}),
      ...more,
    };
    this.placed.splice(at === -1 ? this.placed.length : at, at === -1 ? 0 : 1, {
      chat,
      addresses: [address],
    });
    return address;
  }
}
