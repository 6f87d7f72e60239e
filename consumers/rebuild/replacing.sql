-- name: bound waiting
-- $1 for one lock, $2 for a whole statement: time with unit, text
SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)

-- name: lock command
-- $1 views: qualified names text[]
SELECT 'LOCK TABLE ' || string_agg(format('%s', v::regclass), ', ' ORDER BY n)
       || ' IN ACCESS EXCLUSIVE MODE'
  FROM unnest($1::text[]) WITH ORDINALITY AS u (v, n)

-- name: keep view
-- $1 the public view: qualified name, text
-- Without a definition: what makes room has no such view.
INSERT INTO {kept}.views (name, definition) VALUES ($1::text, pg_get_viewdef(to_regclass($1::text)))

-- name: move table
ALTER TABLE {table} SET SCHEMA {schema}

-- name: move view
ALTER VIEW {view} SET SCHEMA {schema}

-- name: who reads
-- $1 relations: qualified names text[], $2 a schema all of which counts too: text
-- Whose transactions hold them: what a swap waits for. Of another role's session the program is only
-- told to who may see all statistics.
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.backend_type, 'another role''s session') AS program,
       max(extract(epoch FROM clock_timestamp() - a.xact_start)::float8) AS open_s
  FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted AND a.pid <> pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND (l.relation IN (SELECT to_regclass(r) FROM unnest($1::text[]) AS r)
     OR l.relation IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace(nullif($2, ''))))
 GROUP BY 1, 2 ORDER BY open_s DESC NULLS LAST, 1

-- name: end who is frozen
-- $1 relations: qualified names text[], $2 a schema: text, as above; $3 time with unit, text
-- Who has told a statement over them and since then, for so long, not gone on with it.
SELECT pg_terminate_backend(a.pid)
  FROM pg_stat_activity AS a
 WHERE a.pid <> pg_backend_pid() AND a.usename = current_user
   AND a.state = 'active' AND a.wait_event = 'ClientRead'
   AND a.state_change < clock_timestamp() - $3::text::interval
   AND EXISTS (
       SELECT FROM pg_locks AS l
        WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (l.relation IN (SELECT to_regclass(r) FROM unnest($1::text[]) AS r)
            OR l.relation IN (
               SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace(nullif($2, '')))))

-- name: look afresh
SELECT pg_stat_clear_snapshot()

-- name: old snapshots
-- Transactions that keep a snapshot. A statement by itself has locked all that it will read; a batch
-- that waits for the swap takes another one when it goes on.
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.backend_type) AS program, a.xact_start,
       a.backend_xmin::text AS oldest,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS open_s
  FROM pg_stat_activity AS a
 WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
   AND a.backend_type = 'client backend' AND a.backend_xmin IS NOT NULL
   AND (a.query_start > a.xact_start OR a.state <> 'active')
   AND a.wait_event_type IS DISTINCT FROM 'Lock'
 ORDER BY a.xact_start
