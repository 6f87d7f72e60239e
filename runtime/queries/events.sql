-- name: events
-- $1 event_id uuid or null, $2 type text or null, $3 company_id text or null,
-- $4 conversation_id text or null, $5 recorded since timestamptz or null, $6 limit integer
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::text AS body
  FROM runtime.event_log
 WHERE ($1::uuid IS NULL OR event_id = $1)
   AND ($2::text IS NULL OR type = $2)
   AND ($3::text IS NULL OR company_id = $3)
   AND ($4::text IS NULL OR conversation_id = $4)
   AND ($5::timestamptz IS NULL OR recorded_at > $5)
 ORDER BY recorded_at DESC, partition, position DESC
 LIMIT $6

-- name: places
SELECT p AS partition, coalesce(c.position, 0) AS position
  FROM runtime.topology AS t, generate_series(0, t.partitions - 1) AS p
  LEFT JOIN runtime.checkpoints AS c ON c.group_name = 'projections' AND c.partition = p

-- name: events between
-- $1 type, $2 company_id, $3 conversation_id: text or null,
-- $4 partitions smallint[], $5 after positions bigint[], $6 up to positions bigint[]
SELECT l.partition, l.position, l.event_id, l.type, l.company_id, l.conversation_id, l.recorded_at
  FROM unnest($4::smallint[], $5::bigint[], $6::bigint[]) AS k (partition, after, up_to)
  JOIN runtime.event_log AS l
    ON l.partition = k.partition AND l.position > k.after AND l.position <= k.up_to
 WHERE ($1::text IS NULL OR l.type = $1)
   AND ($2::text IS NULL OR l.company_id = $2)
   AND ($3::text IS NULL OR l.conversation_id = $3)
 ORDER BY l.recorded_at, l.partition, l.position

