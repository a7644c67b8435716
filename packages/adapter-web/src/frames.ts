/**
 * What the page and its server say to each other over the WebSocket: JSON text frames. Both sides
 * parse what they receive with these schemas.
 */
import { Locale, OutgoingMessage } from '@surfaces/protocol';
import { z } from 'zod';

/** Raised when old pages must reload; the server names its own in `welcome`. */
export const FRAMES_VERSION = 1;

/** Close codes of the server (4000-4999 are ours). */
export const CLOSE = {
  /** The server stops or restarts: come back. */
  goingAway: 1001,
  /** The page does not read what it is sent: come back and catch up. */
  tooSlow: 4008,
  /** The key or session is not valid any more: log in. */
  loggedOut: 4001,
  /** The first frame was not `hello`, or did not come. */
  noHello: 4002,
} as const;

const MessageKey = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, 'an id is 8 to 64 letters, digits, - or _');
const Seq = z.number().int().nonnegative();

/** The text is not bounded here: its limit has an answer of its own (`too_long`). */
export const ClientFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), after: Seq.nullable(), locale: Locale.optional() }),
  z.object({ type: z.literal('locale'), locale: Locale }),
  z.object({ type: z.literal('message'), id: MessageKey, text: z.string() }),
  z.object({ type: z.literal('action'), id: MessageKey, action: z.string().min(1).max(64) }),
  z.object({ type: z.literal('older'), before: Seq }),
  z.object({ type: z.literal('ping') }),
]);
export type ClientFrame = z.infer<typeof ClientFrame>;

/** One thing in the chat. `seq` orders them; `id` is what the page named its own message. */
export const Entry = z.discriminatedUnion('by', [
  z.object({
    by: z.literal('person'),
    seq: Seq,
    at: z.number(),
    id: z.string(),
    name: z.string(),
    text: z.string(),
  }),
  z.object({ by: z.literal('bot'), seq: Seq, at: z.number(), message: OutgoingMessage }),
]);
export type Entry = z.infer<typeof Entry>;

export const ServerFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    version: z.number().int(),
    person: z.object({ id: z.string(), name: z.string() }),
    locale: Locale,
    limits: z.object({ text: z.number().int().positive() }),
    /** There is a session to end. */
    canLogOut: z.boolean(),
    /** Forget the entries that are shown: what follows does not continue them. */
    reset: z.boolean(),
    /** With `reset`: there is more before the first entry that follows. */
    older: z.boolean(),
  }),
  /** In order of `seq`, each later than all sent before on this connection. */
  z.object({ type: z.literal('entries'), entries: z.array(Entry) }),
  /** Everything that was there at `hello` has been sent. The drafts named follow; others are gone. */
  z.object({ type: z.literal('caught_up'), busy: z.boolean(), drafts: z.array(z.string()) }),
  /** The answer to `older`. */
  z.object({ type: z.literal('older'), before: Seq, entries: z.array(Entry), more: z.boolean() }),
  /**
   * An answer that grows: keep the first `from` UTF-16 units of what is shown, then add `text`. An
   * entry of the same turn with `last` and a `seq` above `since` takes its place.
   */
  z.object({
    type: z.literal('draft'),
    turnId: z.string(),
    from: z.number().int().nonnegative(),
    text: z.string(),
    progress: z.string().optional(),
    since: Seq,
  }),
  z.object({ type: z.literal('draft_clear'), turnId: z.string() }),
  z.object({ type: z.literal('busy'), on: z.boolean() }),
  /** Durable. Without `seq` it is not part of what is kept in the chat (a button, a command). */
  z.object({ type: z.literal('accepted'), id: z.string(), seq: Seq.optional() }),
  /** Not stored. `unavailable`: for now; send the same again. */
  z.object({
    type: z.literal('refused'),
    id: z.string(),
    reason: z.enum([
      'empty',
      'rate',
      'queue_full',
      'not_served',
      'stopping',
      'bot',
      'too_long',
      'unavailable',
    ]),
    notice: z.string().optional(),
    retry: z.boolean(),
  }),
  /** The frame named by its place was of no use; the connection goes on. */
  z.object({ type: z.literal('error'), code: z.enum(['bad_frame', 'no_history']), detail: z.string() }),
  z.object({ type: z.literal('pong') }),
]);
export type ServerFrame = z.infer<typeof ServerFrame>;
