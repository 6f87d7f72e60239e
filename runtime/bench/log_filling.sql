-- name: count events
-- No parameters. As the group that writes the log counts them.
INSERT INTO runtime.event_counts (partition, type, count)
SELECT partition, type, count(*) FROM runtime.event_log GROUP BY partition, type
ON CONFLICT (partition, type) DO UPDATE SET count = excluded.count

-- name: move checkpoints
-- $1 group_name text, $2 partitions integer
-- Everything that stands in the log was read from a stream once.
INSERT INTO runtime.checkpoints (group_name, partition, entry_id, position, read, applied)
SELECT $1, p, coalesce(l.entry_id, '0-0'), coalesce(l.position, 0), coalesce(l.position, 0),
       coalesce(l.position, 0)
  FROM generate_series(0, $2::integer - 1) AS p
  LEFT JOIN LATERAL (
       SELECT position, entry_id FROM runtime.event_log
        WHERE partition = p ORDER BY position DESC LIMIT 1) AS l ON true
ON CONFLICT (group_name, partition) DO UPDATE
   SET entry_id = excluded.entry_id, position = excluded.position, read = excluded.read,
       applied = excluded.applied

-- name: move projection checkpoints
-- $1 projection text, $2 version integer, $3 types that it reads text[]
-- As if it had been fed all of it; its rows are made by the first rebuild.
UPDATE runtime.projection_checkpoints AS c
   SET position = l.position, applied = l.applied, filtered = l.position - l.applied
  FROM (SELECT partition, sum(count)::bigint AS position,
               coalesce(sum(count) FILTER (WHERE type = ANY($3)), 0)::bigint AS applied
          FROM runtime.event_counts GROUP BY partition) AS l
 WHERE c.projection = $1 AND c.version = $2 AND c.partition = l.partition

-- name: settle log
-- No parameters. What its plans rest on is known, as in a log that has stood for a while.
VACUUM (ANALYZE) runtime.event_log

-- name: count reads
-- $1 types text[]
SELECT coalesce(sum(count), 0)::bigint FROM runtime.event_counts WHERE type = ANY($1)
