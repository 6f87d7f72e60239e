-- name: due heads
-- $1 group_name text, $2 partitions smallint[], $3 projections text[], $4 codes text[],
-- $5 at most
-- Conversations of live projections whose first event that waits was refused by other code than
-- the present one, or the time of whose next try has come.
SELECT p.partition, p.projection, p.company_id, p.conversation_id
  FROM runtime.parked AS p
  JOIN unnest($3::text[], $4::text[]) AS c (projection, code) USING (projection)
  JOIN runtime.projections AS l
    ON l.name = p.projection AND l.group_name = $1 AND l.state = 'live'
 WHERE p.group_name = $1 AND p.partition = ANY($2) AND p.reason <> 'follows_parked'
   AND (p.refused_by IS DISTINCT FROM c.code
        OR (p.attempts < 5 AND coalesce(p.tried_at, p.parked_at)
                               < clock_timestamp() - interval '1 minute' * power(4, p.attempts)))
 ORDER BY coalesce(p.tried_at, p.parked_at)
 LIMIT $5

-- name: parked events
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint, $6 limit integer
-- Groups without a log keep the body beside it. Locked, so that a try whose answer was lost and
-- the one that follows it never move the same events.
SELECT p.position, coalesce(p.entry_id, l.entry_id) AS entry_id,
       coalesce(l.recorded_at, p.parked_at) AS recorded_at, p.event_id, l.type, l.version,
       l.occurred_at, p.company_id, p.conversation_id, coalesce(p.body, l.body)::text AS body
  FROM runtime.parked AS p
  LEFT JOIN runtime.event_log AS l
    ON p.body IS NULL AND l.partition = p.partition AND l.position = p.position
 WHERE p.group_name = $1 AND p.projection = $2 AND p.company_id = $3
   AND p.conversation_id = $4 AND p.partition = $5
 ORDER BY p.position LIMIT $6
   FOR UPDATE OF p

-- name: parked positions
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint
SELECT position FROM runtime.parked
 WHERE group_name = $1 AND projection = $2 AND company_id = $3 AND conversation_id = $4
   AND partition = $5
 ORDER BY position
   FOR UPDATE

-- name: take out
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint, $6 positions bigint[]
DELETE FROM runtime.parked
 WHERE group_name = $1 AND projection = $2 AND company_id = $3 AND conversation_id = $4
   AND partition = $5 AND position = ANY($6)
RETURNING position

-- name: move account
-- $1 projection text, $2 version integer, $3 partition smallint, $4 applied, $5 discarded: bigint
UPDATE runtime.projection_checkpoints
   SET parked = parked - $4 - $5, applied = applied + $4, discarded = discarded + $5
 WHERE projection = $1 AND version = $2 AND partition = $3 AND parked >= $4::bigint + $5::bigint
RETURNING partition

-- name: note the refusal
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint, $6 position bigint, $7 reason text, $8 detail text, $9 code text
UPDATE runtime.parked
   SET attempts = attempts + 1, reason = $7, detail = $8, refused_by = $9,
       tried_at = clock_timestamp()
 WHERE group_name = $1 AND projection = $2 AND company_id = $3 AND conversation_id = $4
   AND partition = $5 AND position = $6

-- name: note the try
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint, $6 code text
-- What stood in the way may not be the event's: its reason stays.
UPDATE runtime.parked
   SET attempts = attempts + 1, refused_by = $6, tried_at = clock_timestamp()
 WHERE group_name = $1 AND projection = $2 AND company_id = $3 AND conversation_id = $4
   AND partition = $5 AND reason <> 'follows_parked'

-- name: mark the head
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint
-- The first of those that are left is due at once: nothing has refused it.
UPDATE runtime.parked AS p
   SET reason = 'drain_interrupted', detail = 'the events before it were applied', refused_by = NULL
 WHERE p.group_name = $1 AND p.projection = $2 AND p.company_id = $3
   AND p.conversation_id = $4 AND p.partition = $5
   AND p.position = (SELECT min(f.position) FROM runtime.parked AS f
                      WHERE f.group_name = $1 AND f.projection = $2 AND f.company_id = $3
                        AND f.conversation_id = $4 AND f.partition = $5)

-- name: how many wait
-- $1 group_name text, $2 projection text, $3 company_id text, $4 conversation_id text,
-- $5 partition smallint
SELECT count(*) FROM runtime.parked
 WHERE group_name = $1 AND projection = $2 AND company_id = $3 AND conversation_id = $4
   AND partition = $5

-- name: is request open
-- $1 id bigint
SELECT true FROM runtime.requests WHERE id = $1 AND done_at IS NULL FOR UPDATE

-- name: tell request
-- $1 id bigint, $2 outcome text or null while there is more to do, $3 moved bigint
UPDATE runtime.requests
   SET moved = coalesce(moved, 0) + $3, outcome = $2,
       done_at = CASE WHEN $2::text IS NULL THEN NULL ELSE clock_timestamp() END
 WHERE id = $1
