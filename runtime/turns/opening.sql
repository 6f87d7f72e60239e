-- name: open messages
-- $1 company_id text, $2 conversation_id text, $3 first_position bigint, $4 most integer
SELECT event_id, position, message_id, kind, correlation_id, text, content::text, occurred_at
  FROM agent.inbox
 WHERE company_id = $1 AND conversation_id = $2 AND position >= $3 AND closed_at IS NULL
 ORDER BY position LIMIT $4

-- name: begin thinking
-- $1 company_id text, $2 turn_id uuid, $3 upper_position bigint, $4 covers uuid[],
-- $5 causation_id uuid, $6 correlation_id text, $7 seen_position bigint
UPDATE agent.turns
   SET upper_position = $3, covers = $4, causation_id = $5, correlation_id = $6,
       seen_position = $7
 WHERE turn_id = $2 AND company_id = $1

-- name: withdraw
-- $1 company_id text, $2 turn_id uuid
-- A turn that has nothing to say and nothing to tell leaves no trace.
DELETE FROM agent.turns WHERE turn_id = $2 AND company_id = $1
