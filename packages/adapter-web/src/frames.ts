/**
 * What the page and its server say to each other over the WebSocket: JSON text frames. Both sides
 * parse what they receive with these schemas.
 */
import { FileId, Locale, OutgoingMessage } from '@surfaces/protocol';
import { z } from 'zod';

/** Raised when old pages must reload; the server names its own in `welcome`. */
export const FRAMES_VERSION = 2;

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

/** Which chat of the person: the first one, or the thread of a further one. */
export const ChatRef = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a chat is 1 to 64 letters, digits, - or _');
export const MAIN_CHAT = 'main';

/** A page is shown one chat at a time; it names the chat in every frame, so that nothing gets into another. */
export const ClientFrame = z.discriminatedUnion('type', [
  /** The first frame: opens a chat, `null` the one that was spoken in last. */
  z.object({
    type: z.literal('hello'),
    chat: ChatRef.nullable(),
    after: Seq.nullable(),
    locale: Locale.optional(),
  }),
  /** Shows another chat from now on. `after`: what the page has of it. */
  z.object({ type: z.literal('open'), chat: ChatRef, after: Seq.nullable() }),
  /** The text is not bounded here: its limit has an answer of its own (`too_long`). Files are ids of uploads. */
  z.object({
    type: z.literal('message'),
    id: MessageKey,
    chat: ChatRef,
    text: z.string(),
    files: z.array(FileId).max(100).default([]),
  }),
  /** A control of the page does what a command does; nothing is written into the chat as the person's words. */
  z.object({
    type: z.literal('command'),
    id: MessageKey,
    chat: ChatRef,
    name: z.string().regex(/^[a-z]{1,32}$/),
    args: z.string().max(2000),
  }),
  z.object({ type: z.literal('action'), id: MessageKey, chat: ChatRef, action: z.string().min(1).max(64) }),
  z.object({ type: z.literal('older'), chat: ChatRef, before: Seq }),
  /** Everything up to this entry has been seen. */
  z.object({ type: z.literal('read'), chat: ChatRef, seq: Seq }),
  z.object({ type: z.literal('ping') }),
]);
export type ClientFrame = z.infer<typeof ClientFrame>;
export type ClientFrameInput = z.input<typeof ClientFrame>;

/** A file that can be had at `files/<id>`. */
export const PageFile = z.object({
  id: FileId,
  name: z.string(),
  mediaType: z.string(),
  /** Bytes. */
  size: z.number().int().nonnegative(),
});
export type PageFile = z.infer<typeof PageFile>;

/** One thing in the chat. `seq` orders them; `id` is what the page named its own message. */
export const Entry = z.discriminatedUnion('by', [
  z.object({
    by: z.literal('person'),
    seq: Seq,
    at: z.number(),
    id: z.string(),
    name: z.string(),
    text: z.string(),
    files: z.array(PageFile),
  }),
  z.object({
    by: z.literal('bot'),
    seq: Seq,
    at: z.number(),
    message: OutgoingMessage.omit({ file: true }).extend({ file: PageFile.optional() }),
  }),
]);
export type Entry = z.infer<typeof Entry>;

export const ChatSummary = z.object({
  id: ChatRef,
  /** `C1`, `C2`, …; empty for the first chat before anything was said in it. */
  number: z.string(),
  /** Empty: not named yet. */
  name: z.string(),
  state: z.enum(['active', 'archived']),
  /** The label of its agent. */
  agent: z.string(),
  /** The last entry; 0 when there is none. */
  last: Seq,
  /** When, epoch milliseconds; 0 when there is none. */
  at: z.number(),
  /** There is something of the agent or the system that was not read. */
  unread: z.boolean(),
  busy: z.boolean(),
});
export type ChatSummary = z.infer<typeof ChatSummary>;

const Choices = z.object({
  locale: Locale,
  /** The person chose the language; otherwise the page takes the browser's. */
  localeChosen: z.boolean(),
  streaming: z.boolean(),
});

export const UPLOAD_ERRORS = [
  'too_large',
  'empty',
  'disk_full',
  'cut_off',
  'not_served',
  'no_files',
  'stopping',
  'failed',
] as const;
/** The answer to `POST upload?name=…` with the bytes as body: 201 and the file, or an error status and this. */
export const UploadError = z.object({ error: z.enum(UPLOAD_ERRORS), text: z.string() });

export const ServerFrame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    version: z.number().int(),
    person: z.object({ id: z.string(), name: z.string() }),
    settings: Choices,
    limits: z.object({
      text: z.number().int().positive(),
      /** Bytes of one file; 0: the person's agent takes none. */
      fileBytes: z.number().int().nonnegative(),
      /** Of one message. */
      files: z.number().int().positive(),
    }),
    /** What can be said with a `/`, in the order of the help. */
    commands: z.array(
      z.object({ name: z.string(), takes: z.string().optional(), help: z.record(Locale, z.string()) }),
    ),
    /** There is a session to end. */
    canLogOut: z.boolean(),
  }),
  /** All chats, when it has changed; the newest activity first. The first chat is always there. */
  z.object({ type: z.literal('chats'), chats: z.array(ChatSummary) }),
  /** The chat that a `new` of this page made: `by` is the id of that frame. */
  z.object({ type: z.literal('created'), by: z.string(), chat: ChatRef }),
  z.object({ type: z.literal('settings'), settings: Choices }),
  /** What follows is of this chat, until the next `opened`. */
  z.object({
    type: z.literal('opened'),
    chat: ChatRef,
    /** Forget the entries that are shown: what follows does not continue them. */
    reset: z.boolean(),
    /** With `reset`: there is more before the first entry that follows. */
    older: z.boolean(),
  }),
  /** In order of `seq`, each later than all sent before since `opened`. */
  z.object({ type: z.literal('entries'), chat: ChatRef, entries: z.array(Entry) }),
  /** Everything that was there at `opened` has been sent. The drafts named follow; others are gone. */
  z.object({ type: z.literal('caught_up'), chat: ChatRef, busy: z.boolean(), drafts: z.array(z.string()) }),
  /** The answer to `older`. */
  z.object({
    type: z.literal('older'),
    chat: ChatRef,
    before: Seq,
    entries: z.array(Entry),
    more: z.boolean(),
  }),
  /**
   * An answer that grows: keep the first `from` UTF-16 units of what is shown, then add `text`. An
   * entry of the same turn with `last` and a `seq` above `since` takes its place.
   */
  z.object({
    type: z.literal('draft'),
    chat: ChatRef,
    turnId: z.string(),
    from: z.number().int().nonnegative(),
    text: z.string(),
    progress: z.string().optional(),
    since: Seq,
  }),
  z.object({ type: z.literal('draft_clear'), chat: ChatRef, turnId: z.string() }),
  z.object({ type: z.literal('busy'), chat: ChatRef, on: z.boolean() }),
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
      'files_full',
      'no_files',
      'not_served',
      'stopping',
      'bot',
      'too_long',
      'unavailable',
      /** The chat is not one of this person. */
      'no_chat',
      /** A file of the message is not there (any more). */
      'no_file',
    ]),
    notice: z.string().optional(),
    retry: z.boolean(),
  }),
  /** The frame named by its place was of no use; the connection goes on. */
  z.object({
    type: z.literal('error'),
    code: z.enum(['bad_frame', 'no_history', 'no_chat']),
    detail: z.string(),
  }),
  z.object({ type: z.literal('pong') }),
]);
export type ServerFrame = z.infer<typeof ServerFrame>;
