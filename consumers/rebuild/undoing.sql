-- name: set aside
ALTER SCHEMA {kept} RENAME TO {aside}

-- name: kept views
SELECT name, definition FROM {aside}.views ORDER BY name

-- name: installed
-- $1 projection text
SELECT version, group_name FROM runtime.projections WHERE name = $1 AND state <> 'retired'

-- name: fingerprint
SELECT version, fingerprint FROM {aside}.standing

-- name: make view
CREATE OR REPLACE VIEW {view} AS
