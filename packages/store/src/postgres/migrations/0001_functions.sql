-- What happens for every message is one call of one function: one round trip, one transaction.
--
-- Locks are advisory ones of the transaction, taken in this order: person, chat (by key), address.
-- Whoever writes to a chat holds its lock, so a lease that was checked holds until the commit, and
-- turns get their numbers in the order of their commits. Each statement of a function sees what was
-- committed before it began, so what is read after a lock was taken is current.
--
-- Errors of their own: SF001 the lease is lost, SF002 it contradicts what is stored.
CREATE FUNCTION lock_one(kind text, key text) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended(kind || ' ' || key, 0))
$$;
--> statement-breakpoint
-- A live process holds this lock in a session of its own (session.ts).
CREATE FUNCTION process_lives(holder text) RETURNS boolean LANGUAGE sql AS $$
  SELECT NOT pg_try_advisory_xact_lock_shared(hashtextextended('process ' || holder, 0))
$$;
--> statement-breakpoint
CREATE FUNCTION claim_account(p_account text, p_holder text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_holder text;
BEGIN
  PERFORM lock_one('account', p_account);
  SELECT holder INTO v_holder FROM accounts WHERE key = p_account;
  IF v_holder = p_holder THEN
    RETURN;
  END IF;
  IF v_holder IS NOT NULL AND process_lives(v_holder) THEN
    RAISE EXCEPTION 'process % receives for %', v_holder, p_account USING ERRCODE = 'SF001';
  END IF;
  INSERT INTO accounts (key, holder) VALUES (p_account, p_holder)
    ON CONFLICT (key) DO UPDATE SET holder = excluded.holder;
END $$;
--> statement-breakpoint
CREATE FUNCTION claim_chat(p_chat text, p_holder text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_holder text;
  v_generation bigint;
BEGIN
  -- Without the lock: whoever has the chat asks again for every turn.
  SELECT lease_holder, lease_generation INTO v_holder, v_generation FROM chats WHERE key = p_chat;
  IF v_holder = p_holder THEN
    RETURN v_generation;
  END IF;
  PERFORM lock_one('chat', p_chat);
  SELECT lease_holder INTO v_holder FROM chats WHERE key = p_chat;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no chat %', p_chat USING ERRCODE = 'SF002';
  END IF;
  IF v_holder <> p_holder AND process_lives(v_holder) THEN
    RAISE EXCEPTION 'process % works on chat %', v_holder, p_chat USING ERRCODE = 'SF001';
  END IF;
  UPDATE chats
    SET lease_holder = p_holder,
        lease_generation = lease_generation + CASE WHEN v_holder = p_holder THEN 0 ELSE 1 END
    WHERE key = p_chat
    RETURNING lease_generation INTO v_generation;
  RETURN v_generation;
END $$;
--> statement-breakpoint
-- The state of the turn, which must be of the leased chat. Holds the chat until the commit.
CREATE FUNCTION leased(p_chat text, p_generation bigint, p_turn text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_generation bigint;
  v_chat text;
  v_state text;
BEGIN
  PERFORM lock_one('chat', p_chat);
  SELECT lease_generation INTO v_generation FROM chats WHERE key = p_chat;
  -- Deleted with its owner, or claimed by another.
  IF NOT FOUND OR v_generation <> p_generation THEN
    RAISE EXCEPTION 'another process works on chat %', p_chat USING ERRCODE = 'SF001';
  END IF;
  SELECT chat, state INTO v_chat, v_state FROM turns WHERE id = p_turn;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no turn %', p_turn USING ERRCODE = 'SF002';
  END IF;
  IF v_chat <> p_chat THEN
    RAISE EXCEPTION 'turn % is of another chat', p_turn USING ERRCODE = 'SF002';
  END IF;
  RETURN v_state;
END $$;
--> statement-breakpoint
CREATE FUNCTION start_turn(p_chat text, p_generation bigint, p_turn text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF leased(p_chat, p_generation, p_turn) = 'finished' THEN
    RAISE EXCEPTION 'turn % is finished', p_turn USING ERRCODE = 'SF002';
  END IF;
  UPDATE turns SET state = 'running' WHERE id = p_turn AND state = 'queued';
END $$;
--> statement-breakpoint
CREATE FUNCTION append_events(p_chat text, p_generation bigint, p_turn text, p_seqs integer[], p_events text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_state text := leased(p_chat, p_generation, p_turn);
BEGIN
  IF v_state = 'queued' THEN
    RAISE EXCEPTION 'turn % was not started', p_turn USING ERRCODE = 'SF002';
  END IF;
  IF v_state = 'running' THEN
    INSERT INTO journal (turn, seq, event)
      SELECT p_turn, one.seq, one.event FROM unnest(p_seqs, p_events) AS one (seq, event)
      ON CONFLICT DO NOTHING;
  END IF;
END $$;
--> statement-breakpoint
CREATE FUNCTION restart_journal(p_chat text, p_generation bigint, p_turn text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM leased(p_chat, p_generation, p_turn);
  DELETE FROM journal WHERE turn = p_turn;
  DELETE FROM confirmations WHERE turn = p_turn AND decision IS NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION remember_preview(p_chat text, p_generation bigint, p_turn text, p_message text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM leased(p_chat, p_generation, p_turn);
  UPDATE turns SET preview_message_id = p_message WHERE id = p_turn;
END $$;
--> statement-breakpoint
-- A sequence number for each, or null where the id is there already; with p_all that is an error.
CREATE FUNCTION insert_operations(
  p_all boolean, p_created bigint, p_ids text[], p_chats text[], p_turns text[], p_accounts text[],
  p_addresses text[], p_edits text[], p_messages text[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  v_seqs bigint[];
BEGIN
  IF cardinality(p_ids) = 0 THEN
    RETURN '{}';
  END IF;
  PERFORM lock_one('chat', one.chat)
    FROM (SELECT DISTINCT chat FROM unnest(p_chats) AS chat ORDER BY chat) AS one;
  WITH given AS (
    SELECT * FROM unnest(p_ids, p_chats, p_turns, p_accounts, p_addresses, p_edits, p_messages)
      WITH ORDINALITY AS one (id, chat, turn, account, address, edit_of, message, place)
  ), made AS (
    INSERT INTO operations (id, chat, turn, account, address, edit_of, message, created_at)
      SELECT id, chat, turn, account, address, edit_of, message, p_created FROM given ORDER BY place
      ON CONFLICT (id) DO NOTHING
      RETURNING id, seq
  )
  -- Of an id that is given twice the first is made.
  SELECT array_agg(CASE WHEN given.place = firsts.place THEN made.seq END ORDER BY given.place) INTO v_seqs
    FROM given
    JOIN (SELECT id, min(place) AS place FROM given GROUP BY id) AS firsts ON firsts.id = given.id
    LEFT JOIN made ON made.id = given.id;
  IF p_all AND array_position(v_seqs, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'there is an operation % already', p_ids[array_position(v_seqs, NULL)]
      USING ERRCODE = 'SF002';
  END IF;
  RETURN v_seqs;
END $$;
--> statement-breakpoint
-- Null: the turn was finished already.
CREATE FUNCTION commit_final(
  p_chat text, p_generation bigint, p_turn text, p_outcome text, p_tokens double precision, p_created bigint,
  p_ids text[], p_chats text[], p_turns text[], p_accounts text[], p_addresses text[], p_edits text[], p_messages text[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
  IF leased(p_chat, p_generation, p_turn) = 'finished' THEN
    RETURN NULL;
  END IF;
  UPDATE turns SET state = 'finished', outcome = p_outcome, unnoted = p_outcome = 'expired' WHERE id = p_turn;
  DELETE FROM journal WHERE turn = p_turn;
  IF p_tokens > 0 THEN
    UPDATE chats SET tokens = tokens + p_tokens WHERE key = p_chat;
  END IF;
  RETURN insert_operations(
    true, p_created, p_ids, p_chats, p_turns, p_accounts, p_addresses, p_edits, p_messages);
END $$;
--> statement-breakpoint
-- Null: it was completed already.
CREATE FUNCTION complete_event(
  p_id text, p_created bigint,
  p_ids text[], p_chats text[], p_turns text[], p_accounts text[], p_addresses text[], p_edits text[], p_messages text[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM pending_events WHERE id = p_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN insert_operations(
    true, p_created, p_ids, p_chats, p_turns, p_accounts, p_addresses, p_edits, p_messages);
END $$;
--> statement-breakpoint
-- The number is taken while the address is held, so that no entry appears below one that can be read.
-- p_operation: what the bot said; null: the person's words.
CREATE FUNCTION append_timeline(
  p_address text, p_at bigint, p_source text, p_item text, p_person text, p_operation text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_seq bigint;
BEGIN
  PERFORM lock_one('address', p_address);
  INSERT INTO timeline (address, at, source, item, own, person)
    VALUES (
      p_address, p_at, p_source, p_item, p_operation IS NULL,
      coalesce(p_person, (
        SELECT chats.owner FROM operations JOIN chats ON chats.key = operations.chat
          WHERE operations.id = p_operation)))
    ON CONFLICT (source) DO NOTHING
    RETURNING seq INTO v_seq;
  IF FOUND THEN
    RETURN json_build_object('seq', v_seq, 'fresh', true);
  END IF;
  SELECT seq INTO v_seq FROM timeline WHERE source = p_source;
  RETURN json_build_object('seq', v_seq, 'fresh', false);
END $$;
--> statement-breakpoint
-- The person of an identity, made when new, called what the messenger calls them now. Holds the person.
CREATE FUNCTION identify(
  p_surface text, p_external text, p_name text, p_locale text, p_default_locale text, p_new text
) RETURNS persons LANGUAGE plpgsql AS $$
DECLARE
  v_person persons;
  v_id text;
  v_name text;
  v_locale text;
BEGIN
  SELECT person INTO v_id FROM identities WHERE surface = p_surface AND external_id = p_external;
  IF NOT FOUND THEN
    PERFORM lock_one('identity', p_surface || '/' || p_external);
    SELECT person INTO v_id FROM identities WHERE surface = p_surface AND external_id = p_external;
    IF NOT FOUND THEN
      PERFORM lock_one('person', p_new);
      INSERT INTO persons (id, name, locale) VALUES (p_new, p_name, coalesce(p_locale, p_default_locale))
        RETURNING * INTO v_person;
      INSERT INTO identities (surface, external_id, person) VALUES (p_surface, p_external, p_new);
      RETURN v_person;
    END IF;
  END IF;
  PERFORM lock_one('person', v_id);
  SELECT * INTO v_person FROM persons WHERE id = v_id;
  IF NOT FOUND THEN
    -- Deleted meanwhile: the caller begins again, and makes a new one.
    RAISE EXCEPTION 'person % is gone', v_id USING ERRCODE = '40001';
  END IF;
  v_name := coalesce(nullif(p_name, ''), v_person.name);
  v_locale := CASE WHEN v_person.locale_chosen THEN v_person.locale ELSE coalesce(p_locale, v_person.locale) END;
  IF v_name <> v_person.name OR v_locale <> v_person.locale THEN
    UPDATE persons SET name = v_name, locale = v_locale WHERE id = v_id RETURNING * INTO v_person;
  END IF;
  RETURN v_person;
END $$;
--> statement-breakpoint
-- Who calls this holds the owner.
CREATE FUNCTION make_chat(
  p_key text, p_owner text, p_agent text, p_by_default boolean, p_platform text, p_name text, p_named boolean,
  p_now bigint, p_made_by text
) RETURNS chats LANGUAGE plpgsql AS $$
DECLARE
  v_number integer;
  v_chat chats;
BEGIN
  UPDATE persons SET chats = chats + 1 WHERE id = p_owner RETURNING chats INTO v_number;
  INSERT INTO chats (
    key, owner, number, name, named, agent_id, by_default, platform_chat_id, context_since, made_by
  ) VALUES (
    p_key, p_owner, v_number, p_name, p_named, p_agent, p_by_default, p_platform, p_now, p_made_by
  ) RETURNING * INTO v_chat;
  RETURN v_chat;
END $$;
--> statement-breakpoint
CREATE FUNCTION unfinished_turns(p_chat text) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM turns WHERE chat = p_chat AND state <> 'finished'
$$;
--> statement-breakpoint
-- Moves an idle chat to the agent that may serve its owner. Who calls this holds owner and chat.
CREATE FUNCTION assign_chat(
  p_chat text, p_choices text[], p_by_default boolean, p_platform text, p_now bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_chat chats;
  v_agent text;
  v_listed boolean;
BEGIN
  SELECT * INTO v_chat FROM chats WHERE key = p_chat;
  v_listed := v_chat.by_default AND NOT p_by_default;
  IF v_chat.agent_id = ANY (p_choices) AND NOT v_listed OR unfinished_turns(p_chat) > 0 THEN
    RETURN false;
  END IF;
  SELECT CASE WHEN agent = ANY (p_choices) THEN agent ELSE p_choices[1] END INTO v_agent
    FROM persons WHERE id = v_chat.owner;
  IF v_chat.agent_id = v_agent THEN
    UPDATE chats SET by_default = false WHERE key = p_chat;
    RETURN false;
  END IF;
  UPDATE chats
    SET agent_id = v_agent, by_default = p_by_default, platform_chat_id = p_platform, context_since = p_now,
        tokens = 0
    WHERE key = p_chat;
  -- What was saved is in the other agent's workspace.
  UPDATE files SET state = 'incoming', path = NULL WHERE chat = p_chat AND state = 'saved';
  RETURN true;
END $$;
--> statement-breakpoint
-- p_kind: turn, expired, files, event. p_words: a JSON object that lacks the person's name.
CREATE FUNCTION accept_event(
  p_key text, p_id text, p_kind text, p_surface text, p_external text, p_name text, p_locale text,
  p_default_locale text, p_new_person text, p_address_key text, p_address text, p_account text, p_now bigint,
  p_choices text[], p_by_default boolean, p_new_chat text, p_platform text, p_chat_name text, p_title text,
  p_queue_limit double precision, p_files_limit double precision, p_words text,
  p_text text, p_sent_at bigint, p_request text, p_event text,
  p_file_ids text[], p_refs text[], p_names text[], p_types text[], p_sizes bigint[]
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  v_person persons := identify(p_surface, p_external, p_name, p_locale, p_default_locale, p_new_person);
  v_chat chats;
  v_previous json;
  v_inbox inbox;
  v_changes text[] := '{}';
  v_seq bigint;
  v_revived boolean;
  v_titled boolean;
BEGIN
  SELECT * INTO v_inbox FROM inbox WHERE key = p_key;
  IF FOUND AND v_inbox.id <> p_id THEN
    SELECT seq INTO v_seq FROM timeline WHERE source = 'e' || p_key;
    RETURN json_build_object('outcome', 'duplicate', 'seq', v_seq);
  END IF;

  SELECT chats.* INTO v_chat FROM bindings JOIN chats ON chats.key = bindings.chat
    WHERE bindings.address = p_address_key AND bindings.person = v_person.id;
  IF NOT FOUND THEN
    v_chat := make_chat(
      p_new_chat, v_person.id,
      CASE WHEN v_person.agent = ANY (p_choices) THEN v_person.agent ELSE p_choices[1] END,
      p_by_default, p_platform, p_chat_name, false, p_now, NULL);
    INSERT INTO bindings (address, place, person, chat)
      VALUES (p_address_key, p_address, v_person.id, v_chat.key);
    IF p_by_default THEN
      v_changes := v_changes || 'by_default'::text;
    END IF;
  ELSE
    PERFORM lock_one('chat', v_chat.key);
    SELECT * INTO v_chat FROM chats WHERE key = v_chat.key;
  END IF;

  IF v_inbox.id = p_id THEN
    -- An earlier attempt of this very call, whose answer was lost on the way.
    SELECT seq INTO v_seq FROM timeline WHERE source = 'e' || p_key;
    RETURN json_build_object(
      'outcome', 'stored', 'person', to_json(v_person), 'chat', to_json(v_chat),
      'changes', coalesce(v_inbox.changes::json -> 'changes', '[]'),
      'previous', v_inbox.changes::json -> 'previous', 'seq', v_seq, 'taken', taken_files(p_id, p_file_ids));
  END IF;
  IF p_kind = 'turn' AND unfinished_turns(v_chat.key) >= p_queue_limit THEN
    RETURN json_build_object('outcome', 'queue_full', 'person', to_json(v_person), 'chat', to_json(v_chat));
  END IF;
  IF p_kind = 'files' AND cardinality(p_file_ids) + (
    SELECT count(*) FROM files WHERE chat = v_chat.key AND turn IS NULL
  ) > p_files_limit THEN
    RETURN json_build_object('outcome', 'files_full', 'person', to_json(v_person), 'chat', to_json(v_chat));
  END IF;

  -- What expired is only named: nothing else comes of it.
  IF p_kind <> 'expired' THEN
    IF NOT v_chat.agent_id = ANY (p_choices) OR v_chat.by_default AND NOT p_by_default THEN
      IF assign_chat(v_chat.key, p_choices, p_by_default, p_platform, p_now) THEN
        v_changes := v_changes || 'moved'::text;
        v_previous := json_build_object('agentId', v_chat.agent_id, 'platformChatId', v_chat.platform_chat_id);
      END IF;
      SELECT * INTO v_chat FROM chats WHERE key = v_chat.key;
    END IF;
    v_revived := p_kind <> 'event' AND v_chat.state = 'archived';
    v_titled := p_kind = 'turn' AND NOT v_chat.named AND p_title <> '';
    IF v_revived OR v_titled THEN
      UPDATE chats
        SET state = CASE WHEN v_revived THEN 'active' ELSE state END,
            name = CASE WHEN v_titled THEN p_title ELSE name END,
            named = named OR v_titled
        WHERE key = v_chat.key
        RETURNING * INTO v_chat;
      v_changes := v_changes || CASE WHEN v_revived THEN '{revived}' ELSE '{}' END::text[]
        || CASE WHEN v_titled THEN '{titled}' ELSE '{}' END::text[];
    END IF;
  END IF;

  INSERT INTO inbox (key, id, accepted_at, changes)
    VALUES (p_key, p_id, p_now, CASE WHEN cardinality(v_changes) > 0 THEN
      json_build_object('changes', v_changes, 'previous', v_previous)::text END);
  IF p_kind = 'event' THEN
    INSERT INTO pending_events (id, event, account, accepted_at, chat, person)
      VALUES (p_id, p_event, p_account, p_now, v_chat.key, v_person.id);
  ELSIF p_kind <> 'files' THEN
    INSERT INTO turns (
      id, chat, person, account, address, text, sent_at, accepted_at, state, outcome, request_id, unnoted
    ) VALUES (
      p_id, v_chat.key, v_person.id, p_account, p_address, p_text, p_sent_at, p_now,
      CASE p_kind WHEN 'expired' THEN 'finished' ELSE 'queued' END,
      CASE p_kind WHEN 'expired' THEN 'expired' END, p_request, p_kind = 'expired');
  END IF;
  IF p_kind = 'turn' THEN
    UPDATE files SET turn = p_id WHERE chat = v_chat.key AND person = v_person.id AND turn IS NULL;
  END IF;
  IF cardinality(p_file_ids) > 0 THEN
    INSERT INTO files (id, chat, person, account, address, ref, name, media_type, size, state, turn)
      SELECT one.id, v_chat.key, v_person.id, p_account, p_address, one.ref, one.name, one.type, one.size,
             'incoming', CASE WHEN p_kind <> 'files' THEN p_id END
        FROM unnest(p_file_ids, p_refs, p_names, p_types, p_sizes)
          WITH ORDINALITY AS one (id, ref, name, type, size, place)
        ORDER BY place;
  END IF;
  -- Last, for others wait for the address.
  IF p_words IS NOT NULL THEN
    v_seq := append_timeline(
      p_address_key, p_now, 'e' || p_key,
      '{"name":' || to_json(v_person.name)::text || ',' || substr(p_words, 2), v_person.id, NULL) ->> 'seq';
  END IF;
  RETURN json_build_object(
    'outcome', 'stored', 'person', to_json(v_person), 'chat', to_json(v_chat), 'changes', v_changes,
    'previous', v_previous, 'seq', v_seq,
    'taken', CASE WHEN p_kind = 'turn' THEN taken_files(p_id, p_file_ids) ELSE '[]'::json END);
END $$;
--> statement-breakpoint
-- The files that a turn has but did not bring.
CREATE FUNCTION taken_files(p_turn text, p_own text[]) RETURNS json LANGUAGE sql AS $$
  SELECT coalesce(json_agg(to_json(files) ORDER BY files."order"), '[]'::json)
    FROM files WHERE turn = p_turn AND NOT id = ANY (p_own)
$$;
