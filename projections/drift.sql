-- name: standing
-- The version of each projection that is fed and read.
SELECT name, version, fingerprint FROM runtime.projections WHERE state <> 'retired'

-- name: adopt
-- $1 name text, $2 version integer, $3 fingerprint text as recorded, $4 fingerprint text
UPDATE runtime.projections SET fingerprint = $4
 WHERE name = $1 AND version = $2 AND fingerprint = $3
