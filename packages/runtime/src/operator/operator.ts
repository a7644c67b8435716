/** What operators do with what is stored: of an app that runs, or of a store that no app uses. */
import type { Core, Files, KeptFile, Operation, PersonRecord, Store } from '@surfaces/core';
import type { Address, FileId, OperationId, PersonId } from '@surfaces/protocol';
import type { Chosen, DeadLetter, Forgotten, FoundPerson, Holdings, PeopleQuery } from './messages.ts';

export interface Operator {
  /** The newest first, with the beginnings of their texts. */
  deadLetters(limit: number): Promise<readonly DeadLetter[]>;
  /** With its whole text. */
  deadLetter(id: OperationId): Promise<DeadLetter | undefined>;
  /** Sends them again, now or at the app's next start; how many there were. */
  replay(chosen: Chosen): Promise<number>;
  drop(chosen: Chosen): Promise<number>;
  people(query: PeopleQuery): Promise<readonly FoundPerson[]>;
  holdings(person: PersonId): Promise<Holdings>;
  records(person: PersonId): AsyncIterable<PersonRecord>;
  files(person: PersonId): AsyncIterable<KeptFile>;
  read(person: PersonId, file: FileId): AsyncIterable<Uint8Array>;
  /** Safe to repeat. */
  forget(person: PersonId): Promise<Forgotten>;
}

const BEGINNING = 200;
const PAGE = 1000;
/** More dead letters than anybody has. */
const ALL = 1_000_000;

/** A core without surfaces will do: then what is replayed waits for the next start. */
export function createOperator({
  core,
  store,
  files,
}: {
  readonly core: Pick<Core, 'replay'> & Pick<Operator, 'forget'>;
  readonly store: Store;
  readonly files: Files;
}): Operator {
  const describe = async (operation: Operation): Promise<DeadLetter> => {
    const { id, createdAt: at, address, error, attempts, message } = operation;
    const chat = await store.chat(operation.chat);
    return {
      id,
      at,
      surface: address.surface,
      place: placeOf(address),
      chat: chat === undefined ? operation.chat : `${chat.chatId} ${chat.name}`,
      ...(chat === undefined ? {} : { person: chat.owner }),
      why: error ?? '',
      attempts,
      text: message.markdown,
      ...(message.file === undefined ? {} : { file: message.file.name }),
    };
  };

  /** Does it page by page: with all there were when it began, not with what died again meanwhile. */
  async function eachOf(chosen: Chosen, work: (ids: readonly OperationId[]) => Promise<number>) {
    if ('ids' in chosen) return work(chosen.ids);
    const ids = (await store.deadLetters(ALL)).map(({ id }) => id).reverse();
    let count = 0;
    for (let at = 0; at < ids.length; at += PAGE) count += await work(ids.slice(at, at + PAGE));
    return count;
  }

  return {
    async deadLetters(limit) {
      const letters = await Promise.all((await store.deadLetters(limit)).map(describe));
      return letters.map((letter) => ({ ...letter, text: beginningOf(letter.text) }));
    },
    async deadLetter(id) {
      const found = (await store.deadLetters(ALL)).find((letter) => letter.id === id);
      return found && describe(found);
    },
    replay: (chosen) => eachOf(chosen, (ids) => core.replay(ids)),
    drop: (chosen) => eachOf(chosen, (ids) => store.dropDeadLetters(ids)),
    people({ surface, externalId, id, after, limit }) {
      return store.findPersons({
        limit,
        ...(surface === undefined || externalId === undefined ? {} : { identity: { surface, externalId } }),
        ...(id === undefined ? {} : { id }),
        ...(after === undefined ? {} : { after }),
      });
    },
    async holdings(person) {
      const found = { chats: 0, messages: 0, history: 0, files: 0, fileBytes: 0, contexts: 0 };
      for await (const { kind, data } of store.exportPerson(person)) {
        if (kind === 'chat') found.chats += 1;
        if (kind === 'turn') found.messages += 1;
        if (kind === 'timeline') found.history += 1;
        if (kind === 'chat' || (kind === 'context' && isCopy(data.source))) found.contexts += 1;
      }
      for await (const { size } of files.list(person)) {
        found.files += 1;
        found.fileBytes += size;
      }
      return found;
    },
    records: (person) => store.exportPerson(person),
    files: (person) => files.list(person),
    read: (person, file) => files.read(person, file),
    forget: (person) => core.forget(person),
  };
}

function placeOf(address: Address): string {
  const room = `${address.account} ${address.room}`;
  return address.kind === 'thread' ? `${room} ${address.thread}` : room;
}

function beginningOf(text: string): string {
  return text.length <= BEGINNING ? text : `${text.slice(0, BEGINNING).toWellFormed()}…`;
}

function isCopy(source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'kind' in source && source.kind === 'copy';
}
