-- name: touch
-- $1 partition smallint, $2 after position, $3 up to position: bigint, $4 company_id,
-- $5 conversation_id: text, $6 types text[], $7 recorded from, $8 recorded until, $9 occurred from,
-- $10 occurred until: timestamptz; each of $4 … $10 null where it narrows nothing
INSERT INTO {scratch}.touched (partition, company_id, conversation_id)
SELECT DISTINCT l.partition, l.company_id, l.conversation_id
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position > $2 AND l.position <= $3
   AND ($4::text IS NULL OR l.company_id = $4)
   AND ($5::text IS NULL OR l.conversation_id = $5)
   AND ($6::text[] IS NULL OR l.type = ANY($6))
   AND ($7::timestamptz IS NULL OR l.recorded_at >= $7)
   AND ($8::timestamptz IS NULL OR l.recorded_at < $8)
   AND ($9::timestamptz IS NULL OR l.occurred_at >= $9)
   AND ($10::timestamptz IS NULL OR l.occurred_at < $10)
ON CONFLICT DO NOTHING

-- name: selected events
-- $1 … $10 as above, $11 types that are read text[]
SELECT l.position, l.entry_id, l.recorded_at, l.event_id, l.type, l.version, l.occurred_at,
       l.company_id, l.conversation_id, l.body::text AS body
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position > $2 AND l.position <= $3
   AND ($4::text IS NULL OR l.company_id = $4)
   AND ($5::text IS NULL OR l.conversation_id = $5)
   AND ($6::text[] IS NULL OR l.type = ANY($6))
   AND ($7::timestamptz IS NULL OR l.recorded_at >= $7)
   AND ($8::timestamptz IS NULL OR l.recorded_at < $8)
   AND ($9::timestamptz IS NULL OR l.occurred_at >= $9)
   AND ($10::timestamptz IS NULL OR l.occurred_at < $10)
   AND l.type = ANY($11)
 ORDER BY l.position

-- name: forget what was touched
TRUNCATE {scratch}.touched

-- name: create keys
DROP TABLE IF EXISTS {keys};
CREATE TABLE {keys} AS SELECT {key} FROM {shadow} WITH NO DATA

-- name: touch all of who waits
-- $1 group_name text, $2 projection text
-- Events that are parked, here or there, are applied or wait as a whole company's do.
INSERT INTO {keys}
WITH waits AS (
    SELECT p.partition, p.company_id FROM runtime.parked AS p
     WHERE p.group_name = $1 AND p.projection = $2
       AND (p.partition, p.company_id) IN (SELECT partition, company_id FROM {touched})
     UNION
    SELECT partition, company_id FROM {parked} WHERE projection = $2
)
(SELECT {key} FROM {live} WHERE (partition, company_id) IN (SELECT * FROM waits)
  UNION
 SELECT {key} FROM {shadow} WHERE (partition, company_id) IN (SELECT * FROM waits))
EXCEPT
SELECT {key} FROM {keys}

-- name: leave only the keys
-- What the events touch is mended; other rows of their companies are left as they are.
DELETE FROM {shadow} AS t
 WHERE ({t_key}) NOT IN (SELECT {key} FROM {keys})

-- name: untouched partitions
-- Nothing of them is read.
DELETE FROM {scratch}.partitions
 WHERE partition NOT IN (SELECT partition FROM {scratch}.touched)

-- name: untouched accounts
DELETE FROM {scratch}.accounts
 WHERE partition NOT IN (SELECT partition FROM {scratch}.touched)

-- name: how many touched
SELECT count(*) FROM {scratch}.touched
