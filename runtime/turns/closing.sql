-- name: close messages
-- $1 company_id text, $2 conversation_id text, $3 event_id uuid[], $4 turn_id uuid, $5 reason text
INSERT INTO agent.inbox_closures (company_id, conversation_id, event_id, turn_id, reason)
SELECT $1, $2, e, $4, $5 FROM unnest($3::uuid[]) AS e
ON CONFLICT DO NOTHING

-- name: end burst
-- $1 company_id text, $2 conversation_id text, $3 upper_position bigint
DELETE FROM agent.bursts
 WHERE company_id = $1 AND conversation_id = $2 AND last_position <= $3

-- name: shorten burst
-- $1 company_id text, $2 conversation_id text, $3 upper_position bigint
UPDATE agent.bursts AS b
   SET first_position = i.position, first_received_at = i.received_at
  FROM (SELECT position, received_at FROM agent.inbox
         WHERE company_id = $1 AND conversation_id = $2 AND position > $3
         ORDER BY position LIMIT 1) AS i
 WHERE b.company_id = $1 AND b.conversation_id = $2

-- name: complete
-- $1 company_id text, $2 conversation_id text, $3 turn_id uuid, $4 fence bigint, $5 worker text,
-- $6 lock time-out: time with unit, text, or null, $7 covers uuid[], $8 outcome text, $9 reason text,
-- $10 upper_position bigint; of the part that was sent last, or nulls: $11 message_id uuid,
-- $12 provider_message_id text, $13 detail text; and what is told of it: $14 partition smallint,
-- $15 event_id uuid[], $16 body text[]
SELECT agent.complete_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)

-- name: end turn
-- $1 company_id text, $2 turn_id uuid, $3 outcome text, $4 reason text
UPDATE agent.turns
   SET state = 'done', outcome = $3, reason = $4, completed_at = clock_timestamp(),
       lease_until = NULL, retry_at = NULL
 WHERE turn_id = $2 AND company_id = $1

-- name: suppress the rest
-- $1 company_id text, $2 turn_id uuid, $3 reason text
UPDATE agent.outbound SET state = 'suppressed', detail = $3, settled_at = clock_timestamp()
 WHERE turn_id = $2 AND company_id = $1 AND state = 'pending'
RETURNING part

-- name: retry later
-- $1 company_id text, $2 turn_id uuid, $3 fence bigint, $4 worker text, $5 wait in seconds float8,
-- $6 counted boolean
UPDATE agent.turns
   SET lease_until = NULL, retry_at = clock_timestamp() + make_interval(secs => $5),
       attempts = attempts - CASE WHEN $6 THEN 0 ELSE 1 END
 WHERE turn_id = $2 AND company_id = $1 AND fence = $3 AND worker = $4 AND state <> 'done'
