/** `accept` in memory. */
import type { AccountId, EventId, IncomingEvent, SurfaceId } from '@surfaces/protocol';
import type { Accepted, AcceptInput, ChatChange } from '../ports/index.ts';
import { addChat, assign, chooseAgent, findOrMakePerson } from './memory-chats.ts';
import { bindingKey, type ChatRow, type MemoryTables, newTurnIds, type TurnRow } from './memory-database.ts';

export function acceptInMemory(tables: MemoryTables, input: AcceptInput): Accepted {
  const { now, assignment, newChat } = input;
  const event = structuredClone(input.event);
  const key = eventKey(event.surface, event.account, event.eventId);
  const known = tables.inbox.get(key);
  if (known !== undefined) return { outcome: 'duplicate', ...seqOf(known.seq) };

  const { author, surface, address } = event;
  const locale = author.locale === undefined ? {} : { locale: author.locale };
  const identity = { surface, externalId: author.externalId, name: author.name, ...locale };
  const person = findOrMakePerson(tables, { ...identity, defaultLocale: input.defaultLocale });
  const bound = tables.bindings.get(bindingKey(address, person.id));
  const made = bound === undefined;
  const row = made
    ? addChat(tables, {
        ...newChat,
        owner: person.id,
        agentId: chooseAgent(person, assignment),
        byDefault: assignment.byDefault,
        named: false,
        now,
      })
    : tables.chatRow(bound.chat);
  if (made) tables.bind(address, person.id, row.chat.key);

  const kind = kindOf(input);
  const place = { chat: row.chat.key, person: person.id, address };
  if (kind === 'turn' && tables.unfinishedOf(row.chat.key) >= input.queueLimit) {
    return { outcome: 'queue_full', person, chat: row.chat };
  }
  if (kind === 'files' && event.kind === 'message') {
    const waiting = tables.waitingIn(row.chat.key).length + event.attachments.length;
    if (waiting > input.waitingFilesLimit) return { outcome: 'files_full', person, chat: row.chat };
  }
  const changes: ChatChange[] = made && row.chat.byDefault ? ['by_default'] : [];
  // What expired is only named: nothing else comes of it.
  let moved: ReturnType<typeof assign> = {};
  if (kind !== 'expired') {
    moved = assign(tables, row, assignment, newChat.platformChatId, now);
    if (moved.previous) changes.push('moved');
    changes.push(...enliven(row, kind, input.title));
  }

  const words = input.record ? wordsOf(event) : undefined;
  const item = { by: 'person', eventId: event.eventId, name: person.name } as const;
  const seq =
    words === undefined ? undefined : tables.addTimeline(address, { ...item, ...words }, now, person.id);
  const id = crypto.randomUUID();
  const entry = { id, acceptedAt: now, seq };
  const stored = { chat: row.chat, person, changes, ...moved, ...seqOf(seq) };
  if (event.kind !== 'message') {
    tables.inbox.set(key, { ...entry, pending: { event, chat: row.chat.key, person: person.id } });
    return { outcome: 'event', pending: { id, event, acceptedAt: now }, ...stored };
  }
  tables.inbox.set(key, { ...entry, pending: undefined });
  if (kind === 'files')
    return { outcome: 'files', files: tables.addFiles(event.attachments, place), ...stored };
  const turn: TurnRow['turn'] = {
    ...newTurnIds(),
    ...place,
    text: event.text,
    sentAt: event.sentAt,
    acceptedAt: now,
    ...(kind === 'expired' ? { state: 'finished', outcome: 'expired' } : { state: 'queued' }),
  };
  if (kind !== 'expired') {
    for (const waiting of tables.waitingIn(row.chat.key)) {
      if (waiting.file.person === person.id) waiting.turn = turn.id;
    }
  }
  tables.addFiles(event.attachments, place, turn.id);
  const whole = tables.turn(tables.addTurn(turn));
  return { outcome: kind === 'expired' ? 'expired' : 'turn', turn: whole, ...stored };
}

type Kind = 'turn' | 'expired' | 'files' | 'event';

function kindOf({ event, now, staleAfterMs }: AcceptInput): Kind {
  if (event.kind !== 'message') return 'event';
  if (now - event.sentAt > staleAfterMs) return 'expired';
  return event.attachments.length > 0 && event.text.trim() === '' ? 'files' : 'turn';
}

/** A message makes an archived chat active again; the first turn names a chat that nobody named. */
function enliven(row: ChatRow, kind: Kind, title: string | undefined): ChatChange[] {
  const changes: ChatChange[] = [];
  if (kind !== 'event' && row.chat.state === 'archived') {
    row.chat = { ...row.chat, state: 'active' };
    changes.push('revived');
  }
  if (kind === 'turn' && !row.chat.named && title !== undefined && title !== '') {
    row.chat = { ...row.chat, name: title, named: true };
    changes.push('titled');
  }
  return changes;
}

function seqOf(seq: number | undefined): { readonly seq?: number } {
  return seq === undefined ? {} : { seq };
}

function eventKey(surface: SurfaceId, account: AccountId, eventId: EventId): string {
  return [surface, account, eventId].map(encodeURIComponent).join('/');
}

/** What a person's words look like in a timeline; a pressed button or a used control has none. */
function wordsOf(event: IncomingEvent) {
  if (event.kind === 'message') return { text: event.text, files: event.attachments };
  if (event.kind === 'callback' || event.quiet) return undefined;
  return { text: event.args === '' ? `/${event.name}` : `/${event.name} ${event.args}`, files: [] };
}
