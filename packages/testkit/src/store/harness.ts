/** What the store suite needs of an implementation, and the things it puts into one. */
import {
  type Accepted,
  type AcceptInput,
  type Chat,
  type Confirmation,
  isStoreError,
  type NewConfirmation,
  type NewOperation,
  type Person,
  type Store,
  type StoreErrorCode,
  type Turn,
  type TurnOutcome,
} from '@surfaces/core';
import {
  AccountId,
  type Address,
  AgentId,
  EventId,
  ExternalId,
  type IncomingCallback,
  type IncomingCommand,
  type IncomingMessage,
  newPlatformChatId,
  OperationId,
  type OutgoingMessage,
  SurfaceId,
} from '@surfaces/protocol';
import { expect } from 'vitest';

/** One process's view of the data. */
export interface StoreProcess {
  readonly store: Store;
  /** Gone as by SIGKILL: no `close`. What its calls resolved must be there for the next. */
  kill(): Promise<void>;
  /** The others take it for dead and may claim what it holds, though its code still runs. */
  lapse(): Promise<void>;
}

/** Fresh data, and any number of processes on it. */
export interface StoreHarness {
  open(): Promise<StoreProcess>;
  /** Ends everything that was opened and removes the data. */
  cleanup(): Promise<void>;
}

export interface StoreCase {
  readonly name: string;
  /** `two_live`: two processes that know of each other being alive. */
  readonly needs?: 'two_live';
  run(harness: StoreHarness): Promise<void>;
}

export const NOW = 1_700_000_000_000;
export const STALE = 900_000;
export const web = SurfaceId.parse('web');
export const account = AccountId.parse('bot');
export const echo = AgentId.parse('echo');
export const otherAccount = AccountId.parse('second-bot');

let last = 0;
/** A number that no other call got. */
export function unique(): number {
  last += 1;
  return last;
}

export function room(name = 'lobby', at = account): Address {
  return { kind: 'room', surface: web, account: at, room: name };
}

interface EventParts {
  readonly who?: string;
  readonly name?: string;
  readonly locale?: 'en' | 'ru' | 'ko';
  readonly address?: Address;
  readonly eventId?: string;
  readonly sentAt?: number;
}

function base(parts: EventParts) {
  const { who = 'ann', name = who, address = room(), eventId = `event-${unique()}`, sentAt = NOW } = parts;
  const locale = parts.locale === undefined ? {} : { locale: parts.locale };
  const author = { externalId: ExternalId.parse(who), name, ...locale };
  return { surface: web, account: address.account, eventId: EventId.parse(eventId), address, author, sentAt };
}

export function message(text: string, parts: EventParts = {}): IncomingMessage {
  return { kind: 'message', ...base(parts), text, attachments: [] };
}

/** With files of these names. */
export function withFiles(text: string, names: readonly string[], parts: EventParts = {}): IncomingMessage {
  const attachments = names.map((name) => ({ ref: `ref of ${name}`, name }));
  return { ...message(text, parts), attachments };
}

export function command(name: string, args = '', parts: EventParts = {}): IncomingCommand {
  return { kind: 'command', ...base(parts), name, args };
}

export function callback(action: string, parts: EventParts = {}): IncomingCallback {
  return { kind: 'callback', ...base(parts), action };
}

export function input(event: AcceptInput['event'], parts: Partial<AcceptInput> = {}): AcceptInput {
  return {
    event,
    now: NOW,
    defaultLocale: 'en',
    assignment: { choices: [echo], byDefault: false },
    newChat: { platformChatId: newPlatformChatId(), name: 'New chat' },
    waitingFilesLimit: 100,
    queueLimit: 100,
    staleAfterMs: STALE,
    record: false,
    ...parts,
  };
}

type Having<A, O> = A extends { readonly outcome: infer X } ? ([O & X] extends [never] ? never : A) : never;

/** The accepted answer, which must have one of these outcomes. */
export function only<O extends Accepted['outcome']>(accepted: Accepted, ...outcomes: O[]) {
  expect(outcomes).toContain(accepted.outcome);
  // Checked by the line above.
  return accepted as Having<Accepted, O>;
}

export interface Started {
  readonly turn: Turn;
  readonly chat: Chat;
  readonly person: Person;
}

export async function acceptTurn(store: Store, text: string, parts: EventParts = {}): Promise<Started> {
  return only(await store.accept(input(message(text, parts))), 'turn');
}

/** A turn that runs, and the lease it runs under. */
export async function running(store: Store, text = 'hello', parts: EventParts = {}) {
  const { turn, chat, person } = await acceptTurn(store, text, parts);
  const lease = await store.claimChat(chat.key);
  await store.startTurn(lease, turn.id);
  return { turn, chat, person, lease };
}

/** Runs a turn that is queued to its end. */
export async function finish(
  store: Store,
  turn: Turn,
  outcome: TurnOutcome = 'answered',
  tokens = 0,
): Promise<void> {
  const lease = await store.claimChat(turn.chat);
  await store.startTurn(lease, turn.id);
  await store.commitFinal(lease, turn.id, outcome, [], { tokens });
}

/** A further chat of a person, bound to nothing. */
export async function makeChat(
  store: Store,
  owner: Person,
  parts: Partial<Parameters<Store['createChat']>[0]> = {},
): Promise<Chat> {
  const chat = await store.createChat({
    owner: owner.id,
    agentId: echo,
    byDefault: false,
    platformChatId: newPlatformChatId(),
    name: 'Another',
    named: true,
    limit: 100,
    by: `key-${unique()}`,
    now: NOW,
    ...parts,
  });
  if (chat === 'too_many') throw new Error(chat);
  return chat;
}

export async function meet(store: Store, who = 'ann'): Promise<Person> {
  const externalId = ExternalId.parse(who);
  return await store.identify({ surface: web, externalId, name: who, defaultLocale: 'en' });
}

export const namesOf = (files: readonly { readonly name: string }[]): string[] =>
  files.map(({ name }) => name);

export function outgoing(markdown: string): OutgoingMessage {
  return { kind: 'message', role: 'agent', markdown, state: 'final', part: 0, last: true, buttons: [] };
}

export function operation(chat: Chat, markdown = 'answer', parts: Partial<NewOperation> = {}): NewOperation {
  return {
    id: OperationId.parse(`operation-${unique()}`),
    address: room(),
    message: outgoing(markdown),
    chat: chat.key,
    ...parts,
  };
}

export function question(
  { turn, chat, person }: Started,
  parts: Partial<Confirmation> = {},
): NewConfirmation {
  return {
    turn: turn.id,
    id: `confirm-${unique()}`,
    token: `token-${unique()}`,
    chat: chat.key,
    person: person.id,
    text: 'Delete it?',
    options: [
      { id: 'ok', label: 'Yes', kind: 'allow_once' },
      { id: 'always', label: 'Always', kind: 'allow_always' },
      { id: 'no', label: 'No', kind: 'reject' },
    ],
    askedAt: NOW,
    expiresAt: NOW + 60_000,
    ...parts,
  };
}

/** The call must fail with this code. */
export async function fails(call: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  const error: unknown = await call.then(
    () => new Error(`resolved instead of failing with ${code}`),
    (reason: unknown) => reason,
  );
  if (!isStoreError(error)) throw error;
  expect(error.code).toBe(code);
}

export async function recoverAll(store: Store) {
  return await store.recover([
    { surface: web, account },
    { surface: web, account: otherAccount },
  ]);
}

/** A case with a single process. */
export function single(name: string, run: (store: Store) => Promise<void>): StoreCase {
  return { name, run: async (harness) => await run((await harness.open()).store) };
}

/** What `leave` does is done by a process that is then killed; `find` looks at it in the next. */
export function afterKill<T>(
  name: string,
  leave: (store: Store) => Promise<T>,
  find: (store: Store, left: T) => Promise<void>,
): StoreCase {
  return {
    name,
    async run(harness) {
      const first = await harness.open();
      const left = await leave(first.store);
      await first.kill();
      await find((await harness.open()).store, left);
    },
  };
}
