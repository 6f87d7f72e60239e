-- name: find
-- A row an entry, newest first, whichever groups keep a copy of it.
-- $1 group_name text, $2 reason text, $3 partition smallint, $4 seen since timestamptz,
-- $5 resolved boolean, $6 generation integer, $7 partitions smallint[] and $8 entry ids text[] of
-- the entries that are meant, $9 bytes that the raw ones contain bytea, $10 limit bigint: each or
-- null, $11 the most bytes of the raw ones integer
WITH found AS MATERIALIZED (
    SELECT partition, generation, entry_id, array_agg(group_name ORDER BY group_name) AS groups,
           max(seen_at) AS seen_at
      FROM runtime.dead_letters
     WHERE ($1::text IS NULL OR group_name = $1)
       AND ($2::text IS NULL OR reason = $2)
       AND ($3::smallint IS NULL OR partition = $3)
       AND ($4::timestamptz IS NULL OR seen_at > $4)
       AND ($5::boolean IS NULL OR (resolved_at IS NOT NULL) = $5)
       AND ($6::integer IS NULL OR generation = $6)
       AND ($7::smallint[] IS NULL
            OR (partition, entry_id) IN (SELECT * FROM unnest($7::smallint[], $8::text[])))
       AND ($9::bytea IS NULL OR position($9 IN raw) > 0)
     GROUP BY partition, generation, entry_id
     ORDER BY seen_at DESC, partition, entry_id DESC
     LIMIT $10
)
SELECT f.partition, f.entry_id, f.generation, f.groups, d.reason, d.detail, d.event_id, f.seen_at,
       d.resolved_at, d.resolution, d.resolved_by, substring(d.raw FROM 1 FOR $11) AS raw
  FROM found AS f
  JOIN runtime.dead_letters AS d
    ON d.group_name = f.groups[1] AND d.partition = f.partition
   AND d.generation = f.generation AND d.entry_id = f.entry_id
 ORDER BY f.seen_at DESC, f.partition, f.entry_id DESC

-- name: raw
-- In the order of the arrays.
-- $1 group_names text[], $2 partitions smallint[], $3 generations integer[], $4 entry ids text[]
SELECT d.raw
  FROM unnest($1::text[], $2::smallint[], $3::integer[], $4::text[]) WITH ORDINALITY
       AS k (group_name, partition, generation, entry_id, number)
  JOIN runtime.dead_letters AS d USING (group_name, partition, generation, entry_id)
 ORDER BY k.number

-- name: resolve
-- For every group that keeps a copy. Rows stay: the accounts count them.
-- $1 partitions smallint[], $2 generations integer[], $3 entry ids text[], $4 resolution text,
-- $5 resolved_by text
WITH resolved AS (
    UPDATE runtime.dead_letters AS d
       SET resolved_at = now(), resolution = $4, resolved_by = $5
      FROM unnest($1::smallint[], $2::integer[], $3::text[]) AS k (partition, generation, entry_id)
     WHERE d.partition = k.partition AND d.generation = k.generation
       AND d.entry_id = k.entry_id AND d.resolved_at IS NULL
    RETURNING d.partition, d.generation, d.entry_id
)
SELECT count(DISTINCT (partition, generation, entry_id)) FROM resolved
