/** What operators need, in memory. */
import { addressKey, type PersonId, type TurnId } from '@surfaces/protocol';
import type { CareStore, NeededFiles, Operation, PersonRecord, Retention } from '../ports/index.ts';
import type { Calls, ChatRow, MemoryTables, TimelineRow } from './memory-database.ts';
import { newestOperations } from './memory-turns.ts';

export function careCalls(tables: MemoryTables): Pick<Calls, Exclude<keyof CareStore, 'exportPerson'>> {
  const dead = (limit?: number) => newestOperations(tables, ({ state }) => state === 'dead', limit);
  return {
    deadLetters: (limit) => dead(limit),
    reviveDeadLetters(ids, now) {
      const wanted = dead().filter(({ id }) => ids.includes(id));
      return wanted.reverse().map(({ error: _, ...operation }) => {
        const revived: Operation = { ...operation, state: 'pending', attempts: 0, createdAt: now };
        tables.operations.set(revived.id, revived);
        return revived;
      });
    },
    dropDeadLetters(ids) {
      const wanted = dead().filter(({ id }) => ids.includes(id));
      for (const { id } of wanted) tables.operations.delete(id);
      return wanted.length;
    },
    prune: (before, limit) => prune(tables, before, limit),
    neededFiles: () => neededFiles(tables),

    findPersons({ identity, id, after, limit }) {
      const rows = [...tables.identities.values()];
      const wanted =
        identity &&
        rows.find((one) => one.surface === identity.surface && one.externalId === identity.externalId);
      return [...tables.persons.values()]
        .filter((one) => identity === undefined || one.id === wanted?.person)
        .filter((one) => (id === undefined || one.id === id) && (after === undefined || one.id > after))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map((one) => ({
          id: one.id,
          name: one.name,
          identities: rows
            .filter(({ person }) => person === one.id)
            .map(({ surface, externalId }) => ({ surface, externalId })),
          chats: chatsOf(tables, one.id).length,
        }));
    },
    deletePerson: (person) => deletePerson(tables, person),
  };
}

function chatsOf(tables: MemoryTables, owner: PersonId): ChatRow[] {
  return [...tables.chats.values()].filter(({ chat }) => chat.owner === owner);
}

function prune(tables: MemoryTables, before: Retention, limit: number) {
  const old = (at: number, than: number | undefined) => than !== undefined && at < than;
  const open = ({ state }: Operation) => state === 'pending' || state === 'sending';
  const undelivered = new Set([...tables.operations.values()].filter(open).map(({ turn }) => turn));
  // The event of what is unfinished must stay known, or it would be done twice.
  const unfinished = [
    ...[...tables.turns.values()].flatMap(({ turn }) => (turn.state === 'finished' ? [] : [turn.acceptedAt])),
    ...[...tables.inbox.values()].flatMap(({ pending, acceptedAt }) => (pending ? [acceptedAt] : [])),
  ];
  const known = Math.min(before.inbox ?? Number.NEGATIVE_INFINITY, ...unfinished);

  const inbox = [...tables.inbox].filter(([, row]) => row.acceptedAt < known).slice(0, limit);
  for (const [key] of inbox) tables.inbox.delete(key);

  const turns = [...tables.turns.values()]
    .filter(({ turn, noted }) => turn.state === 'finished' && noted && !undelivered.has(turn.id))
    .filter(({ turn }) => old(turn.acceptedAt, before.finished))
    .slice(0, limit);
  for (const { turn } of turns) {
    if (turn.outcome !== 'answered') dropNotes(tables, turn.id);
    dropTurn(tables, turn.id);
  }

  const drop = (state: Operation['state'], than: number | undefined) => {
    const gone = [...tables.operations.values()]
      .filter((one) => one.state === state && old(one.createdAt, than))
      .slice(0, limit);
    for (const { id } of gone) tables.operations.delete(id);
    return gone.length;
  };
  const operations = drop('sent', before.finished);
  const deadLetters = drop('dead', before.deadLetters);

  const said = new Set(tables.timeline.filter(({ at }) => old(at, before.timeline)).slice(0, limit));
  tables.timeline = tables.timeline.filter((row) => !said.has(row));
  return { inbox: inbox.length, turns: turns.length, operations, deadLetters, timeline: said.size };
}

function neededFiles(tables: MemoryTables): NeededFiles {
  const turns = [...tables.turns.values()].filter(({ turn }) => turn.state !== 'finished');
  const open = new Set(turns.map(({ turn }) => turn.id));
  const since = Math.min(...turns.map(({ turn }) => turn.acceptedAt));
  return {
    ids: [
      ...tables.files.flatMap(({ file, turn }) => (turn === undefined || open.has(turn) ? file.ref : [])),
      ...[...tables.operations.values()].flatMap(({ state, message: { file } }) =>
        state === 'sent' || file === undefined ? [] : file.id,
      ),
    ],
    ...(turns.length === 0 ? {} : { since }),
  };
}

function dropNotes(tables: MemoryTables, turn: TurnId): void {
  tables.contexts = tables.contexts.filter(({ source }) => source.kind !== 'notes' || source.turn !== turn);
}

function dropTurn(tables: MemoryTables, turn: TurnId): void {
  tables.turns.delete(turn);
  tables.confirmations = tables.confirmations.filter(({ confirmation }) => confirmation.turn !== turn);
  tables.files = tables.files.filter((row) => row.turn !== turn);
}

/** What was said to or by a person; where nobody else speaks, also what nothing more is known of. */
function saidOf(tables: MemoryTables, person: PersonId): Set<TimelineRow> {
  const alone = placesOf(tables, person);
  return new Set(
    tables.timeline.filter(
      (row) => row.person === person || (row.person === undefined && alone.has(addressKey(row.address))),
    ),
  );
}

/** Addresses at which this person speaks and nobody else does. */
function placesOf(tables: MemoryTables, person: PersonId): Set<string> {
  const bindings = [...tables.bindings.values()];
  const others = new Set(
    bindings.filter((one) => one.person !== person).map(({ address }) => addressKey(address)),
  );
  const own = bindings.filter((one) => one.person === person).map(({ address }) => addressKey(address));
  return new Set(own.filter((address) => !others.has(address)));
}

function deletePerson(tables: MemoryTables, id: PersonId) {
  const rows = chatsOf(tables, id);
  const keys = new Set(rows.map(({ chat }) => chat.key));
  const saved = tables.contexts.filter(({ owner }) => owner === id);
  const forgotten = [
    ...rows.map(({ chat: { agentId, platformChatId } }) => ({ agentId, platformChatId })),
    ...saved.flatMap(({ agentId, source }) =>
      source.kind === 'copy' ? [{ agentId, platformChatId: source.platformChatId }] : [],
    ),
  ];
  const said = saidOf(tables, id);
  tables.timeline = tables.timeline.filter((row) => !said.has(row));
  for (const address of placesOf(tables, id)) tables.marks.delete(address);
  for (const [key, binding] of tables.bindings) {
    if (binding.person === id || keys.has(binding.chat)) tables.bindings.delete(key);
  }
  const theirs = (row: { readonly chat: ChatRow['chat']['key']; readonly person: PersonId }) =>
    row.person === id || keys.has(row.chat);
  for (const { turn } of [...tables.turns.values()]) if (theirs(turn)) dropTurn(tables, turn.id);
  tables.files = tables.files.filter(({ file }) => !theirs(file));
  tables.contexts = tables.contexts.filter(({ owner }) => owner !== id);
  for (const operation of [...tables.operations.values()]) {
    if (keys.has(operation.chat)) tables.operations.delete(operation.id);
  }
  // That they were accepted stays known, so that nothing comes twice.
  for (const row of tables.inbox.values()) if (row.pending && theirs(row.pending)) row.pending = undefined;
  for (const key of keys) tables.chats.delete(key);
  for (const [key, { person }] of tables.identities) if (person === id) tables.identities.delete(key);
  tables.persons.delete(id);
  return forgotten;
}

/** Everything about a person, in order of its kinds. */
export function exportPerson(tables: MemoryTables, id: PersonId): PersonRecord[] {
  const person = tables.persons.get(id);
  if (person === undefined) return [];
  const record = (kind: PersonRecord['kind'], data: object): PersonRecord => ({
    kind,
    data: structuredClone({ ...data }),
  });
  const rows = chatsOf(tables, id);
  const keys = new Set(rows.map(({ chat }) => chat.key));
  const places = [...tables.bindings.values()].filter((one) => one.person === id);
  const said = saidOf(tables, id);
  return [
    record('person', person),
    ...[...tables.identities.values()]
      .filter((one) => one.person === id)
      .map(({ surface, externalId }) => record('identity', { surface, externalId })),
    ...rows.map(({ chat }) =>
      record('chat', {
        ...chat,
        addresses: places.filter((one) => one.chat === chat.key).map(({ address }) => address),
      }),
    ),
    ...tables.contexts.filter(({ owner }) => owner === id).map((one) => record('context', one)),
    ...[...tables.turns.values()]
      .filter(({ turn }) => turn.person === id || keys.has(turn.chat))
      .map(({ turn }) => record('turn', turn)),
    ...tables.files
      .filter(({ file }) => file.person === id || keys.has(file.chat))
      .map(({ file, turn }) => record('file', { ...file, ...(turn === undefined ? {} : { turn }) })),
    ...tables.confirmations
      .filter(({ confirmation }) => confirmation.person === id || keys.has(confirmation.chat))
      .map(({ confirmation }) => record('question', confirmation)),
    ...newestOperations(tables, ({ chat }) => keys.has(chat))
      .reverse()
      .map((one) => record('answer', one)),
    ...[...said].map(({ seq, at, address, item }) => record('timeline', { seq, at, address, item })),
  ];
}
