/** A person's chats: made once, each in its place, titled, archived, moved to another agent. */
import { type AgentId, AgentId as agentId, newPlatformChatId } from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  command,
  echo,
  fails,
  finish,
  input,
  makeChat,
  meet,
  message,
  NOW,
  only,
  room,
  type StoreCase,
  single,
} from './harness.ts';

const other = agentId.parse('other');
const third = agentId.parse('third');
const listed = (...choices: [AgentId, ...AgentId[]]) => ({ assignment: { choices, byDefault: false } });
const unlisted = (agent: AgentId) => ({ assignment: { choices: [agent] as const, byDefault: true } });

export const chatsCases: readonly StoreCase[] = [
  single('a chat is made as asked, numbered with the others, and bound to nothing', async (store) => {
    const { chat: first, person } = await acceptTurn(store, 'x');
    const platformChatId = newPlatformChatId();
    const made = await makeChat(store, person, {
      platformChatId,
      name: 'Plan',
      byDefault: true,
      now: NOW + 1,
    });
    expect(made).toEqual({
      key: made.key,
      chatId: 'C2',
      name: 'Plan',
      named: true,
      owner: person.id,
      agentId: echo,
      platformChatId,
      state: 'active',
      byDefault: true,
      contextSince: NOW + 1,
      tokens: 0,
    });
    expect(await store.chat(made.key)).toEqual(made);
    expect(await store.chat(`${made.key}?` as typeof made.key)).toBeUndefined();
    expect(await store.chatsOf(person.id)).toEqual([
      { chat: first, addresses: [room()] },
      { chat: made, addresses: [] },
    ]);
  }),

  single('the same key makes one chat per owner, many times at once', async (store) => {
    const [ann, bob] = [await meet(store, 'ann'), await meet(store, 'bob')];
    const all = await Promise.all(Array.from({ length: 10 }, () => makeChat(store, ann, { by: 'same' })));
    expect(new Set(all.map(({ key }) => key)).size).toBe(1);
    const bobs = await makeChat(store, bob, { by: 'same' });
    expect(bobs).toMatchObject({ owner: bob.id, chatId: 'C1' });
    await makeChat(store, ann, { by: 'other' });
    expect((await store.chatsOf(ann.id)).map(({ chat }) => chat.chatId)).toEqual(['C1', 'C2']);
  }),

  single('the limit counts archived chats, and a repeated key passes it', async (store) => {
    const ann = await meet(store);
    const asked = { agentId: echo, byDefault: false, name: 'x', named: true, limit: 2, now: NOW };
    const make = (by: string) =>
      store.createChat({ ...asked, owner: ann.id, platformChatId: newPlatformChatId(), by });
    const first = await make('1');
    const second = await make('2');
    if (typeof first === 'string' || typeof second === 'string') throw new Error('too many');
    await store.archiveChat(first.key);
    expect(await make('3')).toBe('too_many');
    expect(await make('2')).toEqual(second);
    expect(await make('1')).toMatchObject({ key: first.key, state: 'archived' });
  }),

  single('what is said at an address goes to the chat that it is bound to', async (store) => {
    const { chat: first, person } = await acceptTurn(store, 'a');
    const made = await makeChat(store, person);
    const thread = { ...room(), kind: 'thread' as const, thread: 't/1 ü' };
    await store.bindChat(made.key, thread, person.id);
    await store.bindChat(made.key, thread, person.id);
    expect((await acceptTurn(store, 'b', { address: thread })).chat).toEqual(made);
    expect((await acceptTurn(store, 'c')).chat).toEqual(first);
    // A single place is turned from chat to chat.
    await store.bindChat(made.key, room(), person.id);
    expect((await acceptTurn(store, 'd')).chat.key).toBe(made.key);
    expect((await store.chatsOf(person.id)).map(({ addresses }) => addresses)).toEqual([
      [],
      [room(), thread],
    ]);
    await store.bindChat(first.key, room(), person.id);
    expect((await acceptTurn(store, 'e')).chat.key).toBe(first.key);
  }),

  single('two people at one address have each their own chats', async (store) => {
    const ann = await acceptTurn(store, 'a', { who: 'ann' });
    const bob = await acceptTurn(store, 'b', { who: 'bob' });
    const made = await makeChat(store, ann.person);
    await store.bindChat(made.key, room(), ann.person.id);
    expect((await acceptTurn(store, 'c', { who: 'ann' })).chat.key).toBe(made.key);
    expect((await acceptTurn(store, 'd', { who: 'bob' })).chat.key).toBe(bob.chat.key);
    expect((await store.chatsOf(bob.person.id)).map(({ chat }) => chat.key)).toEqual([bob.chat.key]);
    await fails(store.bindChat(made.key, room(), bob.person.id), 'conflict');
    await fails(store.bindChat(`${made.key}?` as typeof made.key, room(), ann.person.id), 'conflict');
    expect((await acceptTurn(store, 'e', { who: 'bob' })).chat.key).toBe(bob.chat.key);
  }),

  single('the first turn names a chat that nobody named', async (store) => {
    const say = (text: string, sentAt = NOW) =>
      store.accept(input(message(text, { sentAt }), { title: `about ${text}` }));
    const asked = await store.accept(input(command('help'), { title: 'no' }));
    expect(only(asked, 'event').chat).toMatchObject({ name: 'New chat', named: false });
    expect(only(await say('old', 0), 'expired')).toMatchObject({
      changes: [],
      chat: { name: 'New chat', named: false },
    });
    expect(only(await store.accept(input(message('x'))), 'turn').changes).toEqual([]);
    const titled = only(await say('cats'), 'turn');
    expect(titled).toMatchObject({ changes: ['titled'], chat: { name: 'about cats', named: true } });
    expect(await store.chat(titled.chat.key)).toEqual(titled.chat);
    expect(only(await say('dogs'), 'turn')).toMatchObject({ changes: [], chat: { name: 'about cats' } });
  }),

  single('a name that was chosen is not changed by a title', async (store) => {
    const titled = async (at: string) =>
      only(await store.accept(input(message('x', { address: room(at) }), { title: 'a title' })), 'turn');
    const { chat } = only(await store.accept(input(command('help'))), 'event');
    expect(await store.renameChat(chat.key, 'mine')).toEqual({ ...chat, name: 'mine', named: true });
    expect(await titled('lobby')).toMatchObject({ changes: [], chat: { name: 'mine' } });
    const person = await meet(store);
    for (const named of [true, false]) {
      const made = await makeChat(store, person, { named, name: 'as made' });
      expect(made.named).toBe(named);
      await store.bindChat(made.key, room(`${named}`), person.id);
      expect((await titled(`${named}`)).chat.name).toBe(named ? 'as made' : 'a title');
    }
    await fails(store.renameChat(`${chat.key}?` as typeof chat.key, 'x'), 'conflict');
  }),

  single('an idle chat that is not the last active one is archived', async (store) => {
    const { chat, person, turn } = await acceptTurn(store, 'x');
    expect(await store.archiveChat(chat.key)).toBe('last');
    const made = await makeChat(store, person);
    expect(await store.archiveChat(chat.key)).toBe('busy');
    await finish(store, turn);
    const archived = await store.archiveChat(chat.key);
    expect(archived).toEqual({ ...chat, state: 'archived' });
    expect(await store.archiveChat(chat.key)).toEqual(archived);
    expect(await store.archiveChat(made.key)).toBe('last');
    expect((await store.chatsOf(person.id)).map((one) => one.chat.state)).toEqual(['archived', 'active']);
    // Somebody else's active chats do not count.
    await acceptTurn(store, 'x', { who: 'bob' });
    expect(await store.archiveChat(made.key)).toBe('last');
  }),

  single('a message makes an archived chat active again, a command does not', async (store) => {
    const { chat, person, turn } = await acceptTurn(store, 'x');
    await finish(store, turn);
    await makeChat(store, person);
    await store.archiveChat(chat.key);
    const asked = only(await store.accept(input(command('chats'))), 'event');
    expect(asked).toMatchObject({ changes: [], chat: { state: 'archived' } });
    const old = only(await store.accept(input(message('old', { sentAt: 0 }))), 'expired');
    expect(old).toMatchObject({ changes: [], chat: { state: 'archived' } });
    const again = only(await store.accept(input(message('again'))), 'turn');
    expect(again).toMatchObject({ changes: ['revived'], chat: { state: 'active' } });
    expect(await store.chat(chat.key)).toEqual(chat);
  }),

  single('a new chat has the agent that was chosen, where it may serve, else the first', async (store) => {
    const at = async (name: string, parts: ReturnType<typeof listed | typeof unlisted>) =>
      only(await store.accept(input(message('x', { address: room(name) }), parts)), 'turn');
    expect((await at('1', listed(echo, other))).chat.agentId).toBe(echo);
    await store.choose((await meet(store)).id, { agent: other });
    const chosen = await at('2', listed(echo, other));
    expect(chosen).toMatchObject({ changes: [], chat: { agentId: other, byDefault: false } });
    expect((await at('3', listed(echo, third))).chat.agentId).toBe(echo);
    const strange = await at('4', unlisted(third));
    expect(strange).toMatchObject({ changes: ['by_default'], chat: { agentId: third, byDefault: true } });
    expect((await at('4', unlisted(third))).changes).toEqual([]);
  }),

  single('a chat keeps its agent as long as that may serve it', async (store) => {
    const { chat, turn } = await acceptTurn(store, 'x');
    await finish(store, turn);
    await store.choose(chat.owner, { agent: other });
    const next = only(await store.accept(input(message('y'), listed(other, echo))), 'turn');
    expect(next).toMatchObject({ changes: [], chat });
  }),

  single('an idle chat whose agent may not serve it moves, with a context of its own', async (store) => {
    const first = await acceptTurn(store, 'x');
    const accept = () => store.accept(input(message('y'), { ...listed(other, third), now: NOW + 5 }));
    const waiting = only(await accept(), 'turn');
    expect(waiting).toMatchObject({ changes: [], chat: { agentId: echo } });
    expect(waiting).not.toHaveProperty('previous');
    await finish(store, first.turn, 'answered', 7);
    await finish(store, waiting.turn);
    const asked = input(message('y'), { ...listed(other, third), now: NOW + 5 });
    const moved = only(await store.accept(asked), 'turn');
    expect(moved.changes).toEqual(['moved']);
    expect(moved.previous).toEqual({ agentId: echo, platformChatId: first.chat.platformChatId });
    const { platformChatId } = asked.newChat;
    const expected = { ...first.chat, agentId: other, platformChatId, contextSince: NOW + 5, tokens: 0 };
    expect(moved.chat).toEqual(expected);
    expect(await store.chat(first.chat.key)).toEqual(expected);
  }),

  single('a chat of the default agent moves when its owner is listed', async (store) => {
    const accept = async (parts: ReturnType<typeof listed | typeof unlisted>) => {
      const accepted = only(await store.accept(input(message('x'), parts)), 'turn');
      await finish(store, accepted.turn);
      return accepted;
    };
    await accept(unlisted(echo));
    const same = await accept(listed(echo, other));
    expect(same).toMatchObject({ changes: [], chat: { agentId: echo, byDefault: false } });
    expect(await accept(listed(other, echo))).toMatchObject({ changes: [], chat: { agentId: echo } });
    expect(await accept(unlisted(third))).toMatchObject({
      changes: ['moved'],
      chat: { agentId: third, byDefault: true },
    });
    expect(await accept(listed(other, third))).toMatchObject({
      changes: ['moved'],
      chat: { agentId: other, byDefault: false },
    });
  }),

  single('assignChat moves by the same rules, and tells the chat as it is', async (store) => {
    const { chat, turn } = await acceptTurn(store, 'x');
    const assign = (parts: ReturnType<typeof listed>, platformChatId = newPlatformChatId()) =>
      store.assignChat({ chat: chat.key, ...parts, platformChatId, now: NOW + 9 });
    expect(await assign(listed(other))).toEqual({ chat });
    await finish(store, turn);
    expect(await assign(listed(other, echo))).toEqual({ chat });
    const platformChatId = newPlatformChatId();
    const moved = await assign(listed(other), platformChatId);
    expect(moved).toEqual({
      chat: { ...chat, agentId: other, platformChatId, contextSince: NOW + 9 },
      previous: { agentId: echo, platformChatId: chat.platformChatId },
    });
    expect(await assign(listed(other))).toEqual({ chat: moved.chat });
  }),

  afterKill(
    'chats, their names, places and keys survive',
    async (store) => {
      const { chat, person, turn } = await acceptTurn(store, 'x');
      await finish(store, turn);
      const made = await makeChat(store, person, { by: 'key', named: false });
      await store.bindChat(made.key, room('there'), person.id);
      await store.renameChat(chat.key, 'renamed');
      await store.archiveChat(chat.key);
      return { person, made, placed: await store.chatsOf(person.id) };
    },
    async (store, { person, made, placed }) => {
      expect(await store.chatsOf(person.id)).toEqual(placed);
      expect(await makeChat(store, person, { by: 'key' })).toEqual(made);
      const there = input(message('x', { address: room('there') }), { title: 'a title' });
      expect(only(await store.accept(there), 'turn')).toMatchObject({
        changes: ['titled'],
        chat: { key: made.key, name: 'a title' },
      });
    },
  ),
];
