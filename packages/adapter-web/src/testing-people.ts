/** For tests: people with their chats, and agents, as a store and a registry tell of them. */
import type { Agents, Chat, Files, Person, PlacedChat } from '@surfaces/core';
import { MemoryDisk, MemoryFileTables } from '@surfaces/core/testing';
import {
  type Address,
  AgentId,
  addressKey,
  ChatKey,
  ExternalId,
  PersonId,
  PlatformChatId,
} from '@surfaces/protocol';
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
    const id = known?.id ?? this.idOf(externalId);
    const spoken = locale ?? known?.locale ?? defaultLocale;
    const fresh = { id, localeChosen: false, streaming: true };
    const kept = known?.localeChosen === true ? known.locale : spoken;
    const person: Person = { ...fresh, ...known, name, locale: kept };
    this.persons.set(externalId, person);
    return person;
  }

  async chatsOf(owner: PersonId) {
    if (this.fault !== undefined) throw this.fault;
    this.asked += 1;
    await this.gate;
    return this.placed.filter(({ chat }) => chat.owner === owner);
  }

  idOf(externalId: string): PersonId {
    return PersonId.parse(`person-of-${externalId}`);
  }

  chatOf(externalId: string, chatId: string, more: Partial<Chat> = {}): Chat {
    return {
      key: ChatKey.parse(`chat-${externalId}-${chatId}`),
      chatId,
      name: '',
      owner: this.idOf(externalId),
      agentId: AGENT,
      platformChatId: PlatformChatId.parse('17'),
      state: 'active',
      named: true,
      byDefault: false,
      contextSince: 0,
      tokens: 0,
      ...more,
    };
  }

  /** Puts a chat of that person there, or changes the one that is there. */
  bind(externalId: string, thread: string, more: Partial<Chat> = {}): Address {
    const address = addressOf(ExternalId.parse(externalId), thread);
    const key = addressKey(address);
    const at = this.placed.findIndex(({ addresses: [there] }) => there && addressKey(there) === key);
    const before = this.placed[at]?.chat;
    const chatId = `C${this.placed.length + 1}`;
    const chat = { ...(before ?? this.chatOf(externalId, chatId, { name: thread })), ...more };
    if (at === -1) this.placed.push({ chat, addresses: [address] });
    else this.placed[at] = { chat, addresses: [address] };
    return address;
  }
}
