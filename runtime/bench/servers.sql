-- name: is empty
-- No parameters. Nothing of anybody's stands in this database.
SELECT NOT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'
       AND n.nspname NOT LIKE 'pg\_%'
       AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e'))

-- name: empty
-- No parameters. Only after it was empty: what stands here is the bench's own.
DROP SCHEMA IF EXISTS agent, core, projections, runtime CASCADE

-- name: owned partitions
-- No parameters.
SELECT count(*) FROM runtime.partition_owners WHERE owner IS NOT NULL

-- name: vacuum
-- No parameters. Outside a transaction.
VACUUM (ANALYZE)

-- name: write what is dirty
-- No parameters.
CHECKPOINT
