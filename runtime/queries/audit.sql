-- name: write
-- $1 actor text, $2 action text, $3 arguments jsonb as text, $4 affected bigint
INSERT INTO runtime.audit_log (actor, action, arguments, affected) VALUES ($1, $2, $3::jsonb, $4)

-- name: list
-- $1 action text or null, $2 limit integer
SELECT id, at, actor, action, arguments::text AS arguments, affected
  FROM runtime.audit_log
 WHERE $1::text IS NULL OR action = $1 OR action LIKE $1 || ' %'
 ORDER BY id DESC
 LIMIT $2
