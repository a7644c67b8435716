/** Dead letters, retention, and everything about one person: read, or gone. */
import type { Operation, PersonRecord, Store } from '@surfaces/core';
import {
  ExternalId,
  FileId,
  MessageId,
  newPlatformChatId,
  type OperationId,
  type PersonId,
} from '@surfaces/protocol';
import { expect } from 'vitest';
import {
  acceptTurn,
  afterKill,
  callback,
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
  operation,
  outgoing,
  question,
  recoverAll,
  room,
  running,
  type StoreCase,
  single,
  unique,
  web,
  withFiles,
} from './harness.ts';

const EVER = Number.MAX_SAFE_INTEGER;
const all = { inbox: EVER, finished: EVER, deadLetters: EVER, timeline: EVER };
const nothing = { inbox: 0, turns: 0, operations: 0, deadLetters: 0, timeline: 0 };

/** Operations of a chat that were given up on. */
async function bury(store: Store, chat: Parameters<typeof operation>[0], texts: readonly string[]) {
  const made = await store.enqueue(texts.map((text) => operation(chat, text)));
  for (const { id } of made) await store.settleOperation(id, { state: 'dead', error: 'no such room' });
  return made;
}

const textsOf = (operations: readonly Operation[]) => operations.map((one) => one.message.markdown);
const idsOf = (operations: readonly Operation[]) => operations.map(({ id }) => id);

async function exported(store: Store, person: PersonId): Promise<PersonRecord[]> {
  const records: PersonRecord[] = [];
  for await (const record of store.exportPerson(person)) records.push(record);
  return records;
}

/** Something of each kind, all of one person. */
async function live(store: Store, who: string) {
  const at = room(`of ${who}`);
  const record = { record: true };
  const started = only(
    await store.accept(input(withFiles(`words of ${who}`, [`${who}.txt`], { who, address: at }), record)),
    'turn',
  );
  const { chat, person, turn } = started;
  const lease = await store.claimChat(chat.key);
  await store.startTurn(lease, turn.id);
  const asked = await store.openConfirmation(lease, question(started, { text: `may ${who}?` }));
  const [answer] = await store.commitFinal(lease, turn.id, 'answered', [
    operation(chat, `answer to ${who}`, { address: at, turn: turn.id }),
  ]);
  if (answer === undefined) throw new Error('no answer');
  await store.timeline.append(at, answer.id, answer.message, NOW);
  await store.timeline.markRead(at, 1);
  only(await store.accept(input(withFiles('', [`waiting ${who}`], { who, address: at }))), 'files');
  const pending = only(await store.accept(input(command('status', '', { who, address: at }))), 'event');
  const copied = newPlatformChatId();
  await store.saveContext({
    id: `context-${unique()}`,
    owner: person.id,
    agentId: echo,
    name: `plan of ${who}`,
    savedAt: NOW,
    source: { kind: 'copy', platformChatId: copied },
  });
  const second = await makeChat(store, person, { name: `second of ${who}` });
  await store.bindChat(second.key, room(`second of ${who}`), person.id);
  const busy = await running(store, `more of ${who}`, { who, address: room(`second of ${who}`) });
  await store.appendEvents(busy.lease, busy.turn.id, [{ kind: 'text', seq: 1, text: 'so far' }]);
  return { chat, person, turn, lease, asked, answer, pending, copied, second, at, busy };
}

export const careCases: readonly StoreCase[] = [
  afterKill(
    'dead letters are made pending again in their order, as if new',
    async (store) => {
      const { chat } = await acceptTurn(store, 'x');
      const made = await bury(store, chat, ['a', 'b', 'c', 'd']);
      const [pending] = await store.enqueue([operation(chat, 'pending')]);
      const [sent] = await store.enqueue([operation(chat, 'sent')]);
      if (!pending || !sent) throw new Error('nothing was made');
      await store.settleOperation(sent.id, { state: 'sent', messageId: MessageId.parse('m') });
      const [a, b, c] = idsOf(made);
      const ids = [c, sent.id, a, pending.id, 'unknown' as OperationId, b].filter((id) => id !== undefined);
      const revived = await store.reviveDeadLetters(ids, NOW + 7);
      expect(textsOf(revived)).toEqual(['a', 'b', 'c']);
      expect(revived[0]).toEqual({ ...made[0], createdAt: NOW + 7 });
      expect(await store.reviveDeadLetters(ids, NOW + 8)).toEqual([]);
      return revived;
    },
    async (store, revived) => {
      const { operations } = await recoverAll(store);
      expect(textsOf(operations)).toEqual(['a', 'b', 'c', 'pending']);
      expect(operations.slice(0, 3)).toEqual(revived);
      expect(textsOf(await store.deadLetters(10))).toEqual(['d']);
    },
  ),

  single('dead letters are dropped, and nothing else', async (store) => {
    const { chat } = await acceptTurn(store, 'x');
    const dead = await bury(store, chat, ['a', 'b']);
    const [pending] = await store.enqueue([operation(chat, 'pending')]);
    const ids = [...idsOf(dead.slice(0, 1)), ...idsOf(pending ? [pending] : []), 'unknown' as OperationId];
    expect(await store.dropDeadLetters(ids)).toBe(1);
    expect(await store.dropDeadLetters(ids)).toBe(0);
    expect(textsOf(await store.lastOperations(chat.key, 10))).toEqual(['pending', 'b']);
    expect(await store.counts()).toMatchObject({ deadLetters: 1 });
  }),

  single(
    'what is older goes, with all that belongs to it; a key left out keeps everything',
    async (store) => {
      const at = (now: number, names: readonly string[] = []) => {
        const event = withFiles(`${now}`, names, { eventId: `at-${now}` });
        return { event, accept: () => store.accept(input(event, { now, record: true })) };
      };
      for (const now of [NOW, NOW + 1, NOW + 2]) {
        const { turn, chat, person } = only(await at(now, ['a']).accept(), 'turn');
        const lease = await store.claimChat(chat.key);
        await store.startTurn(lease, turn.id);
        await store.openConfirmation(lease, question({ turn, chat, person }));
        await store.commitFinal(lease, turn.id, 'answered', []);
      }
      const { chat, person } = only(await at(NOW + 3).accept(), 'turn');
      expect(await store.prune({}, 100)).toEqual(nothing);
      expect(await store.prune({ finished: NOW + 2 }, 100)).toEqual({ ...nothing, turns: 2 });
      expect((await store.lastTurns(chat.key, 10)).map(({ text }) => text)).toEqual([
        `${NOW + 3}`,
        `${NOW + 2}`,
      ]);
      const kinds = (await exported(store, person.id)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'question' || kind === 'file')).toEqual(['file', 'question']);
      only(await at(NOW).accept(), 'duplicate');
      expect(await store.prune({ inbox: NOW + 2, timeline: NOW + 1 }, 100)).toEqual({
        ...nothing,
        inbox: 2,
        timeline: 1,
      });
      only(await at(NOW).accept(), 'turn');
      only(await at(NOW + 2).accept(), 'duplicate');
      expect((await store.timeline.read(room(), { limit: 10 })).map((entry) => entry.at)).toEqual([
        NOW + 1,
        NOW + 2,
        NOW + 3,
        NOW,
      ]);
    },
  ),

  single('operations go by their state and the time they were made', async (store) => {
    const { chat } = await acceptTurn(store, 'x');
    const dead = await bury(store, chat, ['dead']);
    const sent = await store.enqueue([operation(chat, 'sent')]);
    for (const { id } of sent) {
      await store.settleOperation(id, { state: 'sent', messageId: MessageId.parse('m') });
    }
    await store.enqueue([operation(chat, 'pending')]);
    const [sending] = await store.enqueue([operation(chat, 'sending')]);
    await store.beginOperation(sending?.id ?? ('' as OperationId));
    const createdAt = sent[0]?.createdAt ?? 0;
    expect(await store.prune({ finished: createdAt }, 100)).toEqual(nothing);
    expect(await store.prune({ finished: createdAt + 1 }, 100)).toEqual({ ...nothing, operations: 1 });
    expect(await store.prune({ deadLetters: dead[0]?.createdAt ?? 0 }, 100)).toEqual(nothing);
    expect(await store.prune({ deadLetters: EVER }, 100)).toEqual({ ...nothing, deadLetters: 1 });
    expect(textsOf(await store.lastOperations(chat.key, 10))).toEqual(['sending', 'pending']);
  }),

  single('at most so many rows of each kind go at once', async (store) => {
    for (let at = 0; at < 5; at += 1) {
      const { turn, chat } = only(await store.accept(input(message(`${at}`), { record: true })), 'turn');
      await finish(store, turn);
      const [made] = await store.enqueue([operation(chat)]);
      if (made) await store.settleOperation(made.id, { state: 'sent', messageId: MessageId.parse('m') });
      await bury(store, chat, [`${at}`]);
    }
    const two = { inbox: 2, turns: 2, operations: 2, deadLetters: 2, timeline: 2 };
    expect(await store.prune(all, 2)).toEqual(two);
    expect(await store.prune(all, 2)).toEqual(two);
    const one = { inbox: 1, turns: 1, operations: 1, deadLetters: 1, timeline: 1 };
    expect(await store.prune(all, 2)).toEqual(one);
    expect(await store.prune(all, 2)).toEqual(nothing);
  }),

  afterKill(
    'nothing unfinished goes, however old',
    async (store) => {
      const events = [message('runs'), message('waits'), command('status'), callback('retry')];
      for (const event of events) await store.accept(input(event));
      const ran = (await recoverAll(store)).turns[0];
      if (ran === undefined) throw new Error('no turn');
      const lease = await store.claimChat(ran.chat.key);
      await store.startTurn(lease, ran.turn.id);
      await store.appendEvents(lease, ran.turn.id, [{ kind: 'text', seq: 1, text: 'so far' }]);
      await store.openConfirmation(lease, question(ran));
      // Answered, and not yet delivered.
      const done = await running(store, 'undelivered', { address: room('undelivered') });
      await store.commitFinal(done.lease, done.turn.id, 'answered', [
        operation(done.chat, 'undelivered', { turn: done.turn.id }),
      ]);
      only(await store.accept(input(message('old', { sentAt: 0, address: room('old') }))), 'expired');
      only(await store.accept(input(withFiles('', ['waits'], { address: room('files') }))), 'files');
      const withFile = await store.accept(input(withFiles('queued', ['x'], { address: room('queued') })));
      const before = await recoverAll(store);
      const pruned = await store.prune(all, 100);
      expect(pruned).toEqual({ ...nothing, inbox: pruned.inbox });
      return { events, before, done, withFile, ran };
    },
    async (store, { events, before, done, ran }) => {
      expect(await recoverAll(store)).toEqual(before);
      for (const event of events) only(await store.accept(input(event)), 'duplicate');
      expect(await store.lastTurns(done.chat.key, 5)).toHaveLength(1);
      const asked = { chat: ran.chat.key, choose: { kind: 'reject' }, by: 'x', now: NOW } as const;
      expect(await store.decide({ ...asked, person: ran.person.id })).toMatchObject({ outcome: 'decided' });
    },
  ),

  single('what unfinished work needs of the kept files is named, and nothing else', async (store) => {
    expect(await store.neededFiles()).toEqual({ ids: [] });
    const asked = (text: string, names: string[], at: number) =>
      store.accept(input(withFiles(text, names, { address: room(`${text}${at}`) }), { now: NOW + at }));
    const file = (id: string) => ({
      file: { owner: 'x' as PersonId, id: FileId.parse(id), name: 'a', mediaType: 'x/y', size: 1 },
    });
    const done = only(await asked('done', ['done'], 1), 'turn');
    const lease = await store.claimChat(done.chat.key);
    await store.startTurn(lease, done.turn.id);
    const names = ['pending'.padEnd(16, '_'), 'dead'.padEnd(16, '_'), 'sent'.padEnd(16, '_')];
    const [, dead, sent] = await store.commitFinal(
      lease,
      done.turn.id,
      'answered',
      names.map((id, part) => ({
        ...operation(done.chat, '', { turn: done.turn.id }),
        message: { ...outgoing(''), part, ...file(id) },
      })),
    );
    await store.settleOperation(dead?.id ?? ('' as OperationId), { state: 'dead', error: 'x' });
    await store.settleOperation(sent?.id ?? ('' as OperationId), {
      state: 'sent',
      messageId: MessageId.parse('m'),
    });
    only(await asked('', ['waiting'], 2), 'files');
    const runs = only(await asked('runs', ['runs'], 3), 'turn');
    await store.startTurn(await store.claimChat(runs.chat.key), runs.turn.id);
    const queued = only(await asked('queued', ['queued', 'saved'], 4), 'turn');
    const [, saved] = queued.turn.attachments;
    await store.settleFile(saved?.id ?? '', { state: 'saved', path: 'saved', size: 1 });
    const refs = (await store.neededFiles()).ids.toSorted();
    const wanted = ['waiting', 'runs', 'queued', 'saved'].map(
      (name) => withFiles('', [name]).attachments[0]?.ref,
    );
    expect(refs).toEqual([...wanted, ...names.slice(0, 2)].toSorted());
    expect(await store.neededFiles()).toMatchObject({ since: NOW + 3 });
  }),

  single('people are found by id, by identity, and page by page', async (store) => {
    const who = ['ann', 'bob', 'eve'];
    const people = await Promise.all(who.map(async (name) => await meet(store, name)));
    const [ann, bob] = people;
    if (!ann || !bob) throw new Error('nobody');
    await makeChat(store, ann);
    await makeChat(store, ann);
    const found = {
      id: ann.id,
      name: 'ann',
      identities: [{ surface: web, externalId: ExternalId.parse('ann') }],
      chats: 2,
    };
    const identity = { surface: web, externalId: ExternalId.parse('ann') };
    expect(await store.findPersons({ id: ann.id, limit: 10 })).toEqual([found]);
    expect(await store.findPersons({ identity, limit: 10 })).toEqual([found]);
    expect(await store.findPersons({ identity, id: bob.id, limit: 10 })).toEqual([]);
    expect(await store.findPersons({ id: 'nobody' as PersonId, limit: 10 })).toEqual([]);
    const nobody = { surface: web, externalId: ExternalId.parse('nobody') };
    expect(await store.findPersons({ identity: nobody, limit: 10 })).toEqual([]);
    const ids = people.map(({ id }) => id).toSorted();
    const first = await store.findPersons({ limit: 2 });
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const last = first.at(-1);
    const rest = await store.findPersons({ limit: 2, ...(last ? { after: last.id } : {}) });
    expect(rest.map(({ id }) => id)).toEqual(ids.slice(2));
  }),

  single('an export is everything of one person, and nothing of another', async (store) => {
    const ann = await live(store, 'ann');
    await live(store, 'bob');
    const records = await exported(store, ann.person.id);
    const of = (kind: PersonRecord['kind']) =>
      records.filter((record) => record.kind === kind).map(({ data }) => data);
    expect(of('person')).toEqual([{ ...ann.person }]);
    expect(of('identity')).toEqual([{ surface: web, externalId: 'ann' }]);
    expect(of('chat')).toMatchObject([
      { key: ann.chat.key, chatId: 'C1', addresses: [ann.at] },
      { name: 'second of ann', chatId: 'C2' },
    ]);
    expect(of('context')).toMatchObject([{ name: 'plan of ann' }]);
    expect(of('turn')).toMatchObject([
      { id: ann.turn.id, text: 'words of ann', outcome: 'answered' },
      { text: 'more of ann' },
    ]);
    expect(of('file')).toMatchObject([{ name: 'ann.txt', turn: ann.turn.id }, { name: 'waiting ann' }]);
    expect(of('question')).toMatchObject([{ text: 'may ann?' }]);
    expect(of('answer')).toMatchObject([{ id: ann.answer.id }]);
    expect(of('timeline')).toMatchObject([
      { address: ann.at, item: { by: 'person', text: 'words of ann' } },
      { address: ann.at, item: { by: 'bot', operationId: ann.answer.id } },
    ]);
    // Plain JSON, as it is written to a file.
    expect(JSON.parse(JSON.stringify(records))).toEqual(records);
    expect(JSON.stringify(records)).not.toContain('bob');
    expect(await exported(store, 'nobody' as PersonId)).toEqual([]);
  }),

  single('an export has all pages', async (store) => {
    const texts = Array.from({ length: 450 }, (_, at) => `message ${at}`);
    const accepted = await Promise.all(
      texts.map((text) => store.accept(input(message(text), { queueLimit: 1000, record: true }))),
    );
    const { person } = only(accepted[0] ?? { outcome: 'duplicate' }, 'turn');
    const records = await exported(store, person.id);
    const said = (kind: PersonRecord['kind']) => records.filter((record) => record.kind === kind);
    expect(said('turn').map(({ data }) => data.text)).toEqual(texts);
    expect(said('timeline').map(({ data }) => data.item)).toMatchObject(texts.map((text) => ({ text })));
  }),

  afterKill(
    'a person who is deleted is gone, and nobody else is touched',
    async (store) => {
      const ann = await live(store, 'ann');
      const bob = await live(store, 'bob');
      const before = {
        exported: await exported(store, bob.person.id),
        turns: (await recoverAll(store)).turns.filter(({ person }) => person.id === bob.person.id),
        read: (await store.timeline.summaries([bob.at]))[0],
      };
      const forgotten = await store.deletePerson(ann.person.id);
      expect(forgotten.map(({ agentId }) => agentId)).toEqual([echo, echo, echo]);
      expect(forgotten.map(({ platformChatId }) => platformChatId).toSorted()).toEqual(
        [ann.chat.platformChatId, ann.second.platformChatId, ann.copied].toSorted(),
      );
      expect(await store.deletePerson(ann.person.id)).toEqual([]);
      return { ann, bob, before };
    },
    async (store, { ann, bob, before }) => {
      expect(await store.person(ann.person.id)).toBeUndefined();
      expect(await exported(store, ann.person.id)).toEqual([]);
      expect(await store.chat(ann.chat.key)).toBeUndefined();
      expect(await store.lastTurns(ann.chat.key, 5)).toEqual([]);
      expect(await store.lastOperations(ann.chat.key, 5)).toEqual([]);
      expect(await store.waitingFiles(ann.chat.key, ann.person.id)).toEqual([]);
      expect(await store.savedContexts(ann.person.id, echo)).toEqual([]);
      expect(await store.timeline.read(ann.at, { limit: 5 })).toEqual([]);
      expect(await store.timeline.summaries([ann.at])).toEqual([{ last: 0, at: 0, lastOther: 0, read: 0 }]);
      const { turns, operations, events, files } = await recoverAll(store);
      const theirs = { person: { id: bob.person.id } };
      expect(turns).toEqual(before.turns);
      expect(operations).toMatchObject([{ chat: bob.chat.key }]);
      expect(events).toMatchObject([theirs]);
      expect(files).toMatchObject([theirs]);
      expect(await exported(store, bob.person.id)).toEqual(before.exported);
      expect((await store.timeline.summaries([bob.at]))[0]).toEqual(before.read);
    },
  ),

  single('where several speak, only what is theirs is exported and deleted', async (store) => {
    const say = async (who: string) => {
      const accepted = await store.accept(input(message(`words of ${who}`, { who }), { record: true }));
      const { turn, chat, person } = only(accepted, 'turn');
      const [answer] = await store.enqueue([operation(chat, `answer to ${who}`, { turn: turn.id })]);
      if (answer) await store.timeline.append(room(), answer.id, answer.message, NOW);
      return person;
    };
    const ann = await say('ann');
    await say('bob');
    const anybody = operation((await acceptTurn(store, 'x', { who: 'bob' })).chat, 'to everybody');
    await store.timeline.append(room(), anybody.id, outgoing('to everybody'), NOW);
    const records = JSON.stringify(await exported(store, ann.id));
    expect(records).toContain('answer to ann');
    expect(records).not.toContain('bob');
    await store.deletePerson(ann.id);
    const left = await store.timeline.read(room(), { limit: 10 });
    expect(left.map(({ item }) => (item.by === 'person' ? item.text : item.message.markdown))).toEqual([
      'words of bob',
      'answer to bob',
      'to everybody',
    ]);
  }),

  single('who works for a person that is deleted has lost the chat', async (store) => {
    const { turn, chat, person, lease } = await running(store);
    const [made] = await store.enqueue([operation(chat)]);
    const { pending } = only(await store.accept(input(command('status'))), 'event');
    await store.deletePerson(person.id);
    await fails(store.appendEvents(lease, turn.id, [{ kind: 'text', seq: 1, text: 'x' }]), 'lease_lost');
    await fails(store.commitFinal(lease, turn.id, 'answered', [operation(chat)]), 'lease_lost');
    await fails(store.openConfirmation(lease, question({ turn, chat, person })), 'lease_lost');
    await fails(store.claimChat(chat.key), 'conflict');
    await fails(
      store.settleOperation(made?.id ?? ('' as OperationId), { state: 'dead', error: 'x' }),
      'conflict',
    );
    await fails(store.enqueue([operation(chat)]), 'conflict');
    expect(await store.completeEvent(pending.id, [operation(chat)])).toEqual([]);
  }),

  single(
    'after their deletion the same identity is a new person; what was accepted stays so',
    async (store) => {
      const event = message('once');
      const { chat, person } = only(await store.accept(input(event)), 'turn');
      await store.choose(person.id, { streaming: false });
      await store.deletePerson(person.id);
      expect(only(await store.accept(input(event)), 'duplicate')).toEqual({ outcome: 'duplicate' });
      const again = await acceptTurn(store, 'again');
      expect(again.person).toMatchObject({ name: 'ann', streaming: true });
      expect(again.person.id).not.toBe(person.id);
      expect(again.chat).toMatchObject({ chatId: 'C1', owner: again.person.id });
      expect(again.chat.key).not.toBe(chat.key);
    },
  ),
];
