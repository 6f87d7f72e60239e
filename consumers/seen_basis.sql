-- name: plan by
-- $1 plan_cache_mode text; until the transaction ends
SELECT set_config('plan_cache_mode', $1, true)

-- name: seen already
-- $1 group_name text, $2 partitions smallint[], $3 event_ids uuid[]
-- Each id is sought by its place in the unique index. Of a join, while there are no statistics, Postgres takes
-- the other index, and goes through all that a partition has seen, for each id.
SELECT s.partition, s.event_id, s.body_hash
  FROM unnest($2::smallint[], $3::uuid[]) AS wanted (partition, event_id)
 CROSS JOIN LATERAL (
       SELECT f.partition, f.event_id, f.body_hash
         FROM runtime.seen_events AS f
        WHERE (f.group_name, f.partition, f.event_id) >= ($1, wanted.partition, wanted.event_id)
          AND (f.group_name, f.partition, f.event_id) <= ($1, wanted.partition, wanted.event_id)
        ORDER BY f.group_name, f.partition, f.event_id
        LIMIT 1) AS s

-- name: remember
-- $1 group_name text, $2 partitions smallint[], $3 event_ids uuid[], $4 body hashes bytea[],
-- $5 entry ids text[]
INSERT INTO runtime.seen_events (group_name, partition, event_id, body_hash, entry_id)
SELECT $1, * FROM unnest($2::smallint[], $3::uuid[], $4::bytea[], $5::text[])

-- name: forget
-- $1 group_name text, $2 partitions smallint[], $3 older than, in seconds float8, $4 at most
-- By place, so that the index of ages finds the rows; bounded, so that nobody waits for it.
WITH gone AS (
    DELETE FROM runtime.seen_events
     WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM runtime.seen_events
            WHERE group_name = $1 AND partition = ANY ($2)
              AND seen_at < now() - make_interval(secs => $3)
            LIMIT $4))
    RETURNING 1)
SELECT count(*) FROM gone
