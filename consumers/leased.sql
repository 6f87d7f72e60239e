-- name: bound the transaction
-- $1 lock, $2 statement, $3 idle-in-transaction time-out: time with unit, text
SELECT set_config('lock_timeout', $1, true),
       set_config('statement_timeout', $2, true),
       set_config('idle_in_transaction_session_timeout', $3, true)

-- name: lock leases
-- $1 group_name text, $2 partitions smallint[], $3 member_id text
SELECT partition, epoch, now() AS recorded_at, pg_postmaster_start_time() AS server_started
  FROM runtime.partition_owners
 WHERE group_name = $1 AND partition = ANY($2) AND owner = $3
 ORDER BY partition
   FOR SHARE
