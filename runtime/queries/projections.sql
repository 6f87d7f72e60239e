-- name: list
SELECT p.name, p.version, p.group_name AS "group", p.state, p.detached_at, p.detail,
       sum(c.position)::bigint AS position, sum(c.applied)::bigint AS applied,
       sum(c.filtered)::bigint AS filtered, sum(c.parked)::bigint AS parked,
       sum(c.discarded)::bigint AS discarded,
       sum(g.position - c.position)::bigint AS behind
  FROM runtime.projections AS p
  JOIN runtime.projection_checkpoints AS c ON c.projection = p.name AND c.version = p.version
  LEFT JOIN runtime.checkpoints AS g ON g.group_name = p.group_name AND g.partition = c.partition
 WHERE p.state <> 'retired'
 GROUP BY p.name, p.version, p.group_name, p.state, p.detached_at, p.detail
 ORDER BY p.group_name DESC, p.name

-- name: attach
-- $1 name text
UPDATE runtime.projections SET state = 'live', detached_at = NULL, detail = NULL
 WHERE name = $1 AND state = 'detached'
RETURNING version
