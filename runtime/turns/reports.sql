-- name: reports
-- $1 company_id text, $2 conversation_id text
SELECT event_id, kind, message_id, provider_message_id, text, occurred_at
  FROM agent.channel_reports
 WHERE company_id = $1 AND conversation_id = $2
 ORDER BY received_at, event_id

-- name: own outbound
-- $1 company_id text, $2 conversation_id text
-- What a report may be of, newest first.
SELECT message_id, provider_message_id, text, coalesce(sending_at, created_at) AS at, state,
       channel, contact::text, turn_id, part
  FROM agent.outbound
 WHERE company_id = $1 AND conversation_id = $2 AND state IN ('sending', 'sent', 'unknown')
 ORDER BY created_at DESC LIMIT 100

-- name: take out
-- $1 company_id text, $2 conversation_id text, $3 event_id uuid[]
DELETE FROM agent.channel_reports
 WHERE company_id = $1 AND conversation_id = $2 AND event_id = ANY($3::uuid[])

-- name: resolve
-- $1 company_id text, $2 message_id uuid, $3 state text
UPDATE agent.outbound
   SET state = $3, detail = 'told by the channel later', settled_at = clock_timestamp()
 WHERE message_id = $2 AND company_id = $1 AND state = 'unknown'
RETURNING message_id

-- name: give to a human
-- $1 company_id text, $2 conversation_id text, $3 handoff_id text
UPDATE agent.conversation_control SET owner = 'human', handoff_id = $3
 WHERE company_id = $1 AND conversation_id = $2 AND owner = 'bot'

-- name: conversations with reports
-- $1 most integer
-- Those that have waited a moment: a turn that is under way settles its own.
SELECT DISTINCT company_id, conversation_id FROM agent.channel_reports
 WHERE received_at < clock_timestamp() - interval '2 seconds' LIMIT $1

-- name: hold the conversation
-- $1 company_id text, $2 conversation_id text, and for the transaction $3 lock, $4 statement,
-- $5 idle-in-transaction time-out: time with unit, text
-- The row is locked only when it comes out of the join, the bounds being set by then: its own wait
-- has that of a lock.
WITH bounds AS MATERIALIZED (
    SELECT set_config('lock_timeout', $3, true), set_config('statement_timeout', $4, true),
           set_config('idle_in_transaction_session_timeout', $5, true))
SELECT c.owner
  FROM bounds CROSS JOIN agent.conversation_control AS c
 WHERE c.company_id = $1 AND c.conversation_id = $2
   FOR UPDATE OF c

-- name: now
-- No parameters. After the lock.
SELECT clock_timestamp()
