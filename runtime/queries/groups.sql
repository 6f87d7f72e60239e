-- name: standings
SELECT c.group_name, c.partition, c.generation, l.owner, l.epoch,
       coalesce(l.expires_at > clock_timestamp(), false) AS alive,
       c.position, c.entry_id, c.read, c.duplicate, c.added_base, c.read_before, c.lost,
       c.lost_before,
       (SELECT count(DISTINCT (p.projection, p.company_id, p.conversation_id))
          FROM runtime.parked AS p
         WHERE p.group_name = c.group_name AND p.partition = c.partition) AS parked,
       (SELECT count(*) FROM runtime.dead_letters AS d
         WHERE d.group_name = c.group_name AND d.partition = c.partition
           AND d.resolved_at IS NULL) AS dead,
       (SELECT coalesce(sum(o.count), 0)::bigint FROM runtime.losses AS o
         WHERE o.group_name = c.group_name AND o.partition = c.partition
           AND o.acknowledged_at IS NULL) AS open_losses,
       (SELECT coalesce(bool_or(o.at_least), false) FROM runtime.losses AS o
         WHERE o.group_name = c.group_name AND o.partition = c.partition
           AND o.acknowledged_at IS NULL) AS open_at_least
  FROM runtime.checkpoints AS c
  LEFT JOIN runtime.partition_leases AS l USING (group_name, partition)
 ORDER BY c.group_name, c.partition

-- name: members
SELECT m.group_name, m.member_id, m.host, m.pid, m.started_at,
       m.expires_at > clock_timestamp() AS alive,
       extract(epoch FROM clock_timestamp() - m.heartbeat_at)::float8 AS heartbeat_age_s,
       (SELECT count(*) FROM runtime.partition_owners AS o
         WHERE o.group_name = m.group_name AND o.owner = m.member_id) AS partitions
  FROM runtime.members AS m
 ORDER BY m.group_name, m.started_at, m.member_id

-- name: losses
-- $1 group_name text or null, $2 partition smallint or null, $3 acknowledged ones too boolean
SELECT id, group_name, partition, generation, count, at_least, reason, after_entry_id, since,
       noticed_at, acknowledged_at, acknowledged_by
  FROM runtime.losses
 WHERE ($1::text IS NULL OR group_name = $1)
   AND ($2::smallint IS NULL OR partition = $2)
   AND ($3 OR acknowledged_at IS NULL)
 ORDER BY id DESC

-- name: acknowledge
-- $1 ids bigint[], $2 acknowledged_by text
UPDATE runtime.losses SET acknowledged_at = now(), acknowledged_by = $2
 WHERE id = ANY($1::bigint[]) AND acknowledged_at IS NULL
RETURNING id

-- name: living members
-- $1 group_name text
SELECT member_id, host, pid FROM runtime.members
 WHERE group_name = $1 AND expires_at > clock_timestamp() ORDER BY member_id

-- name: footprint
-- $1 group_name text
SELECT (SELECT count(*) FROM runtime.checkpoints WHERE group_name = $1) AS checkpoints,
       (SELECT count(*) FROM runtime.parked WHERE group_name = $1) AS parked_events,
       (SELECT count(*) FROM runtime.dead_letters WHERE group_name = $1) AS dead_letters,
       (SELECT count(*) FROM runtime.losses WHERE group_name = $1) AS losses,
       (SELECT count(*) FROM runtime.requests
         WHERE group_name = $1 AND done_at IS NULL) AS open_requests,
       (SELECT count(*) FROM runtime.seen_events WHERE group_name = $1) AS seen_ids

-- name: forget
-- Its projections keep their rows; their accounts begin anew with the group's.
-- $1 group_name text
WITH checkpoints AS (DELETE FROM runtime.checkpoints WHERE group_name = $1 RETURNING 1),
     owners AS (DELETE FROM runtime.partition_owners WHERE group_name = $1 RETURNING 1),
     members AS (DELETE FROM runtime.members WHERE group_name = $1 RETURNING 1),
     losses AS (DELETE FROM runtime.losses WHERE group_name = $1 RETURNING 1),
     requests AS (DELETE FROM runtime.requests WHERE group_name = $1 RETURNING 1),
     parked AS (DELETE FROM runtime.parked WHERE group_name = $1 RETURNING 1),
     dead AS (DELETE FROM runtime.dead_letters WHERE group_name = $1 RETURNING 1),
     seen AS (DELETE FROM runtime.seen_events WHERE group_name = $1 RETURNING 1),
     accounts AS (
         UPDATE runtime.projection_checkpoints AS c
            SET position = 0, applied = 0, filtered = 0, parked = 0, discarded = 0
           FROM runtime.projections AS p
          WHERE p.group_name = $1 AND p.name = c.projection AND p.version = c.version)
SELECT (SELECT count(*) FROM checkpoints) + (SELECT count(*) FROM owners)
     + (SELECT count(*) FROM members) + (SELECT count(*) FROM losses)
     + (SELECT count(*) FROM requests) + (SELECT count(*) FROM parked)
     + (SELECT count(*) FROM dead) + (SELECT count(*) FROM seen) AS rows
