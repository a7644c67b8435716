/** The chat lists of the people whose browsers are here. */
import type { ExternalId } from '@surfaces/protocol';
import { ChatList, type ChatListOptions } from './chat-list.ts';
import type { WebPerson } from './person.ts';

type ChatListsOptions = Omit<ChatListOptions, 'onUnused'>;

export class ChatLists {
  readonly #o: ChatListsOptions;
  readonly #lists = new Map<ExternalId, ChatList>();

  constructor(options: ChatListsOptions) {
    this.#o = options;
  }

  /** `undefined` when nobody looks at it. */
  find(person: ExternalId): ChatList | undefined {
    return this.#lists.get(person);
  }

  /** The person's list. It is kept while it is watched, so watch it or let it be. */
  of(person: WebPerson): ChatList {
    const known = this.#lists.get(person.id);
    if (known !== undefined) return known;
    const list: ChatList = new ChatList(person, {
      ...this.#o,
      onUnused: () => {
        if (this.#lists.get(person.id) === list) this.#lists.delete(person.id);
      },
    });
    this.#lists.set(person.id, list);
    return list;
  }

  /** Forgets everything; timers end. */
  clear(): void {
    for (const list of this.#lists.values()) list.close();
    this.#lists.clear();
  }
}
