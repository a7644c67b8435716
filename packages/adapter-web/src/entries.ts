/** What is kept in the timeline, as the page is shown it. */
import type { TimelineEntry } from '@surfaces/core';
import { FileId, type IncomingFile } from '@surfaces/protocol';
import type { Entry, PageFile } from './frames.ts';
import { messageKeyOf } from './person.ts';

export const UNKNOWN_TYPE = 'application/octet-stream';

export function toEntry({ seq, at, item }: TimelineEntry): Entry {
  if (item.by === 'bot') {
    const { file, ...message } = item.message;
    if (file === undefined) return { by: 'bot', seq, at, message };
    // Whose it is, is nothing that a page needs.
    const { owner: _, ...shown } = file;
    return { by: 'bot', seq, at, message: { ...message, file: shown } };
  }
  const { eventId, name, text } = item;
  // What was stored before there were files has none.
  const files = (item.files ?? []).flatMap(toPageFile);
  return { by: 'person', seq, at, id: messageKeyOf(eventId), name, text, files };
}

function toPageFile({ ref, name, mediaType = UNKNOWN_TYPE, size = 0 }: IncomingFile): PageFile[] {
  const id = FileId.safeParse(ref);
  return id.success ? [{ id: id.data, name, mediaType, size }] : [];
}
