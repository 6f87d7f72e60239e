-- name: opt
-- $1 company_id text, $2 conversation_id text, $3 opted_out boolean
UPDATE agent.conversation_control SET opted_out = $3
 WHERE company_id = $1 AND conversation_id = $2
