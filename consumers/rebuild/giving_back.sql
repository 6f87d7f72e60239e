-- name: undone
SELECT m.name FROM {scratch}.run AS r, {scratch}.read_models AS m
 WHERE r.kind = 'undo' AND r.phase <> 'preparing' AND m.swapped_at IS NULL
   AND to_regclass('replaced_' || m.name || '.standing') IS NOT NULL

-- name: tables
-- $1 the rebuild's schema text
SELECT relname AS name FROM pg_class
 WHERE relnamespace = $1::regnamespace AND relkind = 'r'
   AND relname NOT IN ('run', 'read_models', 'partitions', 'accounts', 'parked', 'touched')
 ORDER BY relname

-- name: give back
ALTER TABLE {scratch}.{table} SET SCHEMA {kept}

-- name: give view back
-- One of other columns than the live one's was put aside with its table.
ALTER VIEW IF EXISTS {scratch}.{view} SET SCHEMA {kept}

-- name: checkpoints as they are now
-- $1 projection text
UPDATE {kept}.checkpoints AS c
   SET position = a.position, applied = a.applied, parked = a.parked, discarded = 0,
       filtered = a.position - a.applied - a.parked
  FROM {scratch}.accounts AS a
 WHERE a.projection = $1 AND a.partition = c.partition

-- name: parked as they are now
DELETE FROM {kept}.parked;
INSERT INTO {kept}.parked
       (group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
        detail, attempts, parked_at, entry_id, body, refused_by, tried_at)
SELECT group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
       detail, attempts, parked_at, entry_id, body, refused_by, tried_at
  FROM {scratch}.parked
