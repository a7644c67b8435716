/**
 * The tables. A change here is followed by `npm run generate`, which adds a forward migration;
 * a released migration is never edited. Columns that hold JSON are text: they are written and read
 * as a whole on the other side of the thread. Times are epoch milliseconds.
 */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export const persons = sqliteTable('persons', {
  id: text().primaryKey(),
  name: text().notNull(),
  locale: text().notNull(),
  /** How many chats were ever numbered for this owner. */
  chats: integer().notNull().default(0),
  localeChosen: integer('locale_chosen', { mode: 'boolean' }).notNull().default(false),
  streaming: integer({ mode: 'boolean' }).notNull().default(true),
  /** The agent that was chosen for new chats. */
  agent: text(),
});

export const identities = sqliteTable(
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

export const chats = sqliteTable(
  'chats',
  {
    key: text().primaryKey(),
    owner: text()
      .notNull()
      .references(() => persons.id),
    number: integer().notNull(),
    name: text().notNull(),
    agentId: text('agent_id').notNull(),
    platformChatId: text('platform_chat_id').notNull(),
    state: text({ enum: ['active', 'archived'] })
      .notNull()
      .default('active'),
    leaseHolder: text('lease_holder'),
    /** Every write of a lease's holder compares it; each claim by another raises it. */
    leaseGeneration: integer('lease_generation').notNull().default(0),
    // Those of the first version were given the one agent that there was, for everybody.
    byDefault: integer('by_default', { mode: 'boolean' }).notNull().default(true),
    /** False: its first turn names it. */
    named: integer({ mode: 'boolean' }).notNull().default(true),
    contextSince: integer('context_since').notNull().default(0),
    tokens: integer().notNull().default(0),
    /** The key that asked for it, where no event made it. */
    madeBy: text('made_by'),
  },
  (table) => [
    uniqueIndex('chats_owner_number').on(table.owner, table.number),
    uniqueIndex('chats_made_by').on(table.owner, table.madeBy).where(sql`made_by IS NOT NULL`),
  ],
);

/** Which chat a person means at an address. */
export const bindings = sqliteTable(
  'bindings',
  {
    address: text().notNull(),
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

/** Contexts that a chat left, by the key that asked for the next one. */
export const switches = sqliteTable(
  'switches',
  {
    chat: text()
      .notNull()
      .references(() => chats.key),
    by: text().notNull(),
    previous: text().notNull(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.chat, table.by] }), index('switches_at').on(table.at)],
);

/** Saved contexts: copies (`platformChatId`) and notes (`path`, written by `turn`). */
export const contexts = sqliteTable(
  'contexts',
  {
    order: integer().primaryKey(),
    id: text().notNull().unique(),
    owner: text()
      .notNull()
      .references(() => persons.id),
    agentId: text('agent_id').notNull(),
    name: text().notNull(),
    savedAt: integer('saved_at').notNull(),
    platformChatId: text('platform_chat_id'),
    path: text(),
    turn: text(),
  },
  (table) => [
    uniqueIndex('contexts_name').on(table.owner, table.agentId, table.name),
    index('contexts_turn').on(table.turn).where(sql`turn IS NOT NULL`),
  ],
);

/** What was accepted, so that it is accepted once. */
export const inbox = sqliteTable(
  'inbox',
  {
    /** Surface, account and event id. */
    key: text().primaryKey(),
    acceptedAt: integer('accepted_at').notNull(),
  },
  (table) => [index('inbox_accepted').on(table.acceptedAt)],
);

/** Commands and callbacks not yet completed: rows live as long as the work. */
export const pendingEvents = sqliteTable('pending_events', {
  order: integer().primaryKey(),
  id: text().notNull().unique(),
  event: text().notNull(),
  account: text().notNull(),
  acceptedAt: integer('accepted_at').notNull(),
  chat: text().notNull(),
  person: text().notNull(),
});

export const turns = sqliteTable(
  'turns',
  {
    order: integer().primaryKey(),
    id: text().notNull().unique(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    person: text().notNull(),
    /** Surface and account, of the address. */
    account: text().notNull(),
    address: text().notNull(),
    text: text().notNull(),
    sentAt: integer('sent_at').notNull(),
    acceptedAt: integer('accepted_at').notNull(),
    state: text({ enum: ['queued', 'running', 'finished'] }).notNull(),
    outcome: text(),
    requestId: text('request_id').notNull(),
    previewMessageId: text('preview_message_id'),
    /** What asked for this retry. */
    again: text(),
    /** An expired turn that no note has named yet. */
    unnoted: integer({ mode: 'boolean' }).notNull().default(false),
  },
  (table) => [
    index('turns_chat').on(table.chat, table.order),
    // Partial: a start looks at what is unfinished, however much is finished.
    index('turns_unfinished').on(table.chat).where(sql`state <> 'finished'`),
    index('turns_unnoted').on(table.chat).where(sql`unnoted`),
    index('turns_finished').on(table.acceptedAt).where(sql`state = 'finished' AND NOT unnoted`),
    uniqueIndex('turns_again').on(table.chat, table.again).where(sql`again IS NOT NULL`),
  ],
);

/** Files of turns; those without one wait for a text. */
export const attachments = sqliteTable(
  'attachments',
  {
    order: integer().primaryKey(),
    id: text().notNull().unique(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    turn: text(),
    person: text().notNull(),
    account: text().notNull(),
    address: text().notNull(),
    ref: text().notNull(),
    name: text().notNull(),
    mediaType: text('media_type'),
    size: integer(),
    state: text({ enum: ['incoming', 'saved', 'failed'] }).notNull(),
    path: text(),
    error: text(),
  },
  (table) => [
    index('attachments_turn').on(table.chat, table.turn),
    index('attachments_incoming').on(table.order).where(sql`turn IS NULL AND state = 'incoming'`),
  ],
);

/** The events of running turns. */
export const journal = sqliteTable(
  'journal',
  {
    turn: text()
      .notNull()
      .references(() => turns.id),
    seq: integer().notNull(),
    event: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.turn, table.seq] })],
);

/** The outbox. */
export const operations = sqliteTable(
  'operations',
  {
    seq: integer().primaryKey(),
    id: text().notNull().unique(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    turn: text(),
    account: text().notNull(),
    address: text().notNull(),
    editOf: text('edit_of'),
    message: text().notNull(),
    state: text({ enum: ['pending', 'sending', 'sent', 'dead'] }).notNull(),
    attempts: integer().notNull().default(0),
    createdAt: integer('created_at').notNull(),
    messageId: text('message_id'),
    error: text(),
  },
  (table) => [
    index('operations_chat').on(table.chat, table.seq),
    index('operations_open').on(table.seq).where(sql`state IN ('pending', 'sending')`),
    index('operations_dead').on(table.seq).where(sql`state = 'dead'`),
    index('operations_sent').on(table.createdAt).where(sql`state = 'sent'`),
  ],
);

/** Open while its turn is unfinished and nothing is decided. */
export const confirmations = sqliteTable(
  'confirmations',
  {
    order: integer().primaryKey(),
    turn: text().notNull(),
    id: text().notNull(),
    token: text().notNull(),
    chat: text()
      .notNull()
      .references(() => chats.key),
    person: text().notNull(),
    text: text().notNull(),
    options: text().notNull(),
    askedAt: integer('asked_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
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

export const timeline = sqliteTable(
  'timeline',
  {
    // A cursor of clients: never used twice, even when the newest entry is deleted.
    seq: integer().primaryKey({ autoIncrement: true }),
    address: text().notNull(),
    at: integer().notNull(),
    /** `o` and an operation id, or `e` and an inbox key: each is shown once. */
    source: text().notNull().unique(),
    item: text().notNull(),
    /** Who said it, or whom it was said to; null: not known. */
    person: text(),
  },
  (table) => [index('timeline_address').on(table.address, table.seq), index('timeline_at').on(table.at)],
);

/** Up to which entry an address was read. */
export const marks = sqliteTable('marks', {
  address: text().primaryKey(),
  seq: integer().notNull(),
});

/** One row that is written to prove that writing works. */
export const probes = sqliteTable('probes', {
  id: integer().primaryKey(),
  count: integer().notNull(),
});
