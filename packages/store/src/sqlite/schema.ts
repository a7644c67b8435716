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
  (table) => [primaryKey({ columns: [table.surface, table.externalId] })],
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
  },
  (table) => [uniqueIndex('chats_owner_number').on(table.owner, table.number)],
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
  (table) => [primaryKey({ columns: [table.address, table.person] })],
);

/** What was accepted, so that it is accepted once. */
export const inbox = sqliteTable('inbox', {
  /** Surface, account and event id. */
  key: text().primaryKey(),
  acceptedAt: integer('accepted_at').notNull(),
});

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
    attachments: text(),
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
    uniqueIndex('turns_again').on(table.chat, table.again).where(sql`again IS NOT NULL`),
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
  },
  (table) => [index('timeline_address').on(table.address, table.seq)],
);

/** One row that is written to prove that writing works. */
export const probes = sqliteTable('probes', {
  id: integer().primaryKey(),
  count: integer().notNull(),
});
