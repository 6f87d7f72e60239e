-- name: detach
-- $1 group_name text, $2 projection text, $3 detail text, $4 version integer
UPDATE runtime.projections
   SET state = 'detached', detached_at = clock_timestamp(), detail = $3
 WHERE group_name = $1 AND name = $2 AND version = $4 AND state = 'live'
RETURNING version
