/** Random sequences against a model of a few lines: say, send files, start, finish, make, bind, archive, kill. */
import type { Chat, Person } from '@surfaces/core';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  input,
  makeChat,
  meet,
  namesOf,
  operation,
  recoverAll,
  room,
  type StoreHarness,
  type StoreProcess,
  withFiles,
} from './harness.ts';

const LIMIT = 3;
const rooms = ['a', 'b'] as const;
type Room = (typeof rooms)[number];

interface ModelTurn {
  readonly event: string;
  readonly files: readonly string[];
  state: 'queued' | 'running' | 'finished';
}

interface ModelChat {
  readonly key: Chat['key'];
  readonly turns: ModelTurn[];
  waiting: string[];
  state: Chat['state'];
}

type Step =
  | {
      readonly do: 'accept';
      readonly room: Room;
      readonly event: number;
      readonly files: number;
      readonly silent: boolean;
    }
  | { readonly do: 'start' | 'finish'; readonly chat: number; readonly pick: number }
  | { readonly do: 'make'; readonly by: number }
  | { readonly do: 'bind'; readonly room: Room; readonly chat: number }
  | { readonly do: 'archive'; readonly chat: number }
  | { readonly do: 'kill' };

const anyRoom = fc.constantFrom(...rooms);
const anyChat = fc.nat(4);
const does = <D extends Step['do']>(what: D) => fc.constant(what);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: does('accept'),
      room: anyRoom,
      event: fc.nat(9),
      files: fc.nat(2),
      silent: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('start' as const, 'finish' as const),
      chat: anyChat,
      pick: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: does('make'), by: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: does('bind'), room: anyRoom, chat: anyChat }) },
  { weight: 1, arbitrary: fc.record({ do: does('archive'), chat: anyChat }) },
  { weight: 1, arbitrary: fc.record({ do: does('kill') }) },
);

const unfinished = ({ turns }: ModelChat) => turns.filter(({ state }) => state !== 'finished');

class Model {
  readonly chats: ModelChat[] = [];
  readonly bound = new Map<Room, ModelChat>();
  readonly #known = new Set<string>();
  readonly #made = new Map<number, ModelChat>();
  readonly #outbox: string[] = [];
  readonly #person: Person;
  process: StoreProcess;

  constructor(process: StoreProcess, person: Person) {
    this.process = process;
    this.#person = person;
  }

  #add(key: Chat['key']): ModelChat {
    const chat: ModelChat = { key, turns: [], waiting: [], state: 'active' };
    this.chats.push(chat);
    return chat;
  }

  async accept({ room: at, event: number, files, silent }: Step & { do: 'accept' }): Promise<void> {
    const event = `${at}-${number}`;
    const names = Array.from({ length: files }, (_, count) => `${event}.${count}`);
    const text = silent && files > 0 ? '' : event;
    const accepted = await this.process.store.accept(
      input(withFiles(text, names, { eventId: event, address: room(at) }), {
        queueLimit: LIMIT,
        waitingFilesLimit: LIMIT,
      }),
    );
    if (this.#known.has(event)) return expect(accepted.outcome).toBe('duplicate');
    if (!('chat' in accepted)) throw new Error(accepted.outcome);
    const chat = this.bound.get(at) ?? this.#add(accepted.chat.key);
    this.bound.set(at, chat);
    expect(accepted.chat.key).toBe(chat.key);
    if (text === '' && chat.waiting.length + files > LIMIT)
      return expect(accepted.outcome).toBe('files_full');
    if (text !== '' && unfinished(chat).length >= LIMIT) return expect(accepted.outcome).toBe('queue_full');
    this.#known.add(event);
    expect('changes' in accepted && accepted.changes).toEqual(chat.state === 'archived' ? ['revived'] : []);
    chat.state = 'active';
    chat.waiting.push(...names);
    if (text === '') return expect(accepted.outcome).toBe('files');
    expect(accepted.outcome).toBe('turn');
    chat.turns.push({ event, files: chat.waiting, state: 'queued' });
    chat.waiting = [];
  }

  async work({ do: what, chat: at, pick }: Step & { do: 'start' | 'finish' }): Promise<void> {
    const chat = this.#pick(at);
    const open = chat && unfinished(chat);
    const picked = open?.[pick % Math.max(1, open.length)];
    if (picked === undefined) return;
    const { store } = this.process;
    const found = (await recoverAll(store)).turns.find(({ turn }) => turn.text === picked.event);
    if (found === undefined) throw new Error(`turn ${picked.event} is lost`);
    const lease = await store.claimChat(found.chat.key);
    if (what === 'start') {
      await store.startTurn(lease, found.turn.id);
      picked.state = 'running';
      return;
    }
    const answer = operation(found.chat, picked.event);
    expect(await store.commitFinal(lease, found.turn.id, 'answered', [answer])).toHaveLength(1);
    picked.state = 'finished';
    this.#outbox.push(picked.event);
  }

  async make({ by }: Step & { do: 'make' }): Promise<void> {
    const { key } = await makeChat(this.process.store, this.#person, { by: `key ${by}` });
    const made = this.#made.get(by) ?? this.#add(key);
    this.#made.set(by, made);
    expect(key).toBe(made.key);
  }

  async bind({ room: at, chat: number }: Step & { do: 'bind' }): Promise<void> {
    const chat = this.#pick(number);
    if (chat === undefined) return;
    await this.process.store.bindChat(chat.key, room(at), this.#person.id);
    this.bound.set(at, chat);
  }

  async archive({ chat: number }: Step & { do: 'archive' }): Promise<void> {
    const chat = this.#pick(number);
    if (chat === undefined) return;
    const answer = await this.process.store.archiveChat(chat.key);
    const last = this.chats.filter(({ state }) => state === 'active').length === 1;
    const reasons = [...(last ? ['last'] : []), ...(unfinished(chat).length > 0 ? ['busy'] : [])];
    if (chat.state === 'active' && reasons.length > 0) return expect(reasons).toContain(answer);
    expect(answer).toMatchObject({ key: chat.key, state: 'archived' });
    chat.state = 'archived';
  }

  async check(): Promise<void> {
    const { store } = this.process;
    const found = await recoverAll(store);
    for (const chat of this.chats) {
      expect(
        found.turns
          .filter(({ turn }) => turn.chat === chat.key)
          .map(({ turn: { text, attachments, state } }) => ({
            event: text,
            files: namesOf(attachments),
            state,
          })),
      ).toEqual(unfinished(chat));
      expect(namesOf(await store.waitingFiles(chat.key, this.#person.id))).toEqual(chat.waiting);
    }
    expect(namesOf(found.files.map(({ file }) => file)).toSorted()).toEqual(
      this.chats.flatMap(({ waiting }) => waiting).toSorted(),
    );
    expect(found.operations.map((one) => one.message.markdown)).toEqual(this.#outbox);
    const placed = await store.chatsOf(this.#person.id);
    expect(
      placed.map(({ chat: { key, chatId, state }, addresses }) => ({ key, chatId, state, addresses })),
    ).toEqual(
      this.chats.map((chat, at) => ({
        key: chat.key,
        chatId: `C${at + 1}`,
        state: chat.state,
        addresses: rooms.filter((name) => this.bound.get(name) === chat).map((name) => room(name)),
      })),
    );
  }

  #pick(number: number): ModelChat | undefined {
    return this.chats[number % Math.max(1, this.chats.length)];
  }
}

async function follow(harness: StoreHarness, steps: readonly Step[]): Promise<void> {
  const process = await harness.open();
  const model = new Model(process, await meet(process.store));
  for (const one of steps) {
    if (one.do === 'accept') await model.accept(one);
    else if (one.do === 'make') await model.make(one);
    else if (one.do === 'bind') await model.bind(one);
    else if (one.do === 'archive') await model.archive(one);
    else if (one.do !== 'kill') await model.work(one);
    else {
      await model.process.kill();
      model.process = await harness.open();
    }
  }
  await model.check();
}

/** `fresh` makes new data for each sequence. */
export async function checkModel(fresh: () => Promise<StoreHarness>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const harness = await fresh();
      try {
        await follow(harness, steps);
      } finally {
        await harness.cleanup();
      }
    }),
    { numRuns: runs },
  );
}
