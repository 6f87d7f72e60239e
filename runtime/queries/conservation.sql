-- name: groups
SELECT c.group_name, c.partition, c.generation, c.entry_id, c.position, c.read, c.applied,
       c.duplicate, c.dead, c.added_base, c.read_before, c.lost, c.lost_before,
       (SELECT count(*) FROM runtime.dead_letters AS d
         WHERE d.group_name = c.group_name AND d.partition = c.partition) AS dead_letters
  FROM runtime.checkpoints AS c
 ORDER BY c.group_name, c.partition

-- name: log
SELECT partition, count(*) AS rows, max(position) AS position,
       count(DISTINCT event_id) AS event_ids
  FROM runtime.event_log GROUP BY partition

-- name: log by type
SELECT partition, type, count(*) AS count FROM runtime.event_log GROUP BY partition, type

-- name: event counts
SELECT partition, type, count FROM runtime.event_counts

-- name: projections
SELECT r.name, r.version, r.fingerprint, r.group_name, c.partition, c.position, c.applied,
       c.filtered, c.parked, c.discarded,
       (SELECT count(*) FROM runtime.parked AS p
         WHERE p.group_name = r.group_name AND p.projection = r.name
           AND p.partition = c.partition) AS parked_rows
  FROM runtime.projections AS r
  JOIN runtime.projection_checkpoints AS c ON c.projection = r.name AND c.version = r.version
 WHERE r.state = 'live'
 ORDER BY r.group_name, r.name, c.partition

-- name: not read
-- $1 partitions smallint[], $2 up to positions bigint[], $3 types that are read text[]
SELECT k.partition, count(l.position) AS count
  FROM unnest($1::smallint[], $2::bigint[]) AS k (partition, position)
  LEFT JOIN runtime.event_log AS l
    ON l.partition = k.partition AND l.position <= k.position AND NOT l.type = ANY($3::text[])
 GROUP BY k.partition

-- name: account
-- $1 group_name text, $2 partition smallint
SELECT group_name, partition, generation, entry_id, read, added_base, read_before, lost,
       lost_before
  FROM runtime.checkpoints WHERE group_name = $1 AND partition = $2
