/** As `broken-stores.ts`, for people, chats, contexts and files. */
import type { Accepted, Attachment, ChatChange, PlacedChat, Store } from '@surfaces/core';
import type { PersonId } from '@surfaces/protocol';
import { type Breakage, fresh } from './broken-stores.ts';

type Stored = Extract<Accepted, { readonly changes: readonly ChatChange[] }>;

/** Changes what `accept` says of what it stored. */
const telling = (change: (stored: Stored) => Partial<Stored>): Breakage => {
  return (store) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      // A part of its own kind.
      return 'changes' in accepted ? ({ ...accepted, ...change(accepted) } as Accepted) : accepted;
    },
  });
};
const withoutChange = (change: ChatChange): Breakage =>
  telling((stored) => ({ changes: stored.changes.filter((one) => one !== change) }));

/** Who was seen, for stores that mix people up. */
function everybody(shared: Map<string, unknown>): Set<PersonId> {
  const known = shared.get('everybody');
  // What was put in is what is taken out.
  if (known !== undefined) return known as Set<PersonId>;
  const made = new Set<PersonId>();
  shared.set('everybody', made);
  return made;
}

export const brokenChats: Readonly<Record<string, Breakage>> = {
  'makes another chat for the same key': (store) => ({
    createChat: (input) => store.createChat({ ...input, by: `${fresh()}` }),
  }),
  'makes one chat of a key for all owners': (store, shared) => ({
    async createChat(input) {
      const made = shared.get(input.by) ?? (await store.createChat(input));
      shared.set(input.by, made);
      // What was put in is what is taken out.
      return made as Awaited<ReturnType<Store['createChat']>>;
    },
  }),
  'has no limit of chats': (store) => ({
    createChat: (input) => store.createChat({ ...input, limit: Number.POSITIVE_INFINITY }),
  }),
  'binds no chat': () => ({ bindChat: async () => undefined }),
  'binds a chat of somebody else': (store) => ({
    bindChat: (...args) => store.bindChat(...args).catch(() => undefined),
  }),
  'lists chats of everybody': (store, shared) => ({
    async chatsOf(owner) {
      const people = everybody(shared).add(owner);
      const all: PlacedChat[] = [];
      for (const one of people) all.push(...(await store.chatsOf(one)));
      return all;
    },
    async accept(input) {
      const accepted = await store.accept(input);
      if ('person' in accepted) everybody(shared).add(accepted.person.id);
      return accepted;
    },
  }),
  'hides archived chats': (store) => ({
    chatsOf: async (owner) => (await store.chatsOf(owner)).filter(({ chat }) => chat.state === 'active'),
  }),
  'gives no title': (store) => ({
    accept: ({ title: _, ...input }) => store.accept(input),
  }),
  'titles by every message': (store) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      if (accepted.outcome !== 'turn' || input.title === undefined) return accepted;
      return { ...accepted, chat: await store.renameChat(accepted.chat.key, input.title) };
    },
  }),
  'takes a chosen name for none': (store) => ({
    createChat: (input) => store.createChat({ ...input, named: false }),
  }),
  'archives a chat that is busy': (store) => ({
    async archiveChat(key) {
      const answer = await store.archiveChat(key);
      const chat = await store.chat(key);
      return answer === 'busy' && chat ? { ...chat, state: 'archived' } : answer;
    },
  }),
  'archives the last chat': (store) => ({
    async archiveChat(key) {
      const answer = await store.archiveChat(key);
      const chat = await store.chat(key);
      return answer === 'last' && chat ? { ...chat, state: 'archived' } : answer;
    },
  }),
  'says nothing of a chat made active again': withoutChange('revived'),
  'says nothing of a title': withoutChange('titled'),
  'says nothing of a move': withoutChange('moved'),
  'says where a chat is, not where it moved from': telling(({ chat, previous }) => ({
    ...(previous && { previous: { agentId: chat.agentId, platformChatId: chat.platformChatId } }),
  })),
  'says nothing of the default agent': withoutChange('by_default'),
  'says always that the default agent serves': telling(({ chat, changes }) => ({
    changes: chat.byDefault ? [...new Set<ChatChange>(['by_default', ...changes])] : changes,
  })),
  'moves no chat': (store) => ({
    async accept(input) {
      const { choices, byDefault } = input.assignment;
      const [known] = await store.findPersons({
        identity: { surface: input.event.surface, externalId: input.event.author.externalId },
        limit: 1,
      });
      const placed = known ? await store.chatsOf(known.id) : [];
      const agents = placed.map(({ chat }) => chat.agentId);
      return await store.accept({ ...input, assignment: { choices: [...choices, ...agents], byDefault } });
    },
  }),
  'moves to the first choice, whatever the chat has': (store) => ({
    async accept(input) {
      const [first] = input.assignment.choices;
      return await store.accept({ ...input, assignment: { ...input.assignment, choices: [first] } });
    },
  }),
  'moves without a context of its own': (store, shared) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      if (!('changes' in accepted)) return accepted;
      const { key } = accepted.chat;
      // What was put in is what is taken out.
      const before = (shared.get(`context ${key}`) ??
        accepted.chat.platformChatId) as typeof accepted.chat.platformChatId;
      shared.set(`context ${key}`, before);
      return { ...accepted, chat: { ...accepted.chat, platformChatId: before } };
    },
  }),
  'forgets the chosen agent': (store) => ({
    choose: (person, { agent: _, ...choice }) => store.choose(person, choice),
  }),
  'forgets what was chosen': (store) => ({
    async choose(id, choice) {
      const person = await store.person(id);
      if (person === undefined) return await store.choose(id, choice);
      return { ...person, ...choice, localeChosen: person.localeChosen || choice.locale !== undefined };
    },
  }),
  'lets the messenger change a chosen language': (store) => ({
    async identify(input) {
      const person = await store.identify(input);
      return { ...person, locale: input.locale ?? person.locale };
    },
  }),
  'makes a person again': (store) => ({
    identify: (input) =>
      store.identify({ ...input, externalId: `${input.externalId} ${fresh()}` as typeof input.externalId }),
  }),

  'switches the context again for the same key': (store) => ({
    switchContext: (input) => store.switchContext({ ...input, by: `${fresh()}` }),
  }),
  'switches the context of a busy chat': (store) => ({
    async switchContext(input) {
      const answer = await store.switchContext(input);
      const chat = await store.chat(input.chat);
      if (answer !== 'busy' || chat === undefined) return answer;
      return { chat: { ...chat, platformChatId: input.platformChatId }, previous: chat.platformChatId };
    },
  }),
  'counts no tokens': (store) => ({
    commitFinal: (lease, turn, outcome, operations) => store.commitFinal(lease, turn, outcome, operations),
  }),
  'counts tokens twice': (store) => ({
    commitFinal: (lease, turn, outcome, operations, usage) =>
      store.commitFinal(lease, turn, outcome, operations, { tokens: 2 * (usage?.tokens ?? 0) }),
  }),
  'saves a context twice': (store) => ({
    saveContext: (context) => store.saveContext({ ...context, id: `${context.id} ${fresh()}` }),
  }),
  'saves two contexts under one name': (store) => ({
    saveContext: async (context) => ({ ...(await store.saveContext(context)), name: context.name }),
  }),
  'lists contexts of every agent': (store) => ({
    async savedContexts(owner, agentId) {
      const agents = new Set([agentId, ...(await store.chatsOf(owner)).map(({ chat }) => chat.agentId)]);
      for (const one of ['echo', 'other']) agents.add(one as typeof agentId);
      const all = [];
      for (const one of agents) all.push(...(await store.savedContexts(owner, one)));
      return all;
    },
  }),
  'lists contexts of everybody': (store, shared) => ({
    saveContext(context) {
      everybody(shared).add(context.owner);
      return store.saveContext(context);
    },
    async savedContexts(_, agentId) {
      const all = [];
      for (const one of everybody(shared)) all.push(...(await store.savedContexts(one, agentId)));
      return all;
    },
  }),
  'lists notes that nobody wrote': (store) => ({
    async saveContext(context) {
      if (context.source.kind === 'copy') return await store.saveContext(context);
      const platformChatId = `${fresh()}` as Extract<
        typeof context.source,
        { kind: 'copy' }
      >['platformChatId'];
      return await store.saveContext({ ...context, source: { kind: 'copy', platformChatId } });
    },
  }),
  'queues the same words of ours twice': (store) => ({
    queueTurn: (input) => store.queueTurn({ ...input, by: `${fresh()}` }),
  }),
  'queues words of ours without limit': (store) => ({
    queueTurn: (input) => store.queueTurn({ ...input, queueLimit: Number.POSITIVE_INFINITY }),
  }),

  'gives waiting files to every text': (store, shared) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      if (accepted.outcome === 'files') shared.set(accepted.chat.key, accepted.files);
      if (accepted.outcome !== 'turn') return accepted;
      // What was put in is what is taken out.
      const waited = (shared.get(accepted.chat.key) ?? []) as readonly Attachment[];
      const { turn } = accepted;
      const own = turn.attachments.filter(({ id }) => waited.every((file) => file.id !== id));
      return { ...accepted, turn: { ...turn, attachments: [...waited, ...own] } };
    },
  }),
  'leaves waiting files behind': (store) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      if (accepted.outcome !== 'turn' || input.event.kind !== 'message') return accepted;
      const own = input.event.attachments.length;
      const { turn } = accepted;
      const attachments = turn.attachments.slice(turn.attachments.length - own);
      return { ...accepted, turn: { ...turn, attachments } };
    },
  }),
  'puts files in another order': (store) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      if (accepted.outcome !== 'turn') return accepted;
      const { turn } = accepted;
      return { ...accepted, turn: { ...turn, attachments: turn.attachments.toReversed() } };
    },
  }),
  'lets files wait without limit': (store) => ({
    accept: (input) => store.accept({ ...input, waitingFilesLimit: Number.POSITIVE_INFINITY }),
  }),
  'makes a turn of files without text': (store) => ({
    accept: (input) =>
      store.accept(
        input.event.kind === 'message' && input.event.text.trim() === ''
          ? { ...input, event: { ...input.event, text: '(files)' } }
          : input,
      ),
  }),
  'shows the waiting files of others': (store) => ({
    async waitingFiles(key, person) {
      const chat = await store.chat(key);
      return await store.waitingFiles(key, chat?.owner ?? person);
    },
  }),
  'removes the waiting files of others': (store) => ({
    async removeFiles(key, person, ids) {
      const chat = await store.chat(key);
      return await store.removeFiles(key, chat?.owner ?? person, ids);
    },
  }),
  'removes all waiting files': (store) => ({
    async removeFiles(chat, person) {
      const all = await store.waitingFiles(chat, person);
      return await store.removeFiles(
        chat,
        person,
        all.map(({ id }) => id),
      );
    },
  }),
  'forgets that a file was saved': (store) => ({
    settleFile: async (id, result) =>
      result.state === 'saved' ? undefined : await store.settleFile(id, result),
  }),
  'forgets that a file failed': (store) => ({
    settleFile: async (id, result) =>
      result.state === 'failed' ? undefined : await store.settleFile(id, result),
  }),
  'retries without the files': (store) => ({
    async retryTurn(input) {
      const turn = await store.retryTurn(input);
      return typeof turn === 'string' ? turn : { ...turn, attachments: [] };
    },
  }),
  'gives up a file that failed once': (store) => ({
    async retryTurn(input) {
      const turn = await store.retryTurn(input);
      if (typeof turn === 'string') return turn;
      for (const { id, state } of turn.attachments) {
        if (state === 'incoming') await store.settleFile(id, { state: 'failed', error: 'before' });
      }
      return (await store.lastTurns(input.chat, 1))[0] ?? turn;
    },
  }),
  'counts files of earlier contexts': (store, shared) => ({
    async countFiles(chat) {
      const count = Math.max(await store.countFiles(chat), Number(shared.get(`files ${chat}`) ?? 0));
      shared.set(`files ${chat}`, count);
      return count;
    },
  }),
  'forgets waiting files at recovery': (store) => ({
    recover: async (accounts) => ({ ...(await store.recover(accounts)), files: [] }),
  }),
  'records controls as words': (store) => ({
    accept: (input) =>
      store.accept(
        input.event.kind === 'command' ? { ...input, event: { ...input.event, quiet: false } } : input,
      ),
  }),
};
