/** What a page's frame means to the core. */
import type { KeptFile } from '@surfaces/core';
import {
  cleanText,
  type IncomingEvent,
  IncomingEvent as IncomingEventSchema,
  type IncomingFile,
  type Locale,
} from '@surfaces/protocol';
import type { ClientFrame } from './frames.ts';
import { ACCOUNT, addressOf, eventIdOf, SURFACE, type WebPerson } from './person.ts';

/** A sign, a word, and nothing or a space behind it: `/usr/bin` is not a command. */
const COMMAND = /^\s*[/!](\p{L}[\p{L}\p{N}_-]{0,63})(?:\s+([\s\S]*))?$/u;

/** A frame that becomes an event. */
export type EventFrame = Extract<ClientFrame, { type: 'message' | 'command' | 'action' }>;

/**
 * `now`: epoch milliseconds of our clock; a browser's clock may be anything. `files`: those that a
 * message names, as they are kept.
 */
export function toIncoming(
  frame: EventFrame,
  person: WebPerson,
  locale: Locale,
  now: number,
  files: readonly KeptFile[],
): IncomingEvent {
  const common = {
    surface: SURFACE,
    account: ACCOUNT,
    eventId: eventIdOf(person.id, frame.id),
    address: addressOf(person.id, frame.chat),
    author: { externalId: person.id, name: person.name, locale },
    sentAt: now,
  };
  if (frame.type === 'action') {
    return IncomingEventSchema.parse({ kind: 'callback', ...common, action: frame.action });
  }
  if (frame.type === 'command') {
    const { name, args } = frame;
    return IncomingEventSchema.parse({ kind: 'command', ...common, name, args: args.trim(), quiet: true });
  }
  const text = cleanText(frame.text);
  // A command takes no files: with some, the words are words.
  const command = files.length > 0 ? null : COMMAND.exec(text);
  return IncomingEventSchema.parse(
    command === null
      ? { kind: 'message', ...common, text, attachments: files.map(toAttachment) }
      : { kind: 'command', ...common, name: command[1]?.toLowerCase(), args: (command[2] ?? '').trim() },
  );
}

function toAttachment({ id, name, mediaType, size }: KeptFile): IncomingFile {
  return { ref: id, name, mediaType, size };
}
