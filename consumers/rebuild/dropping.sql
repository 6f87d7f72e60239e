-- name: bound waiting
-- $1 lock time-out with unit, text
SELECT set_config('lock_timeout', $1, true)

-- name: drop
DROP SCHEMA IF EXISTS {scratch} CASCADE
