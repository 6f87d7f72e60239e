-- name: prepare
-- $1 group_name text, $2 partitions integer
WITH ensured AS (
    INSERT INTO runtime.partition_owners (group_name, partition)
    SELECT $1, p FROM generate_series(0, $2::integer - 1) AS p
    ON CONFLICT DO NOTHING
)
INSERT INTO runtime.checkpoints (group_name, partition)
SELECT $1, p FROM generate_series(0, $2::integer - 1) AS p
ON CONFLICT DO NOTHING

-- name: snapshot
-- $1 group_name text
-- A row a member, with no partition, and a row a partition. `now` is the only clock that a lease is
-- judged by.
SELECT NULL::smallint AS partition, member_id AS member, NULL::bigint AS epoch, expires_at,
       clock_timestamp() AS now
  FROM runtime.members WHERE group_name = $1
UNION ALL
SELECT partition, owner, epoch, NULL, NULL FROM runtime.partition_owners WHERE group_name = $1

-- name: owners
-- $1 group_name text
SELECT partition, owner, epoch FROM runtime.partition_owners WHERE group_name = $1 ORDER BY partition

-- name: bound waiting
-- $1 lock, $2 idle-in-transaction time-out: time with unit, text
SELECT pg_backend_pid() AS pid, set_config('lock_timeout', $1, true),
       set_config('idle_in_transaction_session_timeout', $2, true)

-- name: end blockers
-- $1 pid integer, of a session that waits for a row
-- A process that is stopped while it sends rows (COPY) is not idle, and no time-out of a statement
-- reaches it: only the end of its session lets go of what it locked. Who waits for a table waits
-- for a migration: that is left alone.
SELECT pg_terminate_backend(a.pid)
  FROM pg_stat_activity AS a
 WHERE a.pid = ANY(pg_blocking_pids($1)) AND a.usename = current_user
   AND EXISTS (SELECT FROM pg_locks AS l
                WHERE l.pid = $1 AND NOT l.granted AND l.locktype IN ('transactionid', 'tuple'))

-- name: take
-- $1 group_name text, $2 partition smallint, $3 member_id text, $4 lease in seconds float8,
-- $5 settling in seconds float8
-- A living member takes what nobody living owns; waits for a batch in flight that holds the row FOR SHARE. Where
-- no member has been beating for the settling time, Postgres itself was away: an owner whose lease
-- ran out meanwhile may be about to beat again.
UPDATE runtime.partition_owners AS o
   SET owner = $3, epoch = o.epoch + 1, taken_at = clock_timestamp()
 WHERE o.group_name = $1 AND o.partition = $2
   AND o.owner IS DISTINCT FROM $3
   AND EXISTS (SELECT FROM runtime.members AS t
                WHERE t.group_name = $1 AND t.member_id = $3 AND t.expires_at > clock_timestamp())
   AND NOT EXISTS (
       SELECT FROM runtime.members AS m
        WHERE m.group_name = $1 AND m.member_id = o.owner
          AND (m.expires_at > clock_timestamp() OR NOT EXISTS (
              SELECT FROM runtime.members AS s
               WHERE s.group_name = $1
                 AND s.expires_at > clock_timestamp() + make_interval(secs => $4 / 2)
                 AND s.started_at <= clock_timestamp() - make_interval(secs => $5))))
RETURNING o.epoch

-- name: release
-- $1 group_name text, $2 partitions smallint[], $3 member_id text
UPDATE runtime.partition_owners
   SET owner = NULL
 WHERE group_name = $1 AND partition = ANY($2) AND owner = $3

-- name: leave
-- $1 group_name text, $2 member_id text
DELETE FROM runtime.members WHERE group_name = $1 AND member_id = $2

-- name: forget the dead
-- $1 group_name text
DELETE FROM runtime.members
 WHERE group_name = $1 AND expires_at < clock_timestamp() - interval '1 hour'

-- name: checkpoint
-- $1 group_name text, $2 partition smallint
SELECT entry_id, position, generation, entry_hash, added_base, read - read_before AS read,
       lost - lost_before AS lost, lost AS lost_total, seen_added, seen_last_id, seen_at, server_id,
       pg_postmaster_start_time() AS server_started,
       greatest(
           (SELECT l.event_id FROM runtime.event_log AS l WHERE l.partition = $2
             ORDER BY l.event_id DESC LIMIT 1),
           (SELECT s.event_id FROM runtime.seen_events AS s
             WHERE s.group_name = $1 AND s.partition = $2
             ORDER BY s.event_id DESC LIMIT 1)) AS newest_id
  FROM runtime.checkpoints
 WHERE group_name = $1 AND partition = $2

-- name: projection checkpoints
-- $1 partition smallint, $2 group_name text
SELECT c.projection, c.version, c.position, c.revision
  FROM runtime.projection_checkpoints AS c
  JOIN runtime.projections AS p ON p.name = c.projection AND p.version = c.version
 WHERE c.partition = $1 AND p.group_name = $2 AND p.state = 'live'

-- name: event counts
-- $1 partition smallint
SELECT type, count FROM runtime.event_counts WHERE partition = $1

-- name: parked conversations
-- $1 group_name text, $2 partition smallint
SELECT DISTINCT projection, company_id, conversation_id
  FROM runtime.parked WHERE group_name = $1 AND partition = $2
