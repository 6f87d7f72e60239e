-- name: page
-- $1 partition smallint, $2 after position bigint, $3 up to position bigint,
-- $4 company_id text or null, $5 conversation_id text or null, $6 types text[] or null,
-- $7 recorded from, $8 recorded until, $9 occurred from, $10 occurred until: timestamptz or null,
-- $11 limit integer, $12 bytes of bodies bigint: the page ends with the event that reaches it.
-- `found` is what the page had held without the limit of bytes.
SELECT position, recorded_at, event_id, type, convert_to(body, 'UTF8') AS body, found
  FROM (SELECT s.*, count(*) OVER () AS found,
               sum(octet_length(s.body)) OVER (ORDER BY s.position) - octet_length(s.body)
                   AS bytes_before
          FROM (SELECT position, recorded_at, event_id, type, body::text AS body
                  FROM runtime.event_log
                 WHERE partition = $1 AND position > $2 AND position <= $3
                   AND ($4::text IS NULL OR company_id = $4)
                   AND ($5::text IS NULL OR conversation_id = $5)
                   AND ($6::text[] IS NULL OR type = ANY ($6))
                   AND ($7::timestamptz IS NULL OR recorded_at >= $7)
                   AND ($8::timestamptz IS NULL OR recorded_at < $8)
                   AND ($9::timestamptz IS NULL OR occurred_at >= $9)
                   AND ($10::timestamptz IS NULL OR occurred_at < $10)
                 ORDER BY position
                 LIMIT $11) AS s) AS w
 WHERE bytes_before < $12
 ORDER BY position

-- name: count
-- $1 to $10 as of `page`
SELECT type, count(*) AS events, coalesce(sum(octet_length(body::text)), 0)::bigint AS bytes
  FROM runtime.event_log
 WHERE partition = $1 AND position > $2 AND position <= $3
   AND ($4::text IS NULL OR company_id = $4)
   AND ($5::text IS NULL OR conversation_id = $5)
   AND ($6::text[] IS NULL OR type = ANY ($6))
   AND ($7::timestamptz IS NULL OR recorded_at >= $7)
   AND ($8::timestamptz IS NULL OR recorded_at < $8)
   AND ($9::timestamptz IS NULL OR occurred_at >= $9)
   AND ($10::timestamptz IS NULL OR occurred_at < $10)
 GROUP BY type

-- name: at places
-- $1 partitions smallint[], $2 positions bigint[]
SELECT l.partition, l.event_id
  FROM unnest($1::smallint[], $2::bigint[]) AS k (partition, position)
  JOIN runtime.event_log AS l USING (partition, position)
