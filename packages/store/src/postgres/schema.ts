/**
 * The tables. A change here is followed by `npm run generate`, which adds a forward migration;
 * a released migration is never edited. Columns that hold JSON are text: they are written and read
 * as a whole, and PostgreSQL's own JSON refuses what text may hold. Times are epoch milliseconds.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  text as enumText,
  index,
  integer,
  pgTable,
  primaryKey,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { storable } from './storable.ts';

const text = customType<{ data: string; driverData: string }>({
  dataType: () => 'text',
  toDriver: storable,
});
/** Milliseconds, sizes and generations: all below 2^53. */
const long = (name: string) => bigint(name, { mode: 'number' });
const counted = (name: string) => long(name).generatedAlwaysAsIdentity();

export const persons = pgTable('persons', {
  id: text().primaryKey(),
  name: text().notNull(),
  locale: text().notNull(),
  localeChosen: boolean('locale_chosen').notNull().default(false),
  streaming: boolean().notNull().default(true),
  /** The agent that new chats get. */
  agent: text(),
  /** How many chats were ever numbered for this owner. */
  chats: integer().notNull().default(0),
});

export const identities = pgTable(
  'identities',
  {
    surface: text().notNull(),
    externalId: text('external_id').notNull(),
    person: text()
      .notNull()
      .references(() => persons.id),
  },
  (table) => [
    primaryKey({ columns: [table.surface, table.externalId] }),
    index('identities_person').on(table.person),
  ],
);

export const chats = pgTable(
  'chats',
  {
    key: text().primaryKey(),
    owner: text()
      .notNull()
      .references(() => persons.id),
    number: integer().notNull(),
    name: text().notNull(),
    /** False: its first turn names it. */
    named: boolean().notNull(),
    agentId: text('agent_id').notNull(),
    byDefault: boolean('by_default').notNull(),
    platformChatId: text('platform_chat_id').notNull(),
    contextSince: long('context_since').notNull(),
    tokens: doublePrecision().notNull().default(0),
    state: enumText({ enum: ['active', 'archived'] })
      .notNull()
      .default('active'),
    /** The key that asked for it. */
    madeBy: text('made_by'),
    leaseHolder: text('lease_holder'),
    /** Every write of a lease's holder compares it; each claim by another raises it. */
    leaseGeneration: long('lease_generation').notNull().default(0),
  },
  (table) => [
    uniqueIndex('chats_owner_number').on(table.owner, table.number),
    uniqueIndex('chats_made_by').on(table.owner, table.madeBy).where(sql`made_by IS NOT NULL`),
  ],
);

/** Which chat a person means at an address. */
export const bindings = pgTable(
  'bindings',
  {
    /** The key of `place`. */
    address: text().notNull(),
    place: text().notNull(),
    person: text()
      .notNull()
      .references(() => persons.id),
    chat: text()
      .notNull()
      .references(() => chats.key),
  },
  (table) => [
    primaryKey({ columns: [table.address, table.person] }),
    index('bindings_person').on(table.person),
    index('bindings_chat').on(table.chat),
  ],
);

/** Contexts that a chat has left, by the key that asked for the next. */
export const switches = pgTable(
  'switches',
  {
    chat: text()
      .notNull()
      .references(() => chats.key),
    askedBy: text('asked_by').notNull(),
    previous: text().notNull(),
    at: long('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.chat, table.askedBy] }), index('switches_at').on(table.at)],
);

/** Contexts that were saved under a name. */
export const contexts = pgTable(
  'contexts',
  {
    order: counted('order').primaryKey(),
    id: text().notNull().unique(),
    owner: text()
      .notNull()
      .references(() => persons.id),
    agentId: text('agent_id').notNull(),
    name: text().notNull(),
    savedAt: long('saved_at').notNull(),
    /** Of a copy. */
    platformChatId: text('platform_chat_id'),
    /** Of notes, with the turn in which they are written. */
    path: text(),
    turn: text(),
  },
  (table) => [index('contexts_owner').on(table.owner, table.agentId, table.order)],
);

/** What was accepted, so that it is accepted once. */
export const inbox = pgTable(
  'inbox',
  {
    /** Surface, account and event id. */
    key: text().primaryKey(),
    /** Minted for this acceptance: who repeats it without knowing its outcome knows it by this. */
    id: text().notNull(),
    acceptedAt: long('accepted_at').notNull(),
    /** What it changed about its chat, as JSON, for who repeats it. */
    changes: text(),
  },
  (table) => [index('inbox_accepted_at').on(table.acceptedAt)],
);

/** Commands and callbacks not yet completed: rows live as long as the work. */
export const pendingEvents = pgTable('pending_events', {
  order: counted('order').primaryKey(),
  id: text().notNull().unique(),
  event: text().notNull(),
  account: text().notNull(),
  acceptedAt: long('accepted_at').notNull(),
  chat: text().notNull(),
  person: text().notNull(),
});

export const turns = pgTable(
  'turns',
  {
    order: counted('order').primaryKey(),
    id: text().notNull().unique(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    person: text().notNull(),
    /** Surface and account, of the address. */
    account: text().notNull(),
    address: text().notNull(),
    text: text().notNull(),
    sentAt: long('sent_at').notNull(),
    acceptedAt: long('accepted_at').notNull(),
    state: enumText({ enum: ['queued', 'running', 'finished'] }).notNull(),
    outcome: text(),
    requestId: text('request_id').notNull(),
    previewMessageId: text('preview_message_id'),
    /** The key that asked for it, where no message did. */
    again: text(),
    /** An expired turn that no note has named yet. */
    unnoted: boolean().notNull().default(false),
  },
  (table) => [
    index('turns_chat').on(table.chat, table.order),
    // Partial: a start looks at what is unfinished, however much is finished.
    index('turns_unfinished').on(table.chat).where(sql`state <> 'finished'`),
    index('turns_unnoted').on(table.chat).where(sql`unnoted`),
    index('turns_accepted_at').on(table.acceptedAt),
    uniqueIndex('turns_again').on(table.chat, table.again).where(sql`again IS NOT NULL`),
  ],
);

/** Files of people, on their way to an agent or there. */
export const files = pgTable(
  'files',
  {
    order: counted('order').primaryKey(),
    id: text().notNull().unique(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    person: text().notNull(),
    account: text().notNull(),
    address: text().notNull(),
    ref: text().notNull(),
    name: text().notNull(),
    mediaType: text('media_type'),
    size: long('size'),
    state: enumText({ enum: ['incoming', 'saved', 'failed'] }).notNull(),
    path: text(),
    error: text(),
    /** None: it waits for a text. */
    turn: text(),
  },
  (table) => [
    index('files_chat').on(table.chat, table.order),
    index('files_turn').on(table.turn).where(sql`turn IS NOT NULL`),
    index('files_waiting').on(table.chat, table.order).where(sql`turn IS NULL`),
  ],
);

/** The events of running turns. */
export const journal = pgTable(
  'journal',
  {
    turn: text().notNull(),
    seq: integer().notNull(),
    event: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.turn, table.seq] })],
);

/** The outbox. */
export const operations = pgTable(
  'operations',
  {
    seq: counted('seq').primaryKey(),
    id: text().notNull().unique(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    turn: text(),
    account: text().notNull(),
    address: text().notNull(),
    editOf: text('edit_of'),
    message: text().notNull(),
    state: enumText({ enum: ['pending', 'sending', 'sent', 'dead'] })
      .notNull()
      .default('pending'),
    attempts: integer().notNull().default(0),
    createdAt: long('created_at').notNull(),
    messageId: text('message_id'),
    error: text(),
  },
  (table) => [
    index('operations_chat').on(table.chat, table.seq),
    index('operations_created_at').on(table.createdAt),
    index('operations_open').on(table.seq).where(sql`state IN ('pending', 'sending')`),
    index('operations_dead').on(table.seq).where(sql`state = 'dead'`),
  ],
);

/** Open while its turn is unfinished and nothing is decided. */
export const confirmations = pgTable(
  'confirmations',
  {
    order: counted('order').primaryKey(),
    turn: text().notNull(),
    id: text().notNull(),
    token: text().notNull(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    person: text().notNull(),
    text: text().notNull(),
    options: text().notNull(),
    askedAt: long('asked_at').notNull(),
    expiresAt: long('expires_at').notNull(),
    decision: text(),
    decidedBy: text('decided_by'),
  },
  (table) => [
    uniqueIndex('confirmations_turn_id').on(table.turn, table.id),
    uniqueIndex('confirmations_token').on(table.chat, table.token),
    uniqueIndex('confirmations_decided_by')
      .on(table.chat, table.decidedBy)
      .where(sql`decided_by IS NOT NULL`),
    index('confirmations_undecided').on(table.chat, table.order).where(sql`decision IS NULL`),
  ],
);

export const timeline = pgTable(
  'timeline',
  {
    // A cursor of clients: never used twice, even when the newest entry is deleted.
    seq: counted('seq').primaryKey(),
    address: text().notNull(),
    at: long('at').notNull(),
    /** `o` and an operation id, or `e` and an inbox key: each is shown once. */
    source: text().notNull().unique(),
    item: text().notNull(),
    /** Said by the person. */
    own: boolean().notNull(),
    /** Who said it, or whom it was said to. */
    person: text(),
  },
  (table) => [
    index('timeline_address').on(table.address, table.seq),
    index('timeline_other').on(table.address, table.seq).where(sql`NOT own`),
    index('timeline_at').on(table.at),
    index('timeline_person').on(table.person),
  ],
);

/** Up to which entry an address was read. */
export const marks = pgTable('marks', {
  address: text().primaryKey(),
  seq: long('seq').notNull(),
});

/** Who receives for an account. */
export const accounts = pgTable('accounts', {
  key: text().primaryKey(),
  holder: text().notNull(),
});

/** One row that is written to prove that writing works. */
export const probes = pgTable('probes', {
  id: integer().primaryKey(),
  count: long('count').notNull(),
});
