-- name: hold the lock of migrations
SELECT pg_advisory_xact_lock(7203101917)

-- name: installed
SELECT name, version FROM runtime.projections WHERE state <> 'retired'

-- name: exists
-- $1 schema text
SELECT to_regclass($1 || '.run') IS NOT NULL

-- name: create
-- All that a rebuild writes before its end is in this schema, its own accounts included.
CREATE SCHEMA {scratch};
CREATE TABLE {scratch}.run (
    token       uuid        NOT NULL,
    kind        text        NOT NULL,
    title       text        NOT NULL,
    code        text        NOT NULL,
    phase       text        NOT NULL DEFAULT 'preparing',
    share       real        NOT NULL DEFAULT 1.0,
    who         text        NOT NULL,
    host        text        NOT NULL,
    pid         integer     NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (token)
) WITH (fillfactor = 50);
CREATE TABLE {scratch}.read_models (
    name        text        NOT NULL PRIMARY KEY,
    version     integer     NOT NULL,
    replaces    integer     NOT NULL,
    report      json,
    swapped_at  timestamptz,
    -- The fingerprint of the code that made rows which are put back; else it is the present code's.
    made_by     text
);
-- How far a partition's past is filled in: `up_to` that position, in the order of conversations,
-- as far as the event named.
CREATE TABLE {scratch}.partitions (
    partition        smallint NOT NULL PRIMARY KEY,
    up_to            bigint   NOT NULL,
    is_filled        boolean  NOT NULL DEFAULT false,
    company_id       text     NOT NULL DEFAULT '',
    conversation_id  text     NOT NULL DEFAULT '',
    position         bigint   NOT NULL DEFAULT 0,
    read             bigint   NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
-- Where each shadow stands once its partition is filled, and what became of the events up to there.
CREATE TABLE {scratch}.accounts (
    projection  text     NOT NULL,
    partition   smallint NOT NULL,
    position    bigint   NOT NULL,
    applied     bigint   NOT NULL DEFAULT 0,
    parked      bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (projection, partition)
) WITH (fillfactor = 50);
CREATE TABLE {scratch}.parked (LIKE runtime.parked INCLUDING DEFAULTS INCLUDING INDEXES);
-- Of a part of the log: the conversations that it touches.
CREATE TABLE {scratch}.touched (
    partition        smallint NOT NULL,
    company_id       text     NOT NULL,
    conversation_id  text     NOT NULL,
    PRIMARY KEY (company_id, conversation_id)
);

-- name: begin
-- $1 token uuid, $2 kind, $3 title, $4 code, $5 who, $6 host: text, $7 pid integer
INSERT INTO {scratch}.run (token, kind, title, code, who, host, pid)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: run
SELECT token, kind, title, code, phase, who, host, pid, started_at,
       extract(epoch FROM clock_timestamp() - beat_at)::float8 AS silent_s
  FROM {scratch}.run

-- name: take over
-- $1 the token that was read uuid, $2 new token uuid, $3 who, $4 host: text, $5 pid integer
-- The key changes, so this waits for whoever holds it in a transaction.
UPDATE {scratch}.run
   SET token = $2, who = $3, host = $4, pid = $5, beat_at = clock_timestamp(), share = 1.0
 WHERE token = $1
RETURNING token

-- name: beat
-- $1 token uuid, $2 share of the time that may be used real
-- Not waiting for the disk: what a crash of the database takes back of it is said again.
UPDATE {scratch}.run SET beat_at = clock_timestamp(), share = $2
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS soon
 WHERE token = $1
RETURNING token

-- name: enter
-- $1 token uuid, $2 phase text
-- Not waiting for the disk: whatever is committed after it and stands has it before it.
UPDATE {scratch}.run SET phase = $2
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS soon
 WHERE token = $1
RETURNING token

-- name: share
-- $1 token uuid
SELECT share FROM {scratch}.run WHERE token = $1

-- name: lock for reading
-- Before the transaction has a snapshot, which then is of the table that the view names.
LOCK TABLE {view} IN ACCESS SHARE MODE

-- name: hold
-- $1 token uuid
-- Beats go on beside it; a takeover waits. A role's statement time-out is not for this work.
SELECT share, set_config('statement_timeout', '0', true) FROM {scratch}.run WHERE token = $1 FOR KEY SHARE

-- name: hold and commit soon
-- $1 token uuid
-- The commit does not wait for the disk. A crash of the database may lose the last of such transactions,
-- each with its rows and how far they go; whatever commits later and waits has them before it.
SELECT share, set_config('synchronous_commit', 'off', true),
       set_config('idle_in_transaction_session_timeout', '60s', true),
       set_config('statement_timeout', '0', true)
  FROM {scratch}.run WHERE token = $1 FOR KEY SHARE

-- name: hold a while
-- $1 token uuid
-- As above; who is frozen while it holds the run is not waited for longer than this.
SELECT share, set_config('idle_in_transaction_session_timeout', '60s', true),
       set_config('statement_timeout', '0', true)
  FROM {scratch}.run WHERE token = $1 FOR KEY SHARE

-- name: bound waiting
-- $1 lock time-out with unit, text
SELECT set_config('lock_timeout', $1, true)

-- name: add read model
-- $1 name text, $2 version integer, $3 replaces version integer
INSERT INTO {scratch}.read_models (name, version, replaces) VALUES ($1, $2, $3)

-- name: made by
-- $1 projection text
SELECT made_by FROM {scratch}.read_models WHERE name = $1

-- name: read models
SELECT name, version, replaces, report::text AS report, swapped_at FROM {scratch}.read_models

-- name: keep report
-- $1 name text, $2 report json
UPDATE {scratch}.read_models SET report = $2::json WHERE name = $1

-- name: mark swapped
-- $1 name text
UPDATE {scratch}.read_models SET swapped_at = clock_timestamp() WHERE name = $1

-- name: add partitions
-- $1 projections text[]
-- Up to where every one of them stands in the live tables.
INSERT INTO {scratch}.partitions (partition, up_to)
SELECT c.partition, min(c.position)
  FROM runtime.projection_checkpoints AS c
  JOIN runtime.projections AS p ON p.name = c.projection AND p.version = c.version
 WHERE p.name = ANY($1) AND p.state <> 'retired'
 GROUP BY c.partition;

-- name: add accounts
-- $1 projections text[]
INSERT INTO {scratch}.accounts (projection, partition, position)
SELECT n, p.partition, p.up_to FROM unnest($1::text[]) AS n, {scratch}.partitions AS p

-- name: partitions
SELECT partition, up_to, is_filled, company_id, conversation_id, position, read
  FROM {scratch}.partitions ORDER BY partition

-- name: move partition
-- $1 partition smallint, $2 company_id, $3 conversation_id: text, $4 position, $5 newly read: bigint
UPDATE {scratch}.partitions
   SET company_id = $2, conversation_id = $3, position = $4, read = read + $5
 WHERE partition = $1

-- name: mark filled
-- $1 partition smallint
UPDATE {scratch}.partitions SET is_filled = true WHERE partition = $1

-- name: accounts
-- $1 projection text
SELECT partition, position, applied, parked FROM {scratch}.accounts
 WHERE projection = $1 ORDER BY partition

-- name: move account
-- $1 projection text, $2 partition smallint, $3 new position, $4 newly applied,
-- $5 newly parked: bigint
UPDATE {scratch}.accounts
   SET position = $3, applied = applied + $4, parked = parked + $5
 WHERE projection = $1 AND partition = $2

-- name: count into accounts
-- $1 partition smallint, $2 projections text[], $3 newly applied, $4 newly parked: bigint[]
UPDATE {scratch}.accounts AS a
   SET applied = a.applied + n.applied, parked = a.parked + n.parked
  FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS n (projection, applied, parked)
 WHERE a.projection = n.projection AND a.partition = $1

-- name: park
-- $1 group_name text, $2 projections text[], $3 company_ids text[], $4 conversation_ids text[],
-- $5 partitions smallint[], $6 positions bigint[], $7 event_ids uuid[], $8 reasons text[],
-- $9 details text[], $10 entry ids text[], $11 codes text[]
INSERT INTO {scratch}.parked
       (group_name, projection, company_id, conversation_id, partition, position, event_id,
        reason, detail, entry_id, refused_by)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::smallint[], $6::bigint[],
                         $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[])
ON CONFLICT DO NOTHING

-- name: parked conversations
SELECT DISTINCT projection, company_id, conversation_id FROM {scratch}.parked

-- name: parked events
-- $1 projection text, $2 the reason of followers text, $3 at most integer
SELECT company_id, conversation_id, event_id::text AS event_id, partition, position, reason, detail
  FROM {scratch}.parked WHERE projection = $1
 ORDER BY reason = $2, partition, position LIMIT $3

-- name: progress
SELECT coalesce(sum(read), 0)::bigint AS read,
       count(*) FILTER (WHERE is_filled) AS filled, count(*) AS partitions
  FROM {scratch}.partitions

-- name: settle table
-- Outside a transaction: what readers' plans rest on, and which pages need no look.
VACUUM (ANALYZE) {table}

-- name: expected
-- $1 types text[]
-- How many events there are to read, about: the counts go up to where the group stands.
SELECT coalesce(sum(count), 0)::bigint FROM runtime.event_counts WHERE type = ANY($1)
