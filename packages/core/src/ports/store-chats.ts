/** The part of the store that knows people, their chats, saved contexts and files. See `store.ts` for the rules. */
import type {
  Address,
  AgentId,
  ChatKey,
  ExternalId,
  Locale,
  PersonId,
  PlatformChatId,
  SurfaceId,
  TurnId,
} from '@surfaces/protocol';

export interface Person {
  readonly id: PersonId;
  readonly name: string;
  readonly locale: Locale;
  /** The person chose the language; otherwise it follows the messenger's. */
  readonly localeChosen: boolean;
  /** Whether answers are shown while they grow. */
  readonly streaming: boolean;
  /** The agent that new chats of this person get, where it may choose it. */
  readonly agent?: AgentId;
}

export interface Chat {
  readonly key: ChatKey;
  /** `C1`, `C2`, … per owner. */
  readonly chatId: string;
  readonly name: string;
  /** False: nobody named it and nothing was said in it yet; its name stands for none. */
  readonly named: boolean;
  readonly owner: PersonId;
  readonly agentId: AgentId;
  readonly platformChatId: PlatformChatId;
  readonly state: 'active' | 'archived';
  /** Its agent is the default one, because the registry did not list the person. */
  readonly byDefault: boolean;
  /** Since when it has this context. Epoch milliseconds. */
  readonly contextSince: number;
  /** Tokens that this context used, as far as the agent told. */
  readonly tokens: number;
}

/** A chat with the places where its owner can speak in it. */
export interface PlacedChat {
  readonly chat: Chat;
  readonly addresses: readonly Address[];
}

/** A context that nothing leads to any more; its agent is to be told so, best effort. */
export interface LeftContext {
  readonly agentId: AgentId;
  readonly platformChatId: PlatformChatId;
}

/** Which agents may serve a person. The first of `choices` is meant where nothing was chosen. */
export interface Assignment {
  readonly choices: readonly [AgentId, ...AgentId[]];
  /** The person is not listed: this is the default agent. */
  readonly byDefault: boolean;
}

/** A file on its way from a person to an agent. */
export interface Attachment {
  readonly id: string;
  readonly chat: ChatKey;
  readonly person: PersonId;
  /** Where it came in: that adapter has the bytes. */
  readonly address: Address;
  readonly ref: string;
  /** As the person's device calls it. */
  readonly name: string;
  readonly mediaType?: string;
  readonly size?: number;
  /** `incoming`: not in the agent's workspace yet. */
  readonly state: 'incoming' | 'saved' | 'failed';
  /** Relative to the workspace, once saved there. */
  readonly path?: string;
  /** Why it failed: a `FileErrorCode`, or `failed`. */
  readonly error?: string;
}

/** A context that was saved under a name. */
export interface SavedContext {
  readonly id: string;
  readonly owner: PersonId;
  readonly agentId: AgentId;
  /** Unique per owner and agent. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly savedAt: number;
  readonly source: /** A copy at the agent (feature `fork`). */
    | { readonly kind: 'copy'; readonly platformChatId: PlatformChatId }
    /** Notes that the agent wrote in its workspace; there once that turn is answered. */
    | { readonly kind: 'notes'; readonly path: string; readonly turn: TurnId };
}

export interface ChatStore {
  /**
   * The person of an identity, made when new. The name is brought up to date, and so is the language
   * as long as the person has chosen none.
   */
  identify(input: {
    readonly surface: SurfaceId;
    readonly externalId: ExternalId;
    readonly name: string;
    readonly locale?: Locale;
    readonly defaultLocale: Locale;
  }): Promise<Person>;
  person(id: PersonId): Promise<Person | undefined>;
  /** What a person chooses for themselves. A language that was chosen is not changed by a messenger's any more. */
  choose(
    person: PersonId,
    choice: { readonly locale?: Locale; readonly streaming?: boolean; readonly agent?: AgentId },
  ): Promise<Person>;

  /** All chats of an owner in order of their numbers, archived ones too. */
  chatsOf(owner: PersonId): Promise<readonly PlacedChat[]>;
  /** By key; `undefined` when there is none. */
  chat(key: ChatKey): Promise<Chat | undefined>;
  /** Makes a chat that is bound to nothing yet. `by` makes it safe to repeat: the same key is one chat. */
  createChat(input: {
    readonly owner: PersonId;
    readonly agentId: AgentId;
    readonly byDefault: boolean;
    readonly platformChatId: PlatformChatId;
    readonly name: string;
    /** False: the first message names it (`AcceptInput.title`). */
    readonly named: boolean;
    /** Most chats of one owner, archived ones included. */
    readonly limit: number;
    readonly by: string;
    readonly now: number;
  }): Promise<Chat | 'too_many'>;
  /** From now on this person, its owner, means this chat at this address. */
  bindChat(chat: ChatKey, address: Address, person: PersonId): Promise<void>;
  renameChat(chat: ChatKey, name: string): Promise<Chat>;
  /** `last`: it is the owner's only active chat. `busy`: a turn waits or runs. Archived already: as if done. */
  archiveChat(chat: ChatKey): Promise<Chat | 'last' | 'busy'>;
  /**
   * Another context for a chat: nothing of the old one is known in it. `busy` while a turn waits or
   * runs. `by` makes it safe to repeat: the same key switches once, and is told the same `previous`.
   */
  switchContext(input: {
    readonly chat: ChatKey;
    readonly platformChatId: PlatformChatId;
    readonly by: string;
    readonly now: number;
  }): Promise<{ readonly chat: Chat; readonly previous: PlatformChatId } | 'busy'>;
  /**
   * Moves a chat to the agent that may serve it, where its own may not any more or it had the default
   * one and the person is listed now; with a context of its own, for the agent does not know the other's.
   * While a turn waits or runs nothing moves. The chat as it then is; `previous`: it moved from there.
   */
  assignChat(input: {
    readonly chat: ChatKey;
    readonly assignment: Assignment;
    readonly platformChatId: PlatformChatId;
    readonly now: number;
  }): Promise<{ readonly chat: Chat; readonly previous?: LeftContext }>;

  /** Keeps a saved context. A name that is taken gets a number: `name (2)`. The same `id` is kept once. */
  saveContext(context: SavedContext): Promise<SavedContext>;
  /** In order of saving. Notes whose turn is not answered are left out. */
  savedContexts(owner: PersonId, agentId: AgentId): Promise<readonly SavedContext[]>;

  /** Files that came without text and wait for the next one, in order. */
  waitingFiles(chat: ChatKey, person: PersonId): Promise<readonly Attachment[]>;
  /** Takes waiting files out of the queue; those that a turn took along meanwhile stay. Returns the removed. */
  removeFiles(chat: ChatKey, person: PersonId, ids: readonly string[]): Promise<readonly Attachment[]>;
  /**
   * What became of a file, once: of one that is settled or gone, nothing happens. Only a move to another
   * agent, in whose workspace it is not, makes it `incoming` again.
   */
  settleFile(
    id: string,
    result:
      | { readonly state: 'saved'; readonly path: string; readonly size: number }
      | { readonly state: 'failed'; readonly error: string },
  ): Promise<void>;
  /** How many files this chat's context was given (`contextSince`). */
  countFiles(chat: ChatKey): Promise<number>;
}

/** What a query about a place says of it. */
export interface PlaceSummary {
  /** The last entry; 0 when there is none. */
  readonly last: number;
  /** When, epoch milliseconds; 0 when there is none. */
  readonly at: number;
  /** The last entry that is not the person's own. */
  readonly lastOther: number;
  /** The last entry that was marked as read. */
  readonly read: number;
}
