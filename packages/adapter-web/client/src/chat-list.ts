/** The chats of the person as a list: what stands where, what is unread, who is next. */
import { computed, signal } from '@preact/signals';
import type { ChatSummary } from '../../src/frames.ts';

export class ChatList {
  /** The newest activity first. */
  readonly all = signal<readonly ChatSummary[]>([]);
  readonly active = computed(() => this.all.value.filter(({ state }) => state === 'active'));
  readonly archived = computed(() => this.all.value.filter(({ state }) => state === 'archived'));
  /** What was seen here counts as read before the server says so. */
  readonly #read = signal<ReadonlyMap<string, number>>(new Map());
  readonly unread = computed(
    () => new Set(this.all.value.filter((chat) => this.#isUnread(chat)).map(({ id }) => id)),
  );

  /** What did not change stays the same object, so that it is not drawn again. */
  set(chats: readonly ChatSummary[]): void {
    const known = new Map(this.all.value.map((chat) => [chat.id, chat]));
    this.all.value = chats.map((chat) => {
      const before = known.get(chat.id);
      return before !== undefined && same(before, chat) ? before : chat;
    });
  }

  clear(): void {
    this.all.value = [];
    this.#read.value = new Map();
  }

  get(id: string): ChatSummary | undefined {
    return this.all.value.find((chat) => chat.id === id);
  }

  /** Everything up to `seq` was seen. */
  read(id: string, seq: number): void {
    if ((this.#read.value.get(id) ?? 0) < seq) this.#read.value = new Map(this.#read.value).set(id, seq);
  }

  /** Shown until the server says how it is called. */
  rename(id: string, name: string): void {
    this.set(this.all.value.map((chat) => (chat.id === id ? { ...chat, name } : chat)));
  }

  /** The active chat `by` places below `id`, round the ends; undefined where there is no other. */
  neighbour(id: string | null, by: 1 | -1): string | undefined {
    const ids = this.active.value.map((chat) => chat.id);
    const at = id === null ? -1 : ids.indexOf(id);
    const next = at === -1 ? ids[0] : ids[(at + by + ids.length) % ids.length];
    return next === id ? undefined : next;
  }

  #isUnread(chat: ChatSummary): boolean {
    return chat.unread && chat.last > (this.#read.value.get(chat.id) ?? 0);
  }
}

function same(one: ChatSummary, other: ChatSummary): boolean {
  return (Object.keys(other) as (keyof ChatSummary)[]).every((key) => one[key] === other[key]);
}

/** Chats whose name or number has every word of `query` in it; those that begin with it first. */
export function findChats(chats: readonly ChatSummary[], query: string): readonly ChatSummary[] {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return chats;
  const found = chats
    .map((chat) => ({ chat, text: plain(`${chat.name} ${chat.number}`) }))
    .filter(({ text }) => words.every((word) => text.includes(word)));
  const start = words.join(' ');
  return [
    ...found.filter(({ text }) => text.startsWith(start)),
    ...found.filter(({ text }) => !text.startsWith(start)),
  ].map(({ chat }) => chat);
}

/** As people look for it: without case and accents. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLocaleLowerCase();
}
