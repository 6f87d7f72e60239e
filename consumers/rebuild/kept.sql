-- name: kept
SELECT substr(nspname, 10) AS name FROM pg_namespace
 WHERE starts_with(nspname, 'replaced_') AND to_regclass(nspname || '.standing') IS NOT NULL
 ORDER BY nspname

-- name: standing
SELECT version, fingerprint, replaced_at, keep_until, replaced_by,
       keep_until < clock_timestamp() AS is_over
  FROM {kept}.standing

-- name: drop
DROP SCHEMA IF EXISTS {kept} CASCADE

-- name: bound waiting
SELECT set_config('lock_timeout', '1s', true)

-- name: fill from what was kept
DELETE FROM {scratch}.accounts;
DELETE FROM {scratch}.partitions;
INSERT INTO {scratch}.partitions (partition, up_to, is_filled)
SELECT partition, position, true FROM {kept}.checkpoints

-- name: accounts from what was kept
-- $1 projection text
INSERT INTO {scratch}.accounts (projection, partition, position, applied, parked)
SELECT $1, partition, position, applied + discarded, parked FROM {kept}.checkpoints

-- name: parked from what was kept
INSERT INTO {scratch}.parked
       (group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
        detail, attempts, parked_at, entry_id, body, refused_by, tried_at)
SELECT group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
       detail, attempts, parked_at, entry_id, body, refused_by, tried_at
  FROM {kept}.parked

-- name: made by whom was kept
-- $1 projection text
UPDATE {scratch}.read_models SET made_by = k.fingerprint FROM {kept}.standing AS k WHERE name = $1

-- name: keep longer
UPDATE {kept}.standing SET keep_until = greatest(keep_until, clock_timestamp() + interval '1 day')

-- name: make room
DROP TABLE {table}

-- name: bring back
ALTER TABLE {table} SET SCHEMA {schema}

-- name: bring back view
ALTER VIEW IF EXISTS {view} SET SCHEMA {schema}
