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
-- Bounded, so that it never holds a batch up.
DELETE FROM runtime.seen_events AS s
 WHERE (s.group_name, s.partition, s.event_id) IN (
       SELECT o.group_name, o.partition, o.event_id FROM runtime.seen_events AS o
        WHERE o.group_name = $1 AND o.partition = ANY($2)
          AND o.seen_at < now() - make_interval(secs => $3)
        LIMIT $4)
