-- name: by id
-- Events wherever they are: each partition has an index of its ids.
-- $1 event_ids uuid[], $2 company_id text or null
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::text AS body
  FROM runtime.event_log
 WHERE partition = ANY(ARRAY(
           SELECT generate_series(0, t.partitions - 1)::smallint FROM runtime.topology AS t))
   AND event_id = ANY($1::uuid[])
   AND ($2::text IS NULL OR company_id = $2)
 ORDER BY recorded_at, partition, position

-- name: page
-- A conversation's events in stream order.
-- $1 company_id text, $2 conversation_id text, $3 after position bigint,
-- $4 up to position bigint or null, $5 recorded until, $6 occurred until: timestamptz or null,
-- $7 limit integer
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::text AS body
  FROM runtime.event_log
 WHERE company_id = $1 AND conversation_id = $2 AND position > $3
   AND ($4::bigint IS NULL OR position <= $4)
   AND ($5::timestamptz IS NULL OR recorded_at <= $5)
   AND ($6::timestamptz IS NULL OR occurred_at <= $6)
 ORDER BY position
 LIMIT $7

-- name: first
-- $1 company_id text, $2 conversation_id text
SELECT recorded_at, occurred_at
  FROM runtime.event_log
 WHERE company_id = $1 AND conversation_id = $2
 ORDER BY position
 LIMIT 1

-- name: newest of a conversation
-- $1 company_id text, $2 conversation_id text, $3 recorded since, $4 recorded until: timestamptz
-- or null, $5 limit integer
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::text AS body
  FROM runtime.event_log
 WHERE company_id = $1 AND conversation_id = $2
   AND ($3::timestamptz IS NULL OR recorded_at >= $3)
   AND ($4::timestamptz IS NULL OR recorded_at <= $4)
 ORDER BY position DESC
 LIMIT $5

-- name: effects in a conversation
-- Postgres reads no JSON that holds U+0000: such a row is given, and `is_read` says that it may be
-- something else.
-- $1 company_id text, $2 conversation_id text, $3 causation_ids text[], $4 limit integer
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::text AS body, strpos(body::text, '\u0000') = 0 AS is_read
  FROM runtime.event_log
 WHERE company_id = $1 AND conversation_id = $2
   AND CASE WHEN strpos(body::text, '\u0000') > 0 THEN true
            ELSE lower(coalesce(body ->> 'causation_id', body ->> 'causationid'))
                     = ANY($3::text[])
       END
 ORDER BY position
 LIMIT $4

-- name: led to
-- What events caused, or share a correlation with, in a company's other conversations. A span of
-- the log is read by its places, a partition after the other; `is_read` as above.
-- $1 company_id text, $2 but not conversation_id text, $3 causation_ids text[],
-- $4 correlation_ids text[], $5 recorded since, $6 recorded until: timestamptz,
-- $7 partitions smallint[], $8 after positions bigint[], $9 up to positions bigint[],
-- $10 limit integer
SELECT n.*
  FROM unnest($7::smallint[], $8::bigint[], $9::bigint[]) AS k (partition, after, up_to)
 CROSS JOIN LATERAL (
       SELECT l.partition, l.position, l.event_id, l.type, l.version, l.company_id,
              l.conversation_id, l.occurred_at, l.recorded_at, l.entry_id, l.body::text AS body,
              strpos(l.body::text, '\u0000') = 0 AS is_read
         FROM runtime.event_log AS l
        WHERE l.partition = k.partition AND l.position > k.after AND l.position <= k.up_to
          AND l.company_id = $1 AND l.conversation_id <> $2
          AND l.recorded_at >= $5 AND l.recorded_at <= $6
          AND CASE WHEN strpos(l.body::text, '\u0000') > 0 THEN true
                   ELSE lower(coalesce(l.body ->> 'causation_id', l.body ->> 'causationid'))
                            = ANY($3::text[])
                        OR coalesce(l.body ->> 'correlation_id', l.body ->> 'correlationid')
                            = ANY($4::text[])
              END
        ORDER BY l.position
        LIMIT $10) AS n
 ORDER BY n.recorded_at, n.partition, n.position
 LIMIT $10

-- name: parked of an event
-- $1 company_id text, $2 conversation_id text, $3 partition smallint, $4 position bigint
SELECT group_name, projection, reason, detail, attempts, parked_at
  FROM runtime.parked
 WHERE company_id = $1 AND conversation_id = $2 AND partition = $3 AND position = $4
 ORDER BY group_name, projection
