-- name: hold
-- $1 company_id text, $2 conversation_id text, $3 turn_id uuid, $4 fence bigint, $5 worker text,
-- $6 most messages integer, $7 cover anew boolean, and for the transaction $8 lock, $9 statement,
-- $10 idle-in-transaction time-out: time with unit, text
SELECT owner, opted_out, channel, centurion_id, contact, last_inbound_at,
       state, upper_position, seen_position, covers, failures, correlation_id, causation_id,
       opened_at, decided, decided_reason, model, prompt_tokens, completion_tokens, cost_usd,
       burst_centurion_id, first_received_at, first_position, last_position,
       has_reports, now,
       event_id, "position", message_id, kind, message_correlation_id, text, content, occurred_at
  FROM agent.hold_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: open
-- $1 … $10 as above
-- Alone, and its end does not wait for the disk: whatever is written of the turn afterwards is written behind
-- it, so that a crash of Postgres which takes it back takes all of the turn back, or finds it changed.
SELECT owner, opted_out, channel, centurion_id, contact, last_inbound_at,
       state, upper_position, seen_position, covers, failures, correlation_id, causation_id,
       opened_at, decided, decided_reason, model, prompt_tokens, completion_tokens, cost_usd,
       burst_centurion_id, first_received_at, first_position, last_position,
       has_reports, now,
       event_id, "position", message_id, kind, message_correlation_id, text, content, occurred_at
  FROM agent.hold_turn($1, $2, $3, $4, $5, $6, $7, $8, $9,
                       CASE WHEN set_config('synchronous_commit', 'off', true) = 'off' THEN $10 END)
