-- name: conversations
-- A row a parked conversation and projection, with the event that was refused: its head.
-- $1 company_id, $2 conversation_id, $3 projection, $4 group_name, $5 the head's reason:
-- text or null, $6 limit bigint or null
WITH waiting AS (
    SELECT DISTINCT ON (group_name, projection, company_id, conversation_id)
           group_name, projection, company_id, conversation_id, partition, event_id, reason,
           detail, attempts, tried_at,
           count(*) OVER together AS events, min(parked_at) OVER together AS since
      FROM runtime.parked
     WHERE ($1::text IS NULL OR company_id = $1)
       AND ($2::text IS NULL OR conversation_id = $2)
       AND ($3::text IS NULL OR projection = $3)
       AND ($4::text IS NULL OR group_name = $4)
    WINDOW together AS (PARTITION BY group_name, projection, company_id, conversation_id)
     ORDER BY group_name, projection, company_id, conversation_id, partition, position
)
SELECT w.*, extract(epoch FROM clock_timestamp() - w.since)::float8 AS waits_s,
       (SELECT string_agg(DISTINCT replace(r.kind, '_parked', ''), ', ')
               FROM runtime.requests AS r
              WHERE r.done_at IS NULL AND r.group_name = w.group_name
                AND r.partition = w.partition AND r.projection = w.projection
                AND r.company_id = w.company_id AND r.conversation_id = w.conversation_id) AS asked
  FROM waiting AS w
 WHERE $5::text IS NULL OR w.reason = $5
 ORDER BY w.since, w.group_name, w.projection, w.company_id, w.conversation_id
 LIMIT $6

-- name: request
-- One open request of a kind for each conversation and projection; those asked for before are kept.
-- $1 kind text, $2 requested_by text, $3 group_names text[], $4 partitions smallint[],
-- $5 projections text[], $6 company_ids text[], $7 conversation_ids text[]
WITH wanted AS (
    SELECT * FROM unnest($3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[])
               AS w (group_name, partition, projection, company_id, conversation_id)
), open AS (
    SELECT r.id, r.group_name, r.partition, r.projection, r.company_id, r.conversation_id
      FROM runtime.requests AS r
      JOIN wanted USING (group_name, partition, projection, company_id, conversation_id)
     WHERE r.done_at IS NULL AND r.kind = $1
), added AS (
    INSERT INTO runtime.requests
           (kind, group_name, partition, projection, company_id, conversation_id, requested_by)
    SELECT $1, w.group_name, w.partition, w.projection, w.company_id, w.conversation_id, $2
      FROM wanted AS w
     WHERE NOT EXISTS (
           SELECT FROM open AS o
            WHERE o.group_name = w.group_name AND o.partition = w.partition
              AND o.projection = w.projection AND o.company_id = w.company_id
              AND o.conversation_id = w.conversation_id)
    RETURNING id
)
SELECT id, true AS added FROM added UNION ALL SELECT id, false FROM open

-- name: outcomes
-- $1 ids bigint[]
SELECT r.id, r.group_name, r.partition, r.projection, r.company_id, r.conversation_id,
       r.requested_at, r.done_at, r.outcome, r.moved
  FROM runtime.requests AS r
 WHERE r.id = ANY($1::bigint[])
 ORDER BY r.id

-- name: progress
-- Open requests, and those of them whose group has a living member to carry them out.
-- $1 ids bigint[]
SELECT count(*) AS open, count(*) FILTER (WHERE EXISTS (
           SELECT FROM runtime.members AS m
            WHERE m.group_name = r.group_name AND m.expires_at > clock_timestamp())) AS in_reach
  FROM runtime.requests AS r
 WHERE r.id = ANY($1::bigint[]) AND r.done_at IS NULL

-- name: unowned
-- Partitions of open requests whose group has no living member at all.
-- $1 ids bigint[]
SELECT DISTINCT r.group_name, r.partition
  FROM runtime.requests AS r
 WHERE r.id = ANY($1::bigint[]) AND r.done_at IS NULL
   AND NOT EXISTS (
       SELECT FROM runtime.members AS m
        WHERE m.group_name = r.group_name AND m.expires_at > clock_timestamp())
 ORDER BY r.group_name, r.partition

-- name: known
-- $1 group_name text or null, $2 projection text or null
SELECT $1::text IS NULL OR EXISTS (
           SELECT FROM runtime.checkpoints WHERE group_name = $1) AS group_known,
       $2::text IS NULL OR EXISTS (
           SELECT FROM runtime.projections WHERE name = $2) AS projection_known

-- name: events
-- $1 company_id text, $2 conversation_id text, $3 projection text or null,
-- $4 group_name text or null, $5 limit bigint
SELECT p.group_name, p.projection, p.partition, p.position, p.event_id, p.reason, p.detail,
       p.attempts, p.parked_at, coalesce(p.body, l.body)::text AS body
  FROM runtime.parked AS p
  LEFT JOIN runtime.event_log AS l USING (partition, position, event_id)
 WHERE p.company_id = $1 AND p.conversation_id = $2
   AND ($3::text IS NULL OR p.projection = $3)
   AND ($4::text IS NULL OR p.group_name = $4)
 ORDER BY p.group_name, p.projection, p.partition, p.position
 LIMIT $5
