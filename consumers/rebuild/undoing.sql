-- name: set aside
ALTER SCHEMA {kept} RENAME TO {aside}

-- name: kept tables
-- $1 schema text
SELECT c.relname AS name FROM pg_class AS c
 WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'
   AND c.relname NOT IN ('standing', 'checkpoints', 'views', 'parked')
 ORDER BY c.relname

-- name: kept views
SELECT name, definition FROM {aside}.views ORDER BY name

-- name: installed
-- $1 projection text
SELECT version, group_name FROM runtime.projections WHERE name = $1 AND state <> 'retired'

-- name: fingerprint
SELECT version, fingerprint FROM {aside}.standing

-- name: tables of views
-- $1 views: qualified names text[]
-- The tables that stand behind public views now.
SELECT v.name AS view, c.oid::regclass::text AS table
  FROM unnest($1::text[]) AS v (name)
  JOIN pg_rewrite AS r ON r.ev_class = v.name::regclass
  JOIN pg_depend AS d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.name::regclass
  JOIN pg_class AS c ON c.oid = d.refobjid AND c.relkind = 'r'
 GROUP BY 1, 2 ORDER BY 1

-- name: make view
CREATE OR REPLACE VIEW {view} AS
