/** What comes in from a surface and what goes out to it. Adapters translate to and from these. */
import { z } from 'zod';
import { Address } from './address.ts';
import { AccountId, EventId, ExternalId, FileId, PersonId, SurfaceId } from './ids.ts';

/** The longest text of one incoming message, in UTF-16 units. Longer ones are refused at the edge. */
export const MAX_INCOMING_TEXT = 100_000;

/**
 * Text as the system keeps it: well-formed Unicode, no control characters but tab and newline,
 * one kind of line end. What is taken out has no visible form.
 */
export function cleanText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff]/g, '')
  );
}

export const LOCALES = ['en', 'ru', 'ko'] as const;
export const Locale = z.enum(LOCALES);
export type Locale = z.infer<typeof Locale>;

export const Author = z.strictObject({
  externalId: ExternalId,
  name: z.string().max(255).transform(cleanText),
  locale: Locale.optional(),
  /** Another program: never starts a turn, or two bots talk to each other for ever. */
  isBot: z.boolean().optional(),
});
export type Author = z.infer<typeof Author>;

const incoming = {
  surface: SurfaceId,
  account: AccountId,
  eventId: EventId,
  address: Address,
  author: Author,
  /** When the messenger says it was sent, epoch milliseconds. */
  sentAt: z.number().int().nonnegative(),
};

/** A file that came with a message, as the messenger names it. Its bytes are fetched from the adapter by `ref`. */
export const IncomingFile = z.strictObject({
  /** Opaque: only the adapter that made it reads it, and only for the same person. */
  ref: z.string().min(1).max(1024),
  /** As the person's device calls it; anything. */
  name: z.string().max(1000),
  mediaType: z.string().max(255).optional(),
  /** Bytes, where the messenger says so. */
  size: z.number().int().nonnegative().optional(),
});
export type IncomingFile = z.infer<typeof IncomingFile>;

export const IncomingMessage = z.strictObject({
  kind: z.literal('message'),
  ...incoming,
  text: z.string().max(MAX_INCOMING_TEXT).transform(cleanText),
  attachments: z.array(IncomingFile).max(100).default([]),
});
export type IncomingMessage = z.infer<typeof IncomingMessage>;

export const IncomingCommand = z.strictObject({
  kind: z.literal('command'),
  ...incoming,
  /** Without its sign: `stop`, not `/stop`. */
  name: z.string().min(1).max(64).transform(cleanText),
  args: z.string().max(MAX_INCOMING_TEXT).transform(cleanText),
  /** Came from a control of the surface (a menu, a field), not from words: it is not part of what was said. */
  quiet: z.boolean().optional(),
});
export type IncomingCommand = z.infer<typeof IncomingCommand>;

/** A button was pressed (or a reaction set): `action` is what the button was made with. */
export const IncomingCallback = z.strictObject({
  kind: z.literal('callback'),
  ...incoming,
  action: z.string().min(1).max(64),
});
export type IncomingCallback = z.infer<typeof IncomingCallback>;

export const IncomingEvent = z.discriminatedUnion('kind', [
  IncomingMessage,
  IncomingCommand,
  IncomingCallback,
]);
export type IncomingEvent = z.infer<typeof IncomingEvent>;

/** One button. `action` fits the smallest messenger (64 bytes). */
export const Button = z.strictObject({
  label: z.string().min(1).max(64),
  action: z.string().min(1).max(64),
  style: z.enum(['primary', 'danger', 'plain']).optional(),
});
export type Button = z.infer<typeof Button>;

/** What a shown thing is: an answer of the agent, or the system's own words. */
export const Role = z.enum(['agent', 'system']);
export type Role = z.infer<typeof Role>;

/** What was asked by buttons is settled. */
export const Settled = z.strictObject({
  /** What the actions of those buttons are, or begin with before a `:`. */
  about: z.string().min(1).max(64),
  /** The action that was chosen, where one was. */
  chosen: z.string().max(64).optional(),
});
export type Settled = z.infer<typeof Settled>;

/** A file that the system keeps for a person; the adapter opens it by owner and id. */
export const OutgoingFile = z.strictObject({
  owner: PersonId,
  id: FileId,
  name: z.string().min(1).max(255),
  mediaType: z.string().max(255),
  /** Bytes. */
  size: z.number().int().nonnegative(),
});
export type OutgoingFile = z.infer<typeof OutgoingFile>;

export const OutgoingMessage = z.strictObject({
  kind: z.literal('message'),
  role: Role,
  /** Markdown, already within the surface's limit. */
  markdown: z.string(),
  /** `failed`: what can be read is not a whole answer. */
  state: z.enum(['final', 'failed']).default('final'),
  /** The turn that caused it; a surface that shows previews replaces that turn's preview. */
  turnId: z.string().max(64).optional(),
  /** 0-based; an answer may have several parts. */
  part: z.number().int().nonnegative().default(0),
  last: z.boolean().default(true),
  buttons: z.array(Button).max(25).default([]),
  /** With a file there is no text: `markdown` is empty. The messenger's native type of file is used. */
  file: OutgoingFile.optional(),
  /** Buttons of earlier messages that do nothing any more. */
  settles: z.array(Settled).max(100).optional(),
  /** It may already be there: the surface could not say whether the first attempt arrived. */
  maybeDuplicate: z.boolean().optional(),
});
export type OutgoingMessage = z.infer<typeof OutgoingMessage>;
