/** `CareStore` over the database's thread. */
import type { CareStore, PersonRecord, TimelineItem } from '@surfaces/core';
import {
  type AgentId,
  addressKey,
  type ExternalId,
  type PersonId,
  type PlatformChatId,
  type SurfaceId,
} from '@surfaces/protocol';
import { toAttachment, toConfirmation, toContext, toOperation, toTurn } from '../domain.ts';
import type { PageCall, Pages } from './calls.ts';
import { sqliteChats } from './sqlite-chats.ts';
import type { SqliteThread } from './thread.ts';

/** Rows that are read at once for an export, so that nobody waits long for it. */
const PAGE = 200;

export function sqliteCare(thread: SqliteThread): CareStore {
  const chats = sqliteChats(thread);

  /** All rows of a kind at one place, read page by page. */
  async function* all<K extends keyof Pages>(
    of: K,
    page: Pick<PageCall, 'person' | 'place'>,
    cursor: (row: Pages[K]) => number,
  ): AsyncIterable<Pages[K]> {
    for (let after = 0; ; ) {
      // The answer's rows are of the kind that was asked for.
      const rows = (await thread.call('exportPage', { ...page, of, after, limit: PAGE })) as Pages[K][];
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = cursor(last);
    }
  }

  return {
    async deadLetters(limit) {
      return (await thread.call('deadLetters', limit)).map(toOperation);
    },
    async reviveDeadLetters(ids, now) {
      return (await thread.call('reviveDeadLetters', { ids, now })).map(toOperation);
    },
    dropDeadLetters: (ids) => thread.call('dropDeadLetters', ids),
    prune: ({ inbox = null, finished = null, deadLetters = null, timeline = null }, limit) =>
      thread.call('prune', { inbox, finished, deadLetters, timeline, limit }),

    async neededFiles() {
      const { ids, since } = await thread.call('neededFiles', null);
      return since === null ? { ids } : { ids, since };
    },

    async findPersons({ identity, id = null, after = null, limit }) {
      const { surface = null, externalId = null } = identity ?? {};
      const rows = await thread.call('findPersons', { surface, externalId, id, after: after ?? '', limit });
      return rows.map((row) => ({
        ...row,
        // Stored by this package from values of those types.
        id: row.id as PersonId,
        identities: row.identities.map((one) => ({
          surface: one.surface as SurfaceId,
          externalId: one.externalId as ExternalId,
        })),
      }));
    },

    async *exportPerson(id) {
      const person = await chats.person(id);
      if (person === undefined) return;
      yield record('person', person);
      const [found] = await thread.call('findPersons', {
        surface: null,
        externalId: null,
        id,
        after: '',
        limit: 1,
      });
      for (const identity of found?.identities ?? []) yield record('identity', identity);
      const placed = await chats.chatsOf(id);
      for (const { chat, addresses } of placed) yield record('chat', { ...chat, addresses });
      for (const row of await thread.call('exportContexts', id)) yield record('context', toContext(row));
      for (const { chat } of placed) {
        const page = { person: id, place: chat.key };
        for await (const turn of all('turn', page, ({ order }) => order)) {
          const { attachments: _, ...data } = toTurn({ turn, files: [] });
          yield record('turn', data);
        }
        for await (const row of all('file', page, ({ order }) => order)) {
          yield record('file', { ...toAttachment(row), ...(row.turn === null ? {} : { turn: row.turn }) });
        }
        for await (const row of all('question', page, ({ order }) => order)) {
          yield record('question', toConfirmation(row));
        }
        for await (const row of all('answer', page, ({ seq }) => seq))
          yield record('answer', toOperation(row));
      }
      for (const address of placed.flatMap(({ addresses }) => addresses)) {
        const page = { person: id, place: addressKey(address) };
        for await (const { seq, at, item } of all('timeline', page, (row) => row.seq)) {
          // Written by `accept` or the timeline, from that type.
          yield record('timeline', { seq, at, address, item: JSON.parse(item) as TimelineItem });
        }
      }
    },
    async deletePerson(person) {
      const forgotten = await thread.call('deletePerson', person);
      // Stored by this package from values of those types.
      return forgotten as { agentId: AgentId; platformChatId: PlatformChatId }[];
    },
  };
}

function record(kind: PersonRecord['kind'], data: object): PersonRecord {
  return { kind, data: { ...data } };
}
