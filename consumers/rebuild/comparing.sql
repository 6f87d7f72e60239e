-- name: live positions
-- $1 projection text
SELECT c.partition, c.position
  FROM runtime.projection_checkpoints AS c
  JOIN runtime.projections AS p ON p.name = c.projection AND p.version = c.version
 WHERE p.name = $1 AND p.state <> 'retired'

-- name: same columns
-- $1 one table, $2 another: qualified names, text
-- Columns that both have, of one type; none where one of the tables is not there. `is_its_text`: equal
-- values of its kind have the same text.
SELECT a.attname AS name,
       a.atttypid IN ('text'::regtype, 'bool'::regtype, 'int2'::regtype, 'int4'::regtype,
                      'int8'::regtype, 'uuid'::regtype, 'date'::regtype, 'timestamptz'::regtype)
           AND coalesce(c.collisdeterministic, true) AS is_its_text
  FROM pg_attribute AS a JOIN pg_attribute AS b USING (attname, atttypid)
  LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
 WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
   AND b.attrelid = to_regclass($2) AND b.attnum > 0 AND NOT b.attisdropped

-- name: drop view of old rows
DROP VIEW IF EXISTS {old}

-- name: view old rows of all
CREATE OR REPLACE VIEW {old} AS SELECT {columns} FROM {live}

-- name: view old rows of conversations
CREATE OR REPLACE VIEW {old} AS
SELECT {columns} FROM {live}
 WHERE (company_id, conversation_id) IN (SELECT company_id, conversation_id FROM {touched})

-- name: view old rows of keys
CREATE OR REPLACE VIEW {old} AS
SELECT {columns} FROM {live} WHERE ({key}) IN (SELECT {key} FROM {keys})

-- name: view new rows of keys
CREATE OR REPLACE VIEW {new} AS
SELECT {columns} FROM {shadow} WHERE ({key}) IN (SELECT {key} FROM {keys})

-- name: measure
-- As many rows in any order, each with the same text, give the same number. Values are hashed
-- as they are, which takes a fraction of the time, and as text where equal ones may have different texts.
-- A row's number is a sum over its values: it is hashed again, else values that changed rows would show
-- in no sum of rows.
SELECT count(*) AS rows,
       coalesce(sum(hashint8extended(hash_record_extended(ROW(
           hash_record_extended(ROW({values}), 0), hashtextextended(ROW({texts})::text, 0)),
           0), 0)::numeric), 0)::text AS checksum
  FROM {table}

-- name: differences
-- $1 at most bigint, or null for all
SELECT jsonb_build_array({key})::text AS key,
       CASE WHEN a.{first} IS NOT NULL THEN to_jsonb(a)::text END AS old,
       CASE WHEN b.{first} IS NOT NULL THEN to_jsonb(b)::text END AS new
  FROM (SELECT {columns} FROM {old}) AS a
  FULL JOIN (SELECT {columns} FROM {new}) AS b USING ({key})
 WHERE ROW({a_columns})::text IS DISTINCT FROM ROW({b_columns})::text
 ORDER BY {key}
 LIMIT $1

-- name: count differences
SELECT count(*) FILTER (WHERE b.{first} IS NULL) AS only_old,
       count(*) FILTER (WHERE a.{first} IS NULL) AS only_new,
       count(*) FILTER (WHERE a.{first} IS NOT NULL AND b.{first} IS NOT NULL) AS changed
  FROM (SELECT {columns} FROM {old}) AS a
  FULL JOIN (SELECT {columns} FROM {new}) AS b USING ({key})
 WHERE ROW({a_columns})::text IS DISTINCT FROM ROW({b_columns})::text
