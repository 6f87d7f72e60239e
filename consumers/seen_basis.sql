-- name: seen already
-- $1 group_name text, $2 partitions smallint[], $3 event_ids uuid[]
SELECT s.partition, s.event_id, s.body_hash
  FROM unnest($2::smallint[], $3::uuid[]) AS wanted (partition, event_id)
  JOIN runtime.seen_events AS s USING (partition, event_id)
 WHERE s.group_name = $1

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
