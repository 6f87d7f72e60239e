-- name: bound the swap
-- $1 lock time-out with unit, text
SELECT set_config('lock_timeout', $1, true),
       set_config('idle_in_transaction_session_timeout', '30s', true)

-- name: lock owners
-- $1 group_name text, $2 partitions smallint[]
-- Batches hold these rows FOR SHARE first of all: from here to the end none is under way, so nobody
-- who holds the tables waits for what is held here.
SELECT partition FROM runtime.partition_owners
 WHERE group_name = $1 AND partition = ANY($2)
 ORDER BY partition
   FOR UPDATE

-- name: lock checkpoints
-- $1 projection text, $2 version integer, $3 partitions smallint[]
SELECT partition, position FROM runtime.projection_checkpoints
 WHERE projection = $1 AND version = $2 AND partition = ANY($3)
 ORDER BY partition
   FOR UPDATE

-- name: positions
-- $1 projection text, $2 version integer, $3 partitions smallint[]
SELECT partition, position FROM runtime.projection_checkpoints
 WHERE projection = $1 AND version = $2 AND partition = ANY($3)

-- name: group positions
-- $1 group_name text
SELECT partition, position FROM runtime.checkpoints WHERE group_name = $1

-- name: drop view of old rows
DROP VIEW IF EXISTS {old}

-- name: keep the old
DROP SCHEMA IF EXISTS {kept} CASCADE;
CREATE SCHEMA {kept};
CREATE TABLE {kept}.standing (
    version      integer     NOT NULL,
    fingerprint  text        NOT NULL,
    replaced_at  timestamptz NOT NULL DEFAULT now(),
    keep_until   timestamptz NOT NULL,
    replaced_by  text        NOT NULL
);
CREATE TABLE {kept}.checkpoints (
    partition  smallint NOT NULL PRIMARY KEY,
    position   bigint   NOT NULL,
    applied    bigint   NOT NULL,
    filtered   bigint   NOT NULL,
    parked     bigint   NOT NULL,
    discarded  bigint   NOT NULL
);
CREATE TABLE {kept}.views (name text NOT NULL PRIMARY KEY, definition text);
CREATE TABLE {kept}.parked (LIKE runtime.parked INCLUDING DEFAULTS INCLUDING INDEXES)

-- name: keep standing
-- $1 projection text, $2 version integer, $3 seconds to keep it float8, $4 who text
INSERT INTO {kept}.standing (version, fingerprint, keep_until, replaced_by)
SELECT version, fingerprint, now() + make_interval(secs => $3), $4
  FROM runtime.projections WHERE name = $1 AND version = $2

-- name: keep checkpoints
-- $1 projection text, $2 version integer
INSERT INTO {kept}.checkpoints
SELECT partition, position, applied, filtered, parked, discarded
  FROM runtime.projection_checkpoints WHERE projection = $1 AND version = $2

-- name: keep parked
-- $1 group_name text, $2 projection text
INSERT INTO {kept}.parked
       (group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
        detail, attempts, parked_at, entry_id, body, refused_by, tried_at)
SELECT group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
       detail, attempts, parked_at, entry_id, body, refused_by, tried_at
  FROM runtime.parked WHERE group_name = $1 AND projection = $2

-- name: forget parked
-- $1 group_name text, $2 projection text
DELETE FROM runtime.parked WHERE group_name = $1 AND projection = $2

-- name: take parked
-- $1 group_name text, $2 projection text
INSERT INTO runtime.parked
       (group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
        detail, attempts, parked_at, entry_id, body, refused_by, tried_at)
SELECT group_name, projection, company_id, conversation_id, partition, position, event_id, reason,
       detail, attempts, parked_at, entry_id, body, refused_by, tried_at
  FROM {source}.parked WHERE group_name = $1 AND projection = $2

-- name: retire
-- $1 projection text
UPDATE runtime.projections SET state = 'retired', detached_at = NULL, detail = NULL
 WHERE name = $1 AND state <> 'retired'

-- name: install
-- $1 projection text, $2 version integer, $3 fingerprint, $4 group_name text
INSERT INTO runtime.projections AS p (name, version, fingerprint, group_name)
VALUES ($1, $2, $3, $4)
ON CONFLICT (name, version) DO UPDATE
   SET state = 'live', fingerprint = excluded.fingerprint, installed_at = now()

-- name: install checkpoints
-- $1 projection text, $2 version integer
INSERT INTO runtime.projection_checkpoints AS c
       (projection, version, partition, position, applied, filtered, parked)
SELECT a.projection, $2, a.partition, a.position, a.applied,
       a.position - a.applied - a.parked, a.parked
  FROM {scratch}.accounts AS a WHERE a.projection = $1
ON CONFLICT (projection, version, partition) DO UPDATE
   SET position = excluded.position, applied = excluded.applied, filtered = excluded.filtered,
       parked = excluded.parked, discarded = 0, revision = c.revision + 1

-- name: put back checkpoints
-- $1 projection text, $2 version integer
INSERT INTO runtime.projection_checkpoints AS c
       (projection, version, partition, position, applied, filtered, parked, discarded)
SELECT $1, $2, k.partition, k.position, k.applied, k.filtered, k.parked, k.discarded
  FROM {kept}.checkpoints AS k
ON CONFLICT (projection, version, partition) DO UPDATE
   SET position = excluded.position, applied = excluded.applied, filtered = excluded.filtered,
       parked = excluded.parked, discarded = excluded.discarded, revision = c.revision + 1

-- name: remove old rows of conversations
DELETE FROM {live}
 WHERE (company_id, conversation_id) IN (SELECT company_id, conversation_id FROM {touched})

-- name: remove old rows of keys
DELETE FROM {live} WHERE ({key}) IN (SELECT {key} FROM {keys})

-- name: take rows
INSERT INTO {live} ({columns}) SELECT {columns} FROM {new}

-- name: forget parked of conversations
-- $1 group_name text, $2 projection text
DELETE FROM runtime.parked AS p USING {touched} AS t
 WHERE p.group_name = $1 AND p.projection = $2 AND p.partition = t.partition
   AND p.company_id = t.company_id AND p.conversation_id = t.conversation_id
RETURNING p.partition

-- name: forget parked of companies
-- $1 group_name text, $2 projection text
DELETE FROM runtime.parked AS p
 WHERE p.group_name = $1 AND p.projection = $2
   AND (p.partition, p.company_id) IN (SELECT partition, company_id FROM {touched})
RETURNING p.partition

-- name: count parked
-- $1 projection text
SELECT partition, count(*) AS count FROM {scratch}.parked WHERE projection = $1 GROUP BY partition

-- name: settle parked
-- $1 projection text, $2 version integer, $3 partitions smallint[], $4 more parked bigint[]
-- Events that were parked and are no more were applied, and the other way round; what cannot have
-- been applied before had been discarded.
UPDATE runtime.projection_checkpoints AS c
   SET parked = c.parked + n.more, applied = greatest(0, c.applied - n.more),
       discarded = c.discarded - greatest(0, n.more - c.applied), revision = c.revision + 1
  FROM unnest($3::smallint[], $4::bigint[]) AS n (partition, more)
 WHERE c.projection = $1 AND c.version = $2 AND c.partition = n.partition
