-- name: narrow
-- $1 company_id text, $2 turn_id uuid, $3 covers uuid[], $4 causation_id uuid, $5 correlation_id text
UPDATE agent.turns SET covers = $3, causation_id = $4, correlation_id = $5
 WHERE turn_id = $2 AND company_id = $1

-- name: withdraw
-- $1 company_id text, $2 turn_id uuid
-- A turn that has nothing to say and nothing to tell leaves no trace.
DELETE FROM agent.turns WHERE turn_id = $2 AND company_id = $1
