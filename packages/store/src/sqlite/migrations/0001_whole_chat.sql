CREATE TABLE `attachments` (
	`order` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`chat` text NOT NULL,
	`turn` text,
	`person` text NOT NULL,
	`account` text NOT NULL,
	`address` text NOT NULL,
	`ref` text NOT NULL,
	`name` text NOT NULL,
	`media_type` text,
	`size` integer,
	`state` text NOT NULL,
	`path` text,
	`error` text,
	FOREIGN KEY (`chat`) REFERENCES `chats`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `attachments_id_unique` ON `attachments` (`id`);--> statement-breakpoint
CREATE INDEX `attachments_turn` ON `attachments` (`chat`,`turn`);--> statement-breakpoint
CREATE INDEX `attachments_incoming` ON `attachments` (`order`) WHERE turn IS NULL AND state = 'incoming';--> statement-breakpoint
CREATE TABLE `contexts` (
	`order` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`owner` text NOT NULL,
	`agent_id` text NOT NULL,
	`name` text NOT NULL,
	`saved_at` integer NOT NULL,
	`platform_chat_id` text,
	`path` text,
	`turn` text,
	FOREIGN KEY (`owner`) REFERENCES `persons`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `contexts_id_unique` ON `contexts` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `contexts_name` ON `contexts` (`owner`,`agent_id`,`name`);--> statement-breakpoint
CREATE INDEX `contexts_turn` ON `contexts` (`turn`) WHERE turn IS NOT NULL;--> statement-breakpoint
CREATE TABLE `marks` (
	`address` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `switches` (
	`chat` text NOT NULL,
	`by` text NOT NULL,
	`previous` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`chat`, `by`),
	FOREIGN KEY (`chat`) REFERENCES `chats`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `switches_at` ON `switches` (`at`);--> statement-breakpoint
ALTER TABLE `chats` ADD `by_default` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `named` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `context_since` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `tokens` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `chats` ADD `made_by` text;--> statement-breakpoint
CREATE UNIQUE INDEX `chats_made_by` ON `chats` (`owner`,`made_by`) WHERE made_by IS NOT NULL;--> statement-breakpoint
ALTER TABLE `persons` ADD `locale_chosen` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `persons` ADD `streaming` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `persons` ADD `agent` text;--> statement-breakpoint
ALTER TABLE `timeline` ADD `person` text;--> statement-breakpoint
CREATE INDEX `timeline_at` ON `timeline` (`at`);--> statement-breakpoint
CREATE INDEX `bindings_person` ON `bindings` (`person`);--> statement-breakpoint
CREATE INDEX `bindings_chat` ON `bindings` (`chat`);--> statement-breakpoint
CREATE INDEX `identities_person` ON `identities` (`person`);--> statement-breakpoint
CREATE INDEX `inbox_accepted` ON `inbox` (`accepted_at`);--> statement-breakpoint
CREATE INDEX `operations_sent` ON `operations` (`created_at`) WHERE state = 'sent';--> statement-breakpoint
CREATE INDEX `turns_finished` ON `turns` (`accepted_at`) WHERE state = 'finished' AND NOT unnoted;--> statement-breakpoint
ALTER TABLE `turns` DROP COLUMN `attachments`;
--> statement-breakpoint
UPDATE `chats` SET
	`named` = EXISTS (SELECT 1 FROM `turns` WHERE `turns`.`chat` = `chats`.`key`),
	`context_since` = coalesce((SELECT min(`accepted_at`) FROM `turns` WHERE `turns`.`chat` = `chats`.`key`), unixepoch() * 1000);
--> statement-breakpoint
-- Whoever was told something is known by the operation that told it, as long as that is kept.
UPDATE `timeline` SET `person` = (
	SELECT `chats`.`owner` FROM `operations` JOIN `chats` ON `chats`.`key` = `operations`.`chat`
	WHERE `operations`.`id` = substr(`timeline`.`source`, 2)
) WHERE substr(`source`, 1, 1) = 'o';
--> statement-breakpoint
UPDATE `timeline` SET `item` = json_set(`item`, '$.files', json('[]')) WHERE substr(`source`, 1, 1) = 'e';
--> statement-breakpoint
-- Who was here before had one chat on one page: what is there was seen.
INSERT INTO `marks` (`address`, `seq`) SELECT `address`, max(`seq`) FROM `timeline` GROUP BY `address`;
