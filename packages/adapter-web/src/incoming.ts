/** What a page's frame means to the core. */
import {
  cleanText,
  type IncomingEvent,
  IncomingEvent as IncomingEventSchema,
  type Locale,
} from '@surfaces/protocol';
import type { ClientFrame } from './frames.ts';
import { ACCOUNT, addressOf, eventIdOf, SURFACE, type WebPerson } from './person.ts';

/** A sign, a word, and nothing or a space behind it: `/usr/bin` is not a command. */
const COMMAND = /^\s*[/!](\p{L}[\p{L}\p{N}_-]{0,63})(?:\s+([\s\S]*))?$/u;

/** `now`: epoch milliseconds of our clock; a browser's clock may be anything. */
export function toIncoming(
  frame: Extract<ClientFrame, { type: 'message' | 'action' }>,
  person: WebPerson,
  locale: Locale,
  now: number,
): IncomingEvent {
  const common = {
    surface: SURFACE,
    account: ACCOUNT,
    eventId: eventIdOf(person.id, frame.id),
    address: addressOf(person.id),
    author: { externalId: person.id, name: person.name, locale },
    sentAt: now,
  };
  if (frame.type === 'action') {
    return IncomingEventSchema.parse({ kind: 'callback', ...common, action: frame.action });
  }
  const text = cleanText(frame.text);
  const command = COMMAND.exec(text);
  return IncomingEventSchema.parse(
    command === null
      ? { kind: 'message', ...common, text }
      : { kind: 'command', ...common, name: command[1]?.toLowerCase(), args: (command[2] ?? '').trim() },
  );
}
