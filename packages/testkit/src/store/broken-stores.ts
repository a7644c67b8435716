/** Stores that break one sentence of the contract each: the suite must catch every one. */
import type { Decision, NewConfirmation, Operation, Store } from '@surfaces/core';
import { createMemoryDatabase, type MemoryStore } from '@surfaces/core/testing';
import { EventId, OperationId, type TurnId } from '@surfaces/protocol';
import { recoverAll, type StoreHarness } from './harness.ts';

/** Replaces methods of a store that otherwise works. `shared` lives as long as the data. */
export type Breakage = (store: Store, shared: Map<string, unknown>) => Partial<Store>;

export function memoryHarness(breakage: Breakage = () => ({})): () => Promise<StoreHarness> {
  return async () => {
    const database = createMemoryDatabase();
    const shared = new Map<string, unknown>();
    const opened: MemoryStore[] = [];
    return {
      async open() {
        const memory = database.open();
        opened.push(memory);
        const broken = breakage(memory, shared);
        // A method that is not replaced is the memory store's own, on its own object.
        const store = new Proxy<Store>(memory, {
          get(target, key) {
            const replaced = Reflect.get(broken, key);
            if (replaced !== undefined) return replaced;
            const own = Reflect.get(target, key);
            return typeof own === 'function' ? own.bind(target) : own;
          },
        });
        return {
          store,
          kill: async () => memory.kill(),
          lapse: async () => memory.lapse(),
        };
      },
      async cleanup() {
        await Promise.all(opened.map((store) => store.close()));
      },
    };
  };
}

let last = 0;
/** A number that no other call got. */
export const fresh = (): number => {
  last += 1;
  return last;
};

/** The lease as it is now, whoever holds it: no fencing. */
function unfenced(store: Store, method: 'startTurn' | 'appendEvents' | 'commitFinal'): Partial<Store> {
  const swallow = async (call: Promise<unknown>) => {
    try {
      return await call;
    } catch {
      return [];
    }
  };
  // Every replaced method takes the lease first and may answer with nothing.
  const own = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>;
  return { [method]: (...args: unknown[]) => swallow(own(...args)) };
}

export const brokenStores: Readonly<Record<string, Breakage>> = {
  'accepts the same event twice': (store) => ({
    accept: (input) =>
      store.accept({ ...input, event: { ...input.event, eventId: EventId.parse(`renamed-${fresh()}`) } }),
  }),
  'deduplicates over all accounts': (store, shared) => ({
    async accept(input) {
      const key = `event ${input.event.eventId}`;
      if (shared.has(key)) return { outcome: 'duplicate' };
      const accepted = await store.accept(input);
      if (accepted.outcome !== 'queue_full') shared.set(key, true);
      return accepted;
    },
  }),
  'remembers an event that it refused': (store, shared) => ({
    async accept(input) {
      const key = `refused ${input.event.eventId}`;
      if (shared.has(key)) return { outcome: 'duplicate' };
      const accepted = await store.accept(input);
      if (accepted.outcome === 'queue_full') shared.set(key, true);
      return accepted;
    },
  }),
  'has no queue limit': (store) => ({
    accept: (input) => store.accept({ ...input, queueLimit: Number.POSITIVE_INFINITY }),
  }),
  'expires nothing': (store) => ({
    accept: (input) => store.accept({ ...input, staleAfterMs: Number.POSITIVE_INFINITY }),
  }),
  'has one chat for all persons of a room': (store, shared) => ({
    async accept(input) {
      const accepted = await store.accept(input);
      if (!('chat' in accepted)) return accepted;
      const key = JSON.stringify(input.event.address);
      const chat = shared.get(key) ?? accepted.chat;
      shared.set(key, chat);
      // What was put in is what is taken out.
      return { ...accepted, chat: chat as typeof accepted.chat };
    },
  }),
  'enters no words into the timeline': (store) => ({
    accept: (input) => store.accept({ ...input, record: false }),
  }),
  'does not fence startTurn': (store) => unfenced(store, 'startTurn'),
  'does not fence appendEvents': (store) => unfenced(store, 'appendEvents'),
  'does not fence commitFinal': (store) => unfenced(store, 'commitFinal'),
  'gives a new generation to who has the chat': (store) => ({
    async claimChat(chat) {
      const lease = await store.claimChat(chat);
      return { ...lease, generation: lease.generation + fresh() };
    },
  }),
  'forgets the journal': () => ({ appendEvents: async () => undefined }),
  'does not empty the journal': () => ({ restartJournal: async () => undefined }),
  'asks on after a new beginning': (store, shared) => ({
    async openConfirmation(lease, confirmation) {
      const opened = await store.openConfirmation(lease, confirmation);
      shared.set(`asked ${opened.turn} ${opened.id}`, opened);
      return opened;
    },
    async restartJournal(lease, turn) {
      await store.restartJournal(lease, turn);
      for (const [key, opened] of shared) {
        // What was put in is what is taken out.
        if (key.startsWith(`asked ${turn} `)) await store.openConfirmation(lease, opened as NewConfirmation);
      }
    },
  }),
  'forgets the preview': () => ({ rememberPreview: async () => undefined }),
  'forgets the outbox': (store) => ({
    commitFinal: (lease, turn, outcome, _, usage) => store.commitFinal(lease, turn, outcome, [], usage),
  }),
  'reorders operations': (store) => ({
    commitFinal: (lease, turn, outcome, operations, usage) =>
      store.commitFinal(lease, turn, outcome, operations.toReversed(), usage),
  }),
  'recovers operations in another order': (store) => ({
    async recover(accounts) {
      const found = await store.recover(accounts);
      return { ...found, operations: found.operations.toReversed() };
    },
  }),
  'recovers turns in another order': (store) => ({
    async recover(accounts) {
      const found = await store.recover(accounts);
      return { ...found, turns: found.turns.toReversed() };
    },
  }),
  'recovers all accounts': (store) => ({ recover: () => recoverAll(store) }),
  'forgets pending events': (store) => ({
    recover: async (accounts) => ({ ...(await store.recover(accounts)), events: [] }),
  }),
  'forgets the journal at recovery': (store) => ({
    async recover(accounts) {
      const found = await store.recover(accounts);
      return { ...found, turns: found.turns.map((one) => ({ ...one, events: [] })) };
    },
  }),
  'forgets expired turns': (store) => ({
    recover: async (accounts) => ({ ...(await store.recover(accounts)), unnoted: [] }),
  }),
  'commits the final twice': (store) => ({
    async commitFinal(lease, turn, outcome, operations, usage) {
      const done = await store.commitFinal(lease, turn, outcome, operations, usage);
      return done.length > 0 ? done : await store.enqueue(operations);
    },
  }),
  'completes an event twice': (store) => ({
    async completeEvent(id, replies) {
      const done = await store.completeEvent(id, replies);
      return done.length > 0 ? done : await store.enqueue(replies);
    },
  }),
  'retries twice for one key': (store) => ({
    retryTurn: (input) => store.retryTurn({ ...input, again: `${fresh()}` }),
  }),
  'retries under the old request id': (store) => ({
    async retryTurn(input) {
      const old = (await store.lastTurns(input.chat, 100)).find(({ id }) => id === input.turn);
      const turn = await store.retryTurn(input);
      return typeof turn === 'string' || old === undefined ? turn : { ...turn, requestId: old.requestId };
    },
  }),
  'notes expired turns twice': (store) => ({
    async noteExpired(chat, note) {
      const turns = (await store.lastTurns(chat, 100)).filter(({ outcome }) => outcome === 'expired');
      return (await store.enqueue([note(turns.toReversed())]))[0];
    },
  }),
  'enqueues an id twice': (store) => ({
    enqueue: (operations) =>
      store.enqueue(operations.map((one) => ({ ...one, id: OperationId.parse(`${one.id}-${fresh()}`) }))),
  }),
  'forgets that an attempt began': () => ({ beginOperation: async () => undefined }),
  'forgets that something was sent': (store) => ({
    settleOperation: async (id, result) =>
      result.state === 'sent' ? undefined : await store.settleOperation(id, result),
  }),
  'buries an operation instead of waiting': (store) => ({
    settleOperation: (id, result) =>
      store.settleOperation(id, result.state === 'pending' ? { ...result, state: 'dead' } : result),
  }),
  'settles what does not exist': (store) => ({
    settleOperation: (id, result) => store.settleOperation(id, result).catch(() => undefined),
  }),
  'lists the oldest first': (store) => ({
    lastTurns: async (chat, limit) => (await store.lastTurns(chat, limit)).toReversed(),
  }),
  'lists dead letters without a limit': (store) => ({ deadLetters: () => store.deadLetters(1_000) }),
  'opens a confirmation twice': (store) => ({
    openConfirmation: (lease, confirmation) =>
      store.openConfirmation(lease, { ...confirmation, id: `${confirmation.id}-${fresh()}` }),
  }),
  'decides twice': (store) => ({
    async decide(input): Promise<Decision> {
      const decision = await store.decide(input);
      return decision.outcome === 'already_decided' ? { ...decision, outcome: 'decided' } : decision;
    },
  }),
  'lets one word decide again': (store) => ({
    decide: (input) => store.decide({ ...input, by: `${input.by} ${fresh()}` }),
  }),
  'lets a word decide what was asked later': (store) => ({
    openConfirmation: (lease, confirmation) =>
      store.openConfirmation(lease, { ...confirmation, askedAt: Math.min(confirmation.askedAt, 0) }),
  }),
  'lets no expiry decide': (store) => ({
    decide: ({ onExpiry: _, ...input }) => store.decide(input),
  }),
  'lets anybody decide': (store, shared) => ({
    async openConfirmation(lease, confirmation) {
      shared.set(confirmation.chat, confirmation.person);
      return await store.openConfirmation(lease, confirmation);
    },
    // What was put in is what is taken out.
    decide: (input) =>
      store.decide({ ...input, person: (shared.get(input.chat) ?? input.person) as typeof input.person }),
  }),
  'confirmations never expire': (store) => ({ decide: (input) => store.decide({ ...input, now: 0 }) }),
  'confirmations outlive their turn': (store, shared) => ({
    async commitFinal(lease, turn: TurnId, outcome, operations, usage): Promise<readonly Operation[]> {
      const done = await store.commitFinal(lease, turn, outcome, operations, usage);
      shared.set(`over ${lease.chat}`, true);
      return done;
    },
    async decide(input) {
      const decision = await store.decide(input);
      return decision.outcome === 'expired' && shared.has(`over ${input.chat}`)
        ? { outcome: 'not_found' }
        : decision;
    },
  }),
  'shows an operation twice in the timeline': (store) => ({
    timeline: {
      ...store.timeline,
      append: (address, id, message, at) =>
        store.timeline.append(address, OperationId.parse(`${id}-${fresh()}`), message, at),
    },
  }),
  'pages the timeline from the wrong end': (store) => ({
    timeline: {
      ...store.timeline,
      read: (address, page) => store.timeline.read(address, { after: 0, ...page }),
    },
  }),
  'answers after it is closed': (store) => ({ probe: () => store.probe().catch(() => undefined) }),
  'does not claim accounts': () => ({ claimAccount: async () => undefined }),
};
