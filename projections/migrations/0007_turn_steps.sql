-- Steps of a turn that need a lock first and must see what stands after it: a statement sees what was
-- committed as it began, before it waited. Each statement of such a function looks anew, so that lock
-- and look are one round trip. They keep nothing between calls but their plans.

-- Whoever appends waits until everyone who appended to the same conversation has ended, so that ids
-- commit in order. Two conversations with one hash wait for each other, which is harmless.
CREATE FUNCTION runtime.tell(
    told_partition smallint, told_company_id text, told_conversation_id text,
    event_ids uuid[], bodies text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(event_ids) = 0 THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(
        hashtextextended(told_company_id || '/' || told_conversation_id, 7041776));
    INSERT INTO runtime.outbox (partition, company_id, conversation_id, event_id, body)
    SELECT told_partition, told_company_id, told_conversation_id, n.event_id, n.body
      FROM unnest(event_ids, bodies) WITH ORDINALITY AS n (event_id, body, number)
     ORDER BY n.number;
END $$;
COMMENT ON FUNCTION runtime.tell IS
    'keeps events of one conversation for the log, in the order of the arrays, in the transaction of what they tell';

-- What `agent.hold_turn` tells: the conversation, the turn, its burst as long as that is open, and a message.
CREATE TYPE agent.held_turn AS (
    owner text, opted_out boolean, channel text, centurion_id text, contact text,
    last_inbound_at timestamptz,
    state text, upper_position bigint, seen_position bigint, covers uuid[], failures integer,
    correlation_id text, causation_id uuid, opened_at timestamptz, decided text, decided_reason text,
    model text, prompt_tokens bigint, completion_tokens bigint, cost_usd numeric,
    burst_centurion_id text, first_received_at timestamptz, first_position bigint,
    last_position bigint,
    has_reports boolean, now timestamptz,
    event_id uuid, "position" bigint, message_id text, kind text, message_correlation_id text,
    text text, content text, occurred_at timestamptz);

-- First the conversation's lock, alone: what is read after it is what stands. Whoever accepts a
-- handoff takes it too. No row where the turn is another worker's by now, or over; else one for each
-- open message of the burst, in stream order, as many as are wanted, or one without a message.
-- The turn covers these messages and nothing newer: the burst is closed behind all that is open, unless
-- that is more than a turn takes. What is told is what stands afterwards. Nothing is covered by a turn
-- that has decided already, nor, unless it is to be anew, by one that has covered something.
-- The time-outs are the transaction's.
CREATE FUNCTION agent.hold_turn(
    held_company_id text, held_conversation_id text, held_turn_id uuid, held_fence bigint,
    held_worker text, most_messages integer, anew boolean,
    lock_timeout text, statement_timeout text, idle_timeout text)
RETURNS SETOF agent.held_turn LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    control record;
    held agent.held_turn[];
    latest agent.held_turn;
    covered uuid[];
BEGIN
    PERFORM set_config('lock_timeout', lock_timeout, true),
            set_config('statement_timeout', statement_timeout, true),
            set_config('idle_in_transaction_session_timeout', idle_timeout, true);
    SELECT c.owner, c.opted_out, c.channel, c.centurion_id, c.contact::text AS contact,
           c.last_inbound_at
      INTO control
      FROM agent.conversation_control AS c
     WHERE c.company_id = held_company_id AND c.conversation_id = held_conversation_id
       FOR UPDATE OF c;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    held := ARRAY(
        SELECT ROW(control.owner, control.opted_out, control.channel, control.centurion_id,
                   control.contact, control.last_inbound_at,
                   t.state, t.upper_position, t.seen_position, t.covers, t.failures,
                   t.correlation_id, t.causation_id, t.opened_at, t.decided, t.decided_reason,
                   t.model, t.prompt_tokens, t.completion_tokens, t.cost_usd,
                   b.centurion_id, b.first_received_at, b.first_position, b.last_position,
                   EXISTS (SELECT FROM agent.channel_reports AS r
                            WHERE r.company_id = held_company_id
                              AND r.conversation_id = held_conversation_id),
                   clock_timestamp(),
                   m.event_id, m.position, m.message_id, m.kind, m.correlation_id,
                   m.text, m.content::text, m.occurred_at)::agent.held_turn
          FROM agent.turns AS t
          LEFT JOIN agent.bursts AS b
                 ON b.company_id = held_company_id AND b.conversation_id = held_conversation_id
          LEFT JOIN LATERAL (
               SELECT i.* FROM agent.inbox AS i
                WHERE i.company_id = held_company_id
                  AND i.conversation_id = held_conversation_id
                  AND i.position >= coalesce(b.first_position, 0) AND i.closed_at IS NULL
                ORDER BY i.position LIMIT most_messages) AS m ON true
         WHERE t.turn_id = held_turn_id AND t.company_id = held_company_id
           AND t.conversation_id = held_conversation_id
           AND t.fence = held_fence AND t.worker = held_worker AND t.state <> 'done'
         ORDER BY m.position
           FOR UPDATE OF t);
    latest := held[cardinality(held)];
    IF latest.event_id IS NULL OR latest.state <> 'thinking'
       OR NOT anew AND latest.covers <> '{}' THEN
        RETURN QUERY SELECT h.* FROM unnest(held) AS h;
        RETURN;
    END IF;
    covered := ARRAY(SELECT h.event_id FROM unnest(held) AS h ORDER BY h.position);
    latest.upper_position := CASE WHEN cardinality(held) < most_messages
                                  THEN coalesce(latest.last_position, latest.position)
                                  ELSE latest.position END;
    latest.seen_position := greatest(latest.position, latest.last_position);
    UPDATE agent.turns AS t
       SET upper_position = latest.upper_position, seen_position = latest.seen_position,
           covers = covered, causation_id = latest.event_id,
           correlation_id = latest.message_correlation_id
     WHERE t.turn_id = held_turn_id AND t.company_id = held_company_id;
    RETURN QUERY
    SELECT h.owner, h.opted_out, h.channel, h.centurion_id, h.contact, h.last_inbound_at,
           h.state, latest.upper_position, latest.seen_position, covered, h.failures,
           latest.message_correlation_id, latest.event_id, h.opened_at, h.decided,
           h.decided_reason, h.model, h.prompt_tokens, h.completion_tokens, h.cost_usd,
           h.burst_centurion_id, h.first_received_at, h.first_position, h.last_position,
           h.has_reports, h.now,
           h.event_id, h.position, h.message_id, h.kind, h.message_correlation_id,
           h.text, h.content, h.occurred_at
      FROM unnest(held) AS h ORDER BY h.position;
END $$;
COMMENT ON FUNCTION agent.hold_turn IS
    'locks a conversation and then its claimed turn, and tells both with the open messages that it covers';

-- Keeps what a turn decided: what is known by it, the parts of its answer, and what is told of both.
-- In one with the locks: 'lost' where the turn is another worker's by now, and, unless `anyway`,
-- 'changed' where the conversation does not stand any more as the turn saw it, and may be answered;
-- nothing is written then. The first part is being sent from now on where it goes out. Without a
-- lock time-out that of the transaction holds.
CREATE FUNCTION agent.record_turn(
    held_company_id text, held_conversation_id text, held_turn_id uuid, held_fence bigint,
    held_worker text, lock_timeout text, anyway boolean, seen_inbound_at timestamptz,
    new_decided text, new_reason text, new_model text, new_prompt_tokens bigint,
    new_completion_tokens bigint, new_cost_usd numeric,
    fact_names text[], fact_values text[], fact_evidences text[], fact_event_ids uuid[],
    fact_confidences float8[], facts_by text[],
    new_lead_id text, new_scoring text, new_standing text,
    message_ids uuid[], texts text[], new_centurion_id text, new_channel text, new_contact text,
    goes_out boolean,
    told_partition smallint, told_ids uuid[], told_bodies text[])
RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    control record;
    seen bigint;
BEGIN
    PERFORM set_config('lock_timeout', lock_timeout, true) WHERE lock_timeout IS NOT NULL;
    SELECT c.owner, c.opted_out, c.last_inbound_at INTO control
      FROM agent.conversation_control AS c
     WHERE c.company_id = held_company_id AND c.conversation_id = held_conversation_id
       FOR UPDATE OF c;
    IF NOT FOUND THEN
        RETURN 'lost';
    END IF;
    SELECT t.seen_position INTO seen
      FROM agent.turns AS t
     WHERE t.turn_id = held_turn_id AND t.company_id = held_company_id AND t.fence = held_fence
       AND t.worker = held_worker AND t.state <> 'done'
       FOR UPDATE OF t;
    IF NOT FOUND THEN
        RETURN 'lost';
    END IF;
    IF NOT anyway AND (
        control.owner <> 'bot' OR control.opted_out
        OR control.last_inbound_at IS DISTINCT FROM seen_inbound_at
        OR EXISTS (SELECT FROM agent.channel_reports AS r
                    WHERE r.company_id = held_company_id
                      AND r.conversation_id = held_conversation_id)
        OR EXISTS (SELECT FROM agent.bursts AS b
                    WHERE b.company_id = held_company_id
                      AND b.conversation_id = held_conversation_id
                      AND b.last_position > seen)) THEN
        RETURN 'changed';
    END IF;
    UPDATE agent.turns AS t
       SET state = 'sending', decided = new_decided, decided_reason = new_reason,
           model = new_model, prompt_tokens = new_prompt_tokens,
           completion_tokens = new_completion_tokens, cost_usd = new_cost_usd
     WHERE t.turn_id = held_turn_id AND t.company_id = held_company_id;
    IF cardinality(fact_names) > 0 THEN
        INSERT INTO agent.facts AS f
               (company_id, conversation_id, name, value, evidence, event_id, confidence, by)
        SELECT held_company_id, held_conversation_id, n.name, n.value::jsonb, n.evidence,
               n.event_id, n.confidence, n.by
          FROM unnest(fact_names, fact_values, fact_evidences, fact_event_ids, fact_confidences,
                      facts_by) AS n (name, value, evidence, event_id, confidence, by)
        ON CONFLICT (company_id, conversation_id, name) DO UPDATE
           SET value = excluded.value, evidence = excluded.evidence,
               event_id = excluded.event_id, confidence = excluded.confidence,
               by = excluded.by, recorded_at = clock_timestamp();
    END IF;
    IF new_lead_id IS NOT NULL THEN
        INSERT INTO agent.scorings AS s (company_id, conversation_id, lead_id, scoring, standing)
        VALUES (held_company_id, held_conversation_id, new_lead_id, new_scoring::jsonb,
                new_standing)
        ON CONFLICT (company_id, conversation_id) DO UPDATE
           SET scoring = excluded.scoring, standing = excluded.standing,
               scored_at = clock_timestamp();
    END IF;
    INSERT INTO agent.outbound
           (message_id, company_id, conversation_id, turn_id, centurion_id, part, parts, channel,
            contact, text, state, attempts, sending_at)
    SELECT n.message_id, held_company_id, held_conversation_id, held_turn_id, new_centurion_id,
           n.number, cardinality(message_ids), new_channel, new_contact::jsonb, n.text,
           CASE WHEN goes_out AND n.number = 1 THEN 'sending' ELSE 'pending' END,
           CASE WHEN goes_out AND n.number = 1 THEN 1 ELSE 0 END,
           CASE WHEN goes_out AND n.number = 1 THEN clock_timestamp() END
      FROM unnest(message_ids, texts) WITH ORDINALITY AS n (message_id, text, number);
    PERFORM runtime.tell(
        told_partition, held_company_id, held_conversation_id, told_ids, told_bodies);
    RETURN 'recorded';
END $$;
COMMENT ON FUNCTION agent.record_turn IS
    'keeps the decision of a claimed turn, if it still stands: recorded, changed or lost';

-- Ends a turn: settles the part that was sent last, if any, closes its messages, ends the burst or
-- leaves to the next turn what is newer, and tells of it. Whether the burst is over; null where the
-- turn is another worker's by now, and nothing is written.
CREATE FUNCTION agent.complete_turn(
    held_company_id text, held_conversation_id text, held_turn_id uuid, held_fence bigint,
    held_worker text, lock_timeout text, covered uuid[], new_outcome text, new_reason text,
    upper bigint, last_message_id uuid, new_provider_message_id text, new_detail text,
    told_partition smallint, told_ids uuid[], told_bodies text[])
RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    is_over boolean;
BEGIN
    PERFORM set_config('lock_timeout', lock_timeout, true) WHERE lock_timeout IS NOT NULL;
    PERFORM FROM agent.conversation_control AS c
      WHERE c.company_id = held_company_id AND c.conversation_id = held_conversation_id
        FOR UPDATE OF c;
    UPDATE agent.turns AS t
       SET state = 'done', outcome = new_outcome, reason = new_reason,
           completed_at = clock_timestamp(), lease_until = NULL, retry_at = NULL
     WHERE t.turn_id = held_turn_id AND t.company_id = held_company_id AND t.fence = held_fence
       AND t.worker = held_worker AND t.state <> 'done';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF last_message_id IS NOT NULL THEN
        UPDATE agent.outbound AS o
           SET state = 'sent',
               provider_message_id = coalesce(new_provider_message_id, o.provider_message_id),
               detail = new_detail, settled_at = clock_timestamp()
         WHERE o.message_id = last_message_id AND o.company_id = held_company_id;
    END IF;
    INSERT INTO agent.inbox_closures (company_id, conversation_id, event_id, turn_id, reason)
    SELECT held_company_id, held_conversation_id, e, held_turn_id, new_reason
      FROM unnest(covered) AS e
    ON CONFLICT DO NOTHING;
    DELETE FROM agent.bursts AS b
     WHERE b.company_id = held_company_id AND b.conversation_id = held_conversation_id
       AND b.last_position <= upper;
    is_over := FOUND;
    IF NOT is_over THEN
        UPDATE agent.bursts AS b
           SET first_position = i.position, first_received_at = i.received_at
          FROM (SELECT n.position, n.received_at FROM agent.inbox AS n
                 WHERE n.company_id = held_company_id
                   AND n.conversation_id = held_conversation_id AND n.position > upper
                 ORDER BY n.position LIMIT 1) AS i
         WHERE b.company_id = held_company_id AND b.conversation_id = held_conversation_id;
    END IF;
    PERFORM runtime.tell(
        told_partition, held_company_id, held_conversation_id, told_ids, told_bodies);
    RETURN is_over;
END $$;
COMMENT ON FUNCTION agent.complete_turn IS
    'ends a claimed turn; whether its burst is over, or null when the claim is lost';

-- One claims at a time, so that a company's bound holds over all processes. The end does not wait for
-- the disk: a claim that a crash of Postgres takes back is one that nobody has, and whatever a turn
-- does is written behind its claim.
-- In rounds over the companies: the first due burst of each, then the second of each, and so on;
-- what a company has at work counts as rounds it has had. None gets more than its bound. Of each
-- centurion's bursts only the first due ones are looked at, however many wait: those that have been
-- quiet for the longest, and those that have been open for the longest. Open turns are looked up
-- company by company: so the index of the open ones serves, whatever Postgres believes their share
-- among all turns to be.
CREATE FUNCTION agent.claim_turns(
    claiming_worker text, lease_s float8, lock_timeout text, turn_ids uuid[],
    company_ids text[], centurion_ids text[], debounces_ms integer[], max_waits_ms integer[],
    turns_at_once integer[])
RETURNS TABLE (
    turn_id uuid, company_id text, conversation_id text, fence bigint, attempts integer,
    centurion_id text, channel text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('lock_timeout', lock_timeout, true),
            set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock(7041777);
    RETURN QUERY
    WITH settings AS (
        SELECT * FROM unnest(company_ids, centurion_ids, debounces_ms, max_waits_ms, turns_at_once)
            AS s (company_id, centurion_id, debounce_ms, max_wait_ms, at_once)),
    companies AS MATERIALIZED (
        SELECT s.company_id, o.turns, s.at_once
          FROM (SELECT company_id, max(at_once) AS at_once FROM settings GROUP BY company_id) AS s
         CROSS JOIN LATERAL (
               SELECT count(*) AS turns FROM agent.turns AS t
                WHERE t.company_id = s.company_id AND t.state <> 'done'
                  AND t.lease_until > clock_timestamp()) AS o),
    due AS (
        SELECT s.company_id, f.conversation_id, NULL::uuid AS turn_id, min(f.due_at) AS due_at
          FROM settings AS s
          JOIN companies AS c ON c.company_id = s.company_id AND c.turns < c.at_once
         CROSS JOIN LATERAL (
               (SELECT b.conversation_id,
                       b.last_received_at + make_interval(secs => s.debounce_ms / 1000.0) AS due_at
                  FROM agent.bursts AS b
                 WHERE b.company_id = s.company_id AND coalesce(b.centurion_id, '') = s.centurion_id
                   AND b.last_received_at
                       <= clock_timestamp() - make_interval(secs => s.debounce_ms / 1000.0)
                   AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                      AND t.conversation_id = b.conversation_id AND t.state <> 'done')
                 ORDER BY b.last_received_at LIMIT cardinality(turn_ids))
               UNION ALL
               (SELECT b.conversation_id,
                       b.first_received_at + make_interval(secs => s.max_wait_ms / 1000.0)
                  FROM agent.bursts AS b
                 WHERE b.company_id = s.company_id AND coalesce(b.centurion_id, '') = s.centurion_id
                   AND b.first_received_at
                       <= clock_timestamp() - make_interval(secs => s.max_wait_ms / 1000.0)
                   AND NOT EXISTS (SELECT FROM agent.turns AS t WHERE t.company_id = b.company_id
                                      AND t.conversation_id = b.conversation_id AND t.state <> 'done')
                 ORDER BY b.first_received_at LIMIT cardinality(turn_ids))) AS f
         GROUP BY s.company_id, f.conversation_id
        UNION ALL
        SELECT c.company_id, f.conversation_id, f.turn_id, f.due_at
          FROM companies AS c CROSS JOIN LATERAL (
               SELECT t.conversation_id, t.turn_id, greatest(t.lease_until, t.retry_at) AS due_at
                 FROM agent.turns AS t
                WHERE t.company_id = c.company_id AND t.state <> 'done'
                  AND coalesce(greatest(t.lease_until, t.retry_at) <= clock_timestamp(), true)
                ORDER BY due_at NULLS FIRST, t.conversation_id LIMIT cardinality(turn_ids)) AS f),
    ranked AS (
        SELECT d.*, c.at_once, c.turns + row_number() OVER (
                   PARTITION BY d.company_id ORDER BY d.due_at NULLS FIRST, d.conversation_id) AS round
          FROM due AS d JOIN companies AS c USING (company_id)),
    picked AS (
        SELECT r.*, row_number() OVER (ORDER BY r.round, r.due_at NULLS FIRST) AS number
          FROM ranked AS r WHERE r.round <= r.at_once
         ORDER BY r.round, r.due_at NULLS FIRST LIMIT cardinality(turn_ids)),
    taken AS (
        UPDATE agent.turns AS t
           SET worker = claiming_worker, fence = t.fence + 1, attempts = t.attempts + 1, retry_at = NULL,
               lease_until = clock_timestamp() + make_interval(secs => lease_s)
          FROM picked AS p
         WHERE t.turn_id = p.turn_id AND t.state <> 'done'
           AND coalesce(t.lease_until <= clock_timestamp(), true)
        RETURNING t.turn_id, t.company_id, t.conversation_id, t.fence, t.attempts),
    begun AS (
        INSERT INTO agent.turns AS t
               (turn_id, company_id, conversation_id, worker, attempts, lease_until, failures)
        SELECT turn_ids[p.number], p.company_id, p.conversation_id, claiming_worker, 1,
               clock_timestamp() + make_interval(secs => lease_s),
               coalesce((SELECT CASE e.outcome WHEN 'failed' THEN e.failures + 1
                                               WHEN 'superseded' THEN e.failures ELSE 0 END
                           FROM agent.turns AS e
                          WHERE e.company_id = p.company_id AND e.conversation_id = p.conversation_id
                          ORDER BY e.opened_at DESC LIMIT 1), 0)
          FROM picked AS p WHERE p.turn_id IS NULL
        ON CONFLICT DO NOTHING
        RETURNING t.turn_id, t.company_id, t.conversation_id, t.fence, t.attempts)
    SELECT n.*, coalesce(b.centurion_id, c.centurion_id) AS centurion_id, c.channel
      FROM (SELECT * FROM taken UNION ALL SELECT * FROM begun) AS n
      LEFT JOIN agent.bursts AS b USING (company_id, conversation_id)
      LEFT JOIN agent.conversation_control AS c USING (company_id, conversation_id);
END $$;
COMMENT ON FUNCTION agent.claim_turns IS
    'claims due turns, new ones and those whose worker is gone, at most as many as ids are given';
