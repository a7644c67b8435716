/** The timeline in memory. */
import { type Address, addressKey, type OperationId, type OutgoingMessage } from '@surfaces/protocol';
import type { PlaceSummary } from '../ports/store-chats.ts';
import type { Timeline, TimelineEntry } from '../ports/timeline.ts';
import type { MemoryTables, TimelineRow } from './memory-database.ts';

function rowsAt(tables: MemoryTables, address: Address): TimelineRow[] {
  const key = addressKey(address);
  return tables.timeline.filter((row) => addressKey(row.address) === key);
}

export function readTimeline(
  tables: MemoryTables,
  address: Address,
  { after, before, limit }: Parameters<Timeline['read']>[1],
): TimelineEntry[] {
  const rows = rowsAt(tables, address)
    .filter(({ seq }) => (after === undefined || seq > after) && (before === undefined || seq < before))
    .map(({ seq, at, item }) => ({ seq, at, item }));
  return after === undefined ? rows.slice(Math.max(0, rows.length - limit)) : rows.slice(0, limit);
}

export function appendTimeline(
  tables: MemoryTables,
  address: Address,
  operationId: OperationId,
  message: OutgoingMessage,
  at: number,
): { readonly seq: number; readonly fresh: boolean } {
  const known = tables.timeline.find(({ item }) => item.by === 'bot' && item.operationId === operationId);
  if (known !== undefined) return { seq: known.seq, fresh: false };
  const chat = tables.operations.get(operationId)?.chat;
  const owner = chat && tables.chatRow(chat).chat.owner;
  return { seq: tables.addTimeline(address, { by: 'bot', operationId, message }, at, owner), fresh: true };
}

export function summarise(tables: MemoryTables, addresses: readonly Address[]): PlaceSummary[] {
  return addresses.map((address) => {
    const rows = rowsAt(tables, address);
    const last = rows.at(-1);
    return {
      last: last?.seq ?? 0,
      at: last?.at ?? 0,
      lastOther: rows.findLast(({ item }) => item.by !== 'person')?.seq ?? 0,
      read: tables.marks.get(addressKey(address)) ?? 0,
    };
  });
}

export function markRead(tables: MemoryTables, address: Address, seq: number): void {
  const key = addressKey(address);
  tables.marks.set(key, Math.max(seq, tables.marks.get(key) ?? 0));
}
