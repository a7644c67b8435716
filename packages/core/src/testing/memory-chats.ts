/** People, chats, saved contexts and waiting files in memory. */
import {
  type AgentId,
  addressKey,
  type ChatKey,
  type PersonId,
  type PlatformChatId,
} from '@surfaces/protocol';
import {
  type Assignment,
  type Chat,
  type ChatStore,
  type LeftContext,
  type Person,
  type SavedContext,
  StoreError,
} from '../ports/index.ts';
import type { Calls, ChatRow, MemoryTables } from './memory-database.ts';

/** The agent that this person means: the one they chose, where it may serve them. */
export function chooseAgent({ agent }: Person, { choices }: Assignment): AgentId {
  return agent !== undefined && choices.includes(agent) ? agent : choices[0];
}

export function findOrMakePerson(
  tables: MemoryTables,
  { surface, externalId, name, locale, defaultLocale }: Parameters<ChatStore['identify']>[0],
): Person {
  const key = `${surface}/${externalId}`;
  const identity = tables.identities.get(key);
  const known = identity && tables.person(identity.person);
  const person: Person = {
    ...(known ?? { localeChosen: false, streaming: true }),
    // Minted here: the cast brands what is new.
    id: known?.id ?? (crypto.randomUUID() as PersonId),
    name: name || known?.name || '',
    locale: (known?.localeChosen ? undefined : locale) ?? known?.locale ?? defaultLocale,
  };
  tables.identities.set(key, { surface, externalId, person: person.id });
  tables.persons.set(person.id, person);
  return person;
}

export function addChat(
  tables: MemoryTables,
  input: Omit<Parameters<ChatStore['createChat']>[0], 'limit' | 'by'> & { readonly by?: string },
): ChatRow {
  const { owner, agentId, byDefault, platformChatId, name, named, by, now } = input;
  const chat: Chat = {
    // Minted here: the cast brands what is new.
    key: crypto.randomUUID() as ChatKey,
    chatId: `C${chatsOwnedBy(tables, owner).length + 1}`,
    name,
    named,
    owner,
    agentId,
    platformChatId,
    state: 'active',
    byDefault,
    contextSince: now,
    tokens: 0,
  };
  const row = { chat, by, switches: new Map(), holder: undefined, generation: 0 };
  tables.chats.set(chat.key, row);
  return row;
}

function chatsOwnedBy(tables: MemoryTables, owner: PersonId): ChatRow[] {
  return [...tables.chats.values()].filter((row) => row.chat.owner === owner);
}

/** Moves an idle chat to the agent that may serve its owner: where it moved from. */
export function assign(
  tables: MemoryTables,
  row: ChatRow,
  assignment: Assignment,
  platformChatId: PlatformChatId,
  now: number,
): { readonly previous?: LeftContext } {
  const { chat } = row;
  if (tables.unfinishedOf(chat.key) > 0) return {};
  const agentId = chooseAgent(tables.person(chat.owner), assignment);
  const listedNow = chat.byDefault && !assignment.byDefault;
  if (assignment.choices.includes(chat.agentId) && (!listedNow || agentId === chat.agentId)) {
    if (listedNow) row.chat = { ...chat, byDefault: false };
    return {};
  }
  const { byDefault } = assignment;
  row.chat = { ...chat, agentId, byDefault, platformChatId, contextSince: now, tokens: 0 };
  // What was saved is in the other agent's workspace.
  for (const one of tables.files) {
    if (one.file.chat !== chat.key || one.file.state !== 'saved') continue;
    const { path: _, ...file } = one.file;
    one.file = { ...file, state: 'incoming' };
  }
  return { previous: { agentId: chat.agentId, platformChatId: chat.platformChatId } };
}

function freeName(tables: MemoryTables, { owner, agentId, name }: SavedContext): string {
  const taken = new Set(
    tables.contexts.filter((one) => one.owner === owner && one.agentId === agentId).map((one) => one.name),
  );
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name} (${number})`;
  return free;
}

/** Notes whose turn is too old to be kept were written, or they would have gone with it. */
function isThere(tables: MemoryTables, { source }: SavedContext): boolean {
  if (source.kind === 'copy') return true;
  const row = tables.turns.get(source.turn);
  return row === undefined || row.turn.outcome === 'answered';
}

export function chatCalls(tables: MemoryTables): Pick<Calls, keyof ChatStore> {
  return {
    identify: (input) => findOrMakePerson(tables, input),
    person: (id) => tables.persons.get(id),
    choose(id, choice) {
      const person = {
        ...tables.person(id),
        ...choice,
        ...(choice.locale === undefined ? {} : { localeChosen: true }),
      };
      tables.persons.set(id, person);
      return person;
    },

    chatsOf(owner) {
      const places = [...tables.bindings.values()].filter((binding) => binding.person === owner);
      return chatsOwnedBy(tables, owner).map(({ chat }) => ({
        chat,
        addresses: places
          .filter((binding) => binding.chat === chat.key)
          .map(({ address }) => address)
          .sort((a, b) => (addressKey(a) < addressKey(b) ? -1 : 1)),
      }));
    },
    chat: (key) => tables.chats.get(key)?.chat,
    createChat({ limit, ...input }) {
      tables.person(input.owner);
      const own = chatsOwnedBy(tables, input.owner);
      const known = own.find((row) => row.by === input.by);
      if (known !== undefined) return known.chat;
      if (own.length >= limit) return 'too_many';
      return addChat(tables, input).chat;
    },
    bindChat(chat, address, person) {
      if (tables.chatRow(chat).chat.owner !== person) {
        throw new StoreError('conflict', `chat ${chat} is not of person ${person}`);
      }
      tables.bind(address, person, chat);
    },
    renameChat(key, name) {
      const row = tables.chatRow(key);
      row.chat = { ...row.chat, name, named: true };
      return row.chat;
    },
    archiveChat(key) {
      const row = tables.chatRow(key);
      if (row.chat.state === 'archived') return row.chat;
      const active = chatsOwnedBy(tables, row.chat.owner).filter(({ chat }) => chat.state === 'active');
      if (active.length === 1) return 'last';
      if (tables.unfinishedOf(key) > 0) return 'busy';
      row.chat = { ...row.chat, state: 'archived' };
      return row.chat;
    },
    switchContext({ chat: key, platformChatId, by, now }) {
      const row = tables.chatRow(key);
      const made = row.switches.get(by);
      if (made !== undefined) return { chat: row.chat, previous: made };
      if (tables.unfinishedOf(key) > 0) return 'busy';
      const previous = row.chat.platformChatId;
      row.switches.set(by, previous);
      row.chat = { ...row.chat, platformChatId, contextSince: now, tokens: 0 };
      return { chat: row.chat, previous };
    },
    assignChat({ chat: key, assignment, platformChatId, now }) {
      const row = tables.chatRow(key);
      const moved = assign(tables, row, assignment, platformChatId, now);
      return { chat: row.chat, ...moved };
    },

    saveContext(context) {
      const known = tables.contexts.find(({ id }) => id === context.id);
      if (known !== undefined) {
        if (known.owner === context.owner) return known;
        throw new StoreError('conflict', `there is a context ${context.id} already`);
      }
      tables.person(context.owner);
      const made = { ...structuredClone(context), name: freeName(tables, context) };
      tables.contexts.push(made);
      return made;
    },
    savedContexts: (owner, agentId) =>
      tables.contexts.filter((one) => one.owner === owner && one.agentId === agentId && isThere(tables, one)),

    waitingFiles: (chat, person) =>
      tables
        .waitingIn(chat)
        .map((row) => row.file)
        .filter((file) => file.person === person),
    removeFiles(chat, person, ids) {
      const gone = tables
        .waitingIn(chat)
        .filter(({ file }) => file.person === person && ids.includes(file.id));
      tables.files = tables.files.filter((row) => !gone.includes(row));
      return gone.map((row) => row.file);
    },
    settleFile(id, result) {
      const row = tables.files.find(({ file }) => file.id === id);
      if (row?.file.state === 'incoming') row.file = { ...row.file, ...result };
    },
    countFiles(key) {
      const { contextSince } = tables.chatRow(key).chat;
      const given = tables.files.filter(
        ({ file, turn }) =>
          file.chat === key &&
          file.state === 'saved' &&
          turn !== undefined &&
          tables.turnRow(turn).turn.acceptedAt >= contextSince,
      );
      // A turn that was tried again gave the same file.
      return new Set(given.map(({ file }) => file.path)).size;
    },
  };
}
