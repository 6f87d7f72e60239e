-- name: ends
-- The last position of each partition; 0 where there is none.
SELECT p AS partition,
       coalesce((SELECT max(l.position) FROM runtime.event_log AS l WHERE l.partition = p), 0)
           AS position
  FROM runtime.topology AS t, generate_series(0, t.partitions - 1) AS p
 ORDER BY p

-- name: places of an event
-- $1 event_id uuid
SELECT l.partition, l.position, l.recorded_at
  FROM runtime.topology AS t, generate_series(0, t.partitions - 1) AS p
  JOIN runtime.event_log AS l ON l.partition = p AND l.event_id = $1
 ORDER BY l.partition
