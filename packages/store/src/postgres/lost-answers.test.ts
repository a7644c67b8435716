/**
 * The connection is lost between a commit and its answer. The same asked again, by the store itself
 * or later by its caller, is done once, and its caller is told as if nothing had happened.
 */
import { type Lease, type NewOperation, type Store, StoreError } from '@surfaces/core';
import { newPlatformChatId, OperationId, type OutgoingMessage } from '@surfaces/protocol';
import type { PostgresDatabase } from '@surfaces/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { acceptInput, account, persist, surface } from './fixtures/conversation.ts';
import { LossyRelay } from './fixtures/lossy-relay.ts';
import { postgresForTests } from './fixtures/server.ts';
import { openPostgres } from './open.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const server = postgresForTests();
let database: PostgresDatabase;
let relay: LossyRelay;
let store: Store;

beforeEach(async () => {
  database = await (await server()).createDatabase();
  relay = await LossyRelay.listen(database.url);
  store = (await openPostgres({ url: relay.url })).store;
});

afterEach(async () => {
  await store?.close();
  await relay?.end();
  await database?.drop();
});

const message: OutgoingMessage = {
  kind: 'message',
  role: 'agent',
  markdown: 'an answer',
  state: 'final',
  part: 0,
  last: true,
  buttons: [],
};

async function running() {
  const accepted = await store.accept(acceptInput('e1', 'lobby'));
  if (accepted.outcome !== 'turn') throw new Error(accepted.outcome);
  const lease: Lease = await store.claimChat(accepted.chat.key);
  await store.startTurn(lease, accepted.turn.id);
  const operation: NewOperation = {
    id: OperationId.parse('the answer'),
    address: accepted.turn.address,
    chat: accepted.chat.key,
    message,
  };
  return { ...accepted, lease, operation };
}

type Running = Awaited<ReturnType<typeof running>>;

interface Case {
  /** A word of the request whose answer is lost. */
  readonly word: string;
  ask(state: Running): Promise<unknown>;
  /** What the caller must be told. */
  readonly told: (state: Running) => unknown;
}

const operations = ({ operation }: Running) => [expect.objectContaining({ ...operation, state: 'pending' })];

const cases: Readonly<Record<string, Case>> = {
  accept: {
    word: 'accept_event',
    ask: () => store.accept({ ...acceptInput('e2', 'lobby', 'more'), title: 'Plans' }),
    told: ({ chat }) => ({
      outcome: 'turn',
      chat: { ...chat, name: 'Plans', named: true },
      changes: ['titled'],
      person: expect.anything(),
      turn: expect.objectContaining({ text: 'more' }),
      seq: expect.any(Number),
    }),
  },
  commitFinal: {
    word: 'commit_final',
    ask: ({ lease, turn, operation }) => store.commitFinal(lease, turn.id, 'answered', [operation]),
    told: operations,
  },
  enqueue: {
    word: 'insert_operations',
    ask: ({ operation }) => store.enqueue([operation]),
    told: operations,
  },
  'timeline.append': {
    word: 'append_timeline',
    ask: ({ operation: { address, id } }) => store.timeline.append(address, id, message, 5),
    told: () => ({ seq: expect.any(Number), fresh: true }),
  },
  claimChat: { word: 'claim_chat', ask: ({ chat }) => store.claimChat(chat.key), told: ({ lease }) => lease },
  createChat: {
    word: 'COMMIT',
    ask: ({ person, chat: { agentId } }) =>
      store.createChat({
        owner: person.id,
        agentId,
        byDefault: false,
        platformChatId: newPlatformChatId(),
        name: 'Plans',
        named: true,
        limit: 2,
        by: 'e9',
        now: 1,
      }),
    told: () => expect.objectContaining({ chatId: 'C2', name: 'Plans' }),
  },
  queueTurn: {
    word: 'COMMIT',
    ask: ({ chat, person, turn: { address } }) =>
      store.queueTurn({
        chat: chat.key,
        person: person.id,
        text: 'x',
        by: 'k',
        address,
        now: 1,
        queueLimit: 2,
      }),
    told: () => expect.objectContaining({ text: 'x', state: 'queued' }),
  },
};

describe.each(Object.entries(cases))('%s', (_, { word, ask, told }) => {
  it('is told of what was done, when the way is there again at once', async () => {
    const state = await running();
    const lost = relay.lose(word);
    expect(await ask(state)).toEqual(told(state));
    await lost;
  });

  it('is told of what was done, when it asks again much later', async () => {
    const state = await running();
    const lost = relay.lose(word, { close: true });
    await expect(ask(state)).rejects.toMatchObject({ code: 'unreachable' });
    await lost;
    relay.open = true;
    const answer = await persist(
      () => ask(state),
      () => undefined,
    );
    expect(answer).toEqual(told(state));
  });
});

it('completes an event once, and tells its replies', async () => {
  const { chat, operation } = await running();
  const { event, ...input } = acceptInput('e3', 'lobby');
  if (event.kind !== 'message') throw new Error(event.kind);
  const { text: _, attachments: __, ...base } = event;
  const command = { ...base, kind: 'command' as const, name: 'status', args: '' };
  const accepted = await store.accept({ ...input, event: command });
  if (accepted.outcome !== 'event') throw new Error(accepted.outcome);
  void relay.lose('complete_event');
  expect(await store.completeEvent(accepted.pending.id, [operation])).toMatchObject([operation]);
  expect(await store.completeEvent(accepted.pending.id, [operation])).toEqual([]);
  expect(await store.lastOperations(chat.key, 9)).toHaveLength(1);
});

it('revives dead letters once, and tells them', async () => {
  const { operation } = await running();
  await store.enqueue([operation]);
  await store.settleOperation(operation.id, { state: 'dead', error: 'lost' });
  void relay.lose('COMMIT');
  expect(await store.reviveDeadLetters([operation.id], 7)).toMatchObject([{ ...operation, createdAt: 7 }]);
  expect(await store.reviveDeadLetters([operation.id], 8)).toEqual([]);
});

it('notes expired turns once, and tells the note', async () => {
  const { chat, operation } = await running();
  await store.accept({ ...acceptInput('old', 'lobby'), now: 10, staleAfterMs: 5 });
  void relay.lose('COMMIT');
  expect(await store.noteExpired(chat.key, () => operation)).toMatchObject(operation);
  expect(await store.noteExpired(chat.key, () => operation)).toBeUndefined();
  expect(await store.lastOperations(chat.key, 9)).toHaveLength(1);
});

it('forgets that it was unsure once it has been told', async () => {
  const { lease, turn, operation } = await running();
  void relay.lose('commit_final');
  await store.commitFinal(lease, turn.id, 'answered', [operation]);
  expect(await store.commitFinal(lease, turn.id, 'answered', [operation])).toEqual([]);
  void relay.lose('accept_event');
  await store.accept(acceptInput('e2', 'lobby'));
  expect((await store.accept(acceptInput('e2', 'lobby'))).outcome).toBe('duplicate');
  expect((await store.recover([{ surface, account }])).turns).toHaveLength(1);
});

it('passes on what is wrong with a note, as it is', async () => {
  const { chat } = await running();
  await store.accept({ ...acceptInput('old', 'lobby'), now: 10, staleAfterMs: 5 });
  const fault = new TypeError('a fault of the caller');
  const failed = store.noteExpired(chat.key, () => {
    throw fault;
  });
  await expect(failed).rejects.toBe(fault);
  expect(fault).not.toBeInstanceOf(StoreError);
});
