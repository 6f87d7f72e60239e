-- name: create table of migrations
CREATE SCHEMA IF NOT EXISTS runtime;
CREATE TABLE IF NOT EXISTS runtime.migrations (
    version     integer     NOT NULL,
    name        text        NOT NULL,
    sha256      text        NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT migrations_are_applied_once PRIMARY KEY (version)
);

-- name: hold the lock
-- One migration at a time, whoever starts it; and no statement waits long behind live traffic.
SELECT pg_advisory_xact_lock(7203101917), set_config('lock_timeout', '5s', true)

-- name: is migrated
SELECT to_regclass('runtime.migrations') IS NOT NULL

-- name: applied
SELECT version, name, sha256 FROM runtime.migrations ORDER BY version

-- name: remember
-- $1 version integer, $2 name text, $3 sha256 text
INSERT INTO runtime.migrations (version, name, sha256) VALUES ($1, $2, $3)

-- name: topology
SELECT partitions, stream_prefix FROM runtime.topology

-- name: record topology
-- $1 partitions integer, $2 stream_prefix text
INSERT INTO runtime.topology (partitions, stream_prefix) VALUES ($1, $2)

-- name: installed
SELECT name, version, fingerprint, state FROM runtime.projections WHERE state <> 'retired'

-- name: install
-- $1 name text, $2 version integer, $3 fingerprint text, $4 group_name text
INSERT INTO runtime.projections (name, version, fingerprint, group_name) VALUES ($1, $2, $3, $4)

-- name: install checkpoints
-- $1 name text, $2 version integer, $3 partitions integer,
-- $4 group_name text whose position it begins at, or null to begin at the log's beginning
INSERT INTO runtime.projection_checkpoints (projection, version, partition, position, filtered)
SELECT $1, $2, p, coalesce(c.position, 0), coalesce(c.position, 0)
  FROM generate_series(0, $3::integer - 1) AS p
  LEFT JOIN runtime.checkpoints AS c ON c.group_name = $4 AND c.partition = p

-- name: columns
-- $1 schemas text[]
SELECT table_schema, table_name, column_name FROM information_schema.columns
 WHERE table_schema = ANY($1::text[])
