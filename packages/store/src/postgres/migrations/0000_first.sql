CREATE TABLE "accounts" (
	"key" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bindings" (
	"address" text NOT NULL,
	"place" text NOT NULL,
	"person" text NOT NULL,
	"chat" text NOT NULL,
	CONSTRAINT "bindings_address_person_pk" PRIMARY KEY("address","person")
);
--> statement-breakpoint
CREATE TABLE "chats" (
	"key" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"number" integer NOT NULL,
	"name" text NOT NULL,
	"named" boolean NOT NULL,
	"agent_id" text NOT NULL,
	"by_default" boolean NOT NULL,
	"platform_chat_id" text NOT NULL,
	"context_since" bigint NOT NULL,
	"tokens" double precision DEFAULT 0 NOT NULL,
	"state" text DEFAULT 'active' NOT NULL,
	"made_by" text,
	"lease_holder" text,
	"lease_generation" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "confirmations" (
	"order" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "confirmations_order_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"turn" text NOT NULL,
	"id" text NOT NULL,
	"token" text NOT NULL,
	"chat" text NOT NULL,
	"person" text NOT NULL,
	"text" text NOT NULL,
	"options" text NOT NULL,
	"asked_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"decision" text,
	"decided_by" text
);
--> statement-breakpoint
CREATE TABLE "contexts" (
	"order" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "contexts_order_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" text NOT NULL,
	"owner" text NOT NULL,
	"agent_id" text NOT NULL,
	"name" text NOT NULL,
	"saved_at" bigint NOT NULL,
	"platform_chat_id" text,
	"path" text,
	"turn" text,
	CONSTRAINT "contexts_id_unique" UNIQUE("id")
);
--> statement-breakpoint
CREATE TABLE "files" (
	"order" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "files_order_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" text NOT NULL,
	"chat" text NOT NULL,
	"person" text NOT NULL,
	"account" text NOT NULL,
	"address" text NOT NULL,
	"ref" text NOT NULL,
	"name" text NOT NULL,
	"media_type" text,
	"size" bigint,
	"state" text NOT NULL,
	"path" text,
	"error" text,
	"turn" text,
	CONSTRAINT "files_id_unique" UNIQUE("id")
);
--> statement-breakpoint
CREATE TABLE "identities" (
	"surface" text NOT NULL,
	"external_id" text NOT NULL,
	"person" text NOT NULL,
	CONSTRAINT "identities_surface_external_id_pk" PRIMARY KEY("surface","external_id")
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"key" text PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"accepted_at" bigint NOT NULL,
	"changes" text
);
--> statement-breakpoint
CREATE TABLE "journal" (
	"turn" text NOT NULL,
	"seq" integer NOT NULL,
	"event" text NOT NULL,
	CONSTRAINT "journal_turn_seq_pk" PRIMARY KEY("turn","seq")
);
--> statement-breakpoint
CREATE TABLE "marks" (
	"address" text PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "operations" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "operations_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" text NOT NULL,
	"chat" text NOT NULL,
	"turn" text,
	"account" text NOT NULL,
	"address" text NOT NULL,
	"edit_of" text,
	"message" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" bigint NOT NULL,
	"message_id" text,
	"error" text,
	CONSTRAINT "operations_id_unique" UNIQUE("id")
);
--> statement-breakpoint
CREATE TABLE "pending_events" (
	"order" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "pending_events_order_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" text NOT NULL,
	"event" text NOT NULL,
	"account" text NOT NULL,
	"accepted_at" bigint NOT NULL,
	"chat" text NOT NULL,
	"person" text NOT NULL,
	CONSTRAINT "pending_events_id_unique" UNIQUE("id")
);
--> statement-breakpoint
CREATE TABLE "persons" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"locale" text NOT NULL,
	"locale_chosen" boolean DEFAULT false NOT NULL,
	"streaming" boolean DEFAULT true NOT NULL,
	"agent" text,
	"chats" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "probes" (
	"id" integer PRIMARY KEY NOT NULL,
	"count" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "switches" (
	"chat" text NOT NULL,
	"asked_by" text NOT NULL,
	"previous" text NOT NULL,
	"at" bigint NOT NULL,
	CONSTRAINT "switches_chat_asked_by_pk" PRIMARY KEY("chat","asked_by")
);
--> statement-breakpoint
CREATE TABLE "timeline" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "timeline_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"address" text NOT NULL,
	"at" bigint NOT NULL,
	"source" text NOT NULL,
	"item" text NOT NULL,
	"own" boolean NOT NULL,
	"person" text,
	CONSTRAINT "timeline_source_unique" UNIQUE("source")
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"order" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "turns_order_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"id" text NOT NULL,
	"chat" text NOT NULL,
	"person" text NOT NULL,
	"account" text NOT NULL,
	"address" text NOT NULL,
	"text" text NOT NULL,
	"sent_at" bigint NOT NULL,
	"accepted_at" bigint NOT NULL,
	"state" text NOT NULL,
	"outcome" text,
	"request_id" text NOT NULL,
	"preview_message_id" text,
	"again" text,
	"unnoted" boolean DEFAULT false NOT NULL,
	CONSTRAINT "turns_id_unique" UNIQUE("id")
);
--> statement-breakpoint
ALTER TABLE "bindings" ADD CONSTRAINT "bindings_person_persons_id_fk" FOREIGN KEY ("person") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bindings" ADD CONSTRAINT "bindings_chat_chats_key_fk" FOREIGN KEY ("chat") REFERENCES "public"."chats"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chats" ADD CONSTRAINT "chats_owner_persons_id_fk" FOREIGN KEY ("owner") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "confirmations" ADD CONSTRAINT "confirmations_chat_chats_key_fk" FOREIGN KEY ("chat") REFERENCES "public"."chats"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contexts" ADD CONSTRAINT "contexts_owner_persons_id_fk" FOREIGN KEY ("owner") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_chat_chats_key_fk" FOREIGN KEY ("chat") REFERENCES "public"."chats"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identities" ADD CONSTRAINT "identities_person_persons_id_fk" FOREIGN KEY ("person") REFERENCES "public"."persons"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "operations" ADD CONSTRAINT "operations_chat_chats_key_fk" FOREIGN KEY ("chat") REFERENCES "public"."chats"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "switches" ADD CONSTRAINT "switches_chat_chats_key_fk" FOREIGN KEY ("chat") REFERENCES "public"."chats"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turns" ADD CONSTRAINT "turns_chat_chats_key_fk" FOREIGN KEY ("chat") REFERENCES "public"."chats"("key") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bindings_person" ON "bindings" USING btree ("person");--> statement-breakpoint
CREATE INDEX "bindings_chat" ON "bindings" USING btree ("chat");--> statement-breakpoint
CREATE UNIQUE INDEX "chats_owner_number" ON "chats" USING btree ("owner","number");--> statement-breakpoint
CREATE UNIQUE INDEX "chats_made_by" ON "chats" USING btree ("owner","made_by") WHERE made_by IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "confirmations_turn_id" ON "confirmations" USING btree ("turn","id");--> statement-breakpoint
CREATE UNIQUE INDEX "confirmations_token" ON "confirmations" USING btree ("chat","token");--> statement-breakpoint
CREATE UNIQUE INDEX "confirmations_decided_by" ON "confirmations" USING btree ("chat","decided_by") WHERE decided_by IS NOT NULL;--> statement-breakpoint
CREATE INDEX "confirmations_undecided" ON "confirmations" USING btree ("chat","order") WHERE decision IS NULL;--> statement-breakpoint
CREATE INDEX "contexts_owner" ON "contexts" USING btree ("owner","agent_id","order");--> statement-breakpoint
CREATE INDEX "files_chat" ON "files" USING btree ("chat","order");--> statement-breakpoint
CREATE INDEX "files_turn" ON "files" USING btree ("turn") WHERE turn IS NOT NULL;--> statement-breakpoint
CREATE INDEX "files_waiting" ON "files" USING btree ("chat","order") WHERE turn IS NULL;--> statement-breakpoint
CREATE INDEX "identities_person" ON "identities" USING btree ("person");--> statement-breakpoint
CREATE INDEX "inbox_accepted_at" ON "inbox" USING btree ("accepted_at");--> statement-breakpoint
CREATE INDEX "operations_chat" ON "operations" USING btree ("chat","seq");--> statement-breakpoint
CREATE INDEX "operations_created_at" ON "operations" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "operations_open" ON "operations" USING btree ("seq") WHERE state IN ('pending', 'sending');--> statement-breakpoint
CREATE INDEX "operations_dead" ON "operations" USING btree ("seq") WHERE state = 'dead';--> statement-breakpoint
CREATE INDEX "switches_at" ON "switches" USING btree ("at");--> statement-breakpoint
CREATE INDEX "timeline_address" ON "timeline" USING btree ("address","seq");--> statement-breakpoint
CREATE INDEX "timeline_other" ON "timeline" USING btree ("address","seq") WHERE NOT own;--> statement-breakpoint
CREATE INDEX "timeline_at" ON "timeline" USING btree ("at");--> statement-breakpoint
CREATE INDEX "timeline_person" ON "timeline" USING btree ("person");--> statement-breakpoint
CREATE INDEX "turns_chat" ON "turns" USING btree ("chat","order");--> statement-breakpoint
CREATE INDEX "turns_unfinished" ON "turns" USING btree ("chat") WHERE state <> 'finished';--> statement-breakpoint
CREATE INDEX "turns_unnoted" ON "turns" USING btree ("chat") WHERE unnoted;--> statement-breakpoint
CREATE INDEX "turns_accepted_at" ON "turns" USING btree ("accepted_at");--> statement-breakpoint
CREATE UNIQUE INDEX "turns_again" ON "turns" USING btree ("chat","again") WHERE again IS NOT NULL;