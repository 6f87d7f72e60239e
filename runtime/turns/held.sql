-- name: hold the conversation
-- $1 company_id text, $2 conversation_id text, and for the transaction $3 lock, $4 statement,
-- $5 idle-in-transaction time-out: time with unit, text
-- First and alone: what is read after it is what stands. Whoever accepts a handoff takes it too. The
-- row is locked only when it comes out of the join, the bounds being set by then: its own wait has
-- that of a lock.
WITH bounds AS MATERIALIZED (
    SELECT set_config('lock_timeout', $3, true), set_config('statement_timeout', $4, true),
           set_config('idle_in_transaction_session_timeout', $5, true))
SELECT c.owner, c.opted_out, c.channel, c.centurion_id, c.contact::text, c.last_inbound_at
  FROM bounds CROSS JOIN agent.conversation_control AS c
 WHERE c.company_id = $1 AND c.conversation_id = $2
   FOR UPDATE OF c

-- name: hold the turn
-- $1 company_id text, $2 turn_id uuid, $3 fence bigint, $4 worker text
SELECT t.state, t.upper_position, t.seen_position, t.covers, t.failures, t.correlation_id, t.causation_id,
       t.opened_at, t.decided, t.decided_reason, t.model, t.prompt_tokens, t.completion_tokens,
       t.cost_usd, b.centurion_id AS burst_centurion_id, b.first_received_at, b.first_position,
       b.last_position, clock_timestamp() AS now,
       EXISTS (SELECT FROM agent.channel_reports AS r
                WHERE r.company_id = t.company_id AND r.conversation_id = t.conversation_id)
                AS has_reports
  FROM agent.turns AS t
  LEFT JOIN agent.bursts AS b USING (company_id, conversation_id)
 WHERE t.turn_id = $2 AND t.company_id = $1 AND t.fence = $3 AND t.worker = $4
   AND t.state <> 'done'
   FOR UPDATE OF t

