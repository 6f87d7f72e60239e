-- name: lock leases
-- $1 group_name text, $2 partitions smallint[], $3 member_id text;
-- $4 lock, $5 statement, $6 idle-in-transaction time-out: time with unit, text
-- The time-outs are set before the first row is locked: rows are locked as they leave the join.
WITH bounded AS MATERIALIZED (
    SELECT set_config('lock_timeout', $4, true),
           set_config('statement_timeout', $5, true),
           set_config('idle_in_transaction_session_timeout', $6, true))
SELECT o.partition, o.epoch, now() AS recorded_at, pg_postmaster_start_time() AS server_started
  FROM bounded, runtime.partition_owners AS o
 WHERE o.group_name = $1 AND o.partition = ANY($2) AND o.owner = $3
 ORDER BY o.partition
   FOR SHARE OF o

-- name: hold leases
-- $1 group_name text, $2 partitions smallint[], $3 epochs bigint[], $4 member_id text, $5 lock time-out:
-- time with unit, text, $6 server_started timestamptz, $7 how many bigint
-- For a statement that stands for itself: it holds its tables before it comes to these rows, so it never
-- waits for them. Whoever holds one of them, to take it over or to swap tables, is waited for in a
-- transaction that comes to the rows first. The time-out is set before the first row is locked.
WITH bounded AS MATERIALIZED (SELECT set_config('lock_timeout', $5, true))
SELECT o.partition
  FROM bounded, runtime.partition_owners AS o
  JOIN unnest($2::smallint[], $3::bigint[]) AS n (partition, epoch) USING (partition, epoch)
 WHERE o.group_name = $1 AND o.owner = $4 AND pg_postmaster_start_time() = $6
   AND $7::bigint IS NOT NULL
   FOR SHARE OF o SKIP LOCKED
