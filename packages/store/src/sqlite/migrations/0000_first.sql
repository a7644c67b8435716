CREATE TABLE `bindings` (
	`address` text NOT NULL,
	`person` text NOT NULL,
	`chat` text NOT NULL,
	PRIMARY KEY(`address`, `person`),
	FOREIGN KEY (`person`) REFERENCES `persons`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`chat`) REFERENCES `chats`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `chats` (
	`key` text PRIMARY KEY NOT NULL,
	`owner` text NOT NULL,
	`number` integer NOT NULL,
	`name` text NOT NULL,
	`agent_id` text NOT NULL,
	`platform_chat_id` text NOT NULL,
	`state` text DEFAULT 'active' NOT NULL,
	`lease_holder` text,
	`lease_generation` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`owner`) REFERENCES `persons`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `chats_owner_number` ON `chats` (`owner`,`number`);--> statement-breakpoint
CREATE TABLE `confirmations` (
	`order` integer PRIMARY KEY NOT NULL,
	`turn` text NOT NULL,
	`id` text NOT NULL,
	`token` text NOT NULL,
	`chat` text NOT NULL,
	`person` text NOT NULL,
	`text` text NOT NULL,
	`options` text NOT NULL,
	`asked_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`decision` text,
	`decided_by` text,
	FOREIGN KEY (`chat`) REFERENCES `chats`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `confirmations_turn_id` ON `confirmations` (`turn`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `confirmations_token` ON `confirmations` (`chat`,`token`);--> statement-breakpoint
CREATE UNIQUE INDEX `confirmations_decided_by` ON `confirmations` (`chat`,`decided_by`) WHERE decided_by IS NOT NULL;--> statement-breakpoint
CREATE INDEX `confirmations_undecided` ON `confirmations` (`chat`,`order`) WHERE decision IS NULL;--> statement-breakpoint
CREATE TABLE `identities` (
	`surface` text NOT NULL,
	`external_id` text NOT NULL,
	`person` text NOT NULL,
	PRIMARY KEY(`surface`, `external_id`),
	FOREIGN KEY (`person`) REFERENCES `persons`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `inbox` (
	`key` text PRIMARY KEY NOT NULL,
	`accepted_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `journal` (
	`turn` text NOT NULL,
	`seq` integer NOT NULL,
	`event` text NOT NULL,
	PRIMARY KEY(`turn`, `seq`),
	FOREIGN KEY (`turn`) REFERENCES `turns`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `operations` (
	`seq` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`chat` text NOT NULL,
	`turn` text,
	`account` text NOT NULL,
	`address` text NOT NULL,
	`edit_of` text,
	`message` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`message_id` text,
	`error` text,
	FOREIGN KEY (`chat`) REFERENCES `chats`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `operations_id_unique` ON `operations` (`id`);--> statement-breakpoint
CREATE INDEX `operations_chat` ON `operations` (`chat`,`seq`);--> statement-breakpoint
CREATE INDEX `operations_open` ON `operations` (`seq`) WHERE state IN ('pending', 'sending');--> statement-breakpoint
CREATE INDEX `operations_dead` ON `operations` (`seq`) WHERE state = 'dead';--> statement-breakpoint
CREATE TABLE `pending_events` (
	`order` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`event` text NOT NULL,
	`account` text NOT NULL,
	`accepted_at` integer NOT NULL,
	`chat` text NOT NULL,
	`person` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `pending_events_id_unique` ON `pending_events` (`id`);--> statement-breakpoint
CREATE TABLE `persons` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`locale` text NOT NULL,
	`chats` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE `probes` (
	`id` integer PRIMARY KEY NOT NULL,
	`count` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `timeline` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`address` text NOT NULL,
	`at` integer NOT NULL,
	`source` text NOT NULL,
	`item` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `timeline_source_unique` ON `timeline` (`source`);--> statement-breakpoint
CREATE INDEX `timeline_address` ON `timeline` (`address`,`seq`);--> statement-breakpoint
CREATE TABLE `turns` (
	`order` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`chat` text NOT NULL,
	`person` text NOT NULL,
	`account` text NOT NULL,
	`address` text NOT NULL,
	`text` text NOT NULL,
	`attachments` text,
	`sent_at` integer NOT NULL,
	`accepted_at` integer NOT NULL,
	`state` text NOT NULL,
	`outcome` text,
	`request_id` text NOT NULL,
	`preview_message_id` text,
	`again` text,
	`unnoted` integer DEFAULT false NOT NULL,
	FOREIGN KEY (`chat`) REFERENCES `chats`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `turns_id_unique` ON `turns` (`id`);--> statement-breakpoint
CREATE INDEX `turns_chat` ON `turns` (`chat`,`order`);--> statement-breakpoint
CREATE INDEX `turns_unfinished` ON `turns` (`chat`) WHERE state <> 'finished';--> statement-breakpoint
CREATE INDEX `turns_unnoted` ON `turns` (`chat`) WHERE unnoted;--> statement-breakpoint
CREATE UNIQUE INDEX `turns_again` ON `turns` (`chat`,`again`) WHERE again IS NOT NULL;