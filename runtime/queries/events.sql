-- name: newest
-- Of each partition its newest events in a span of places, then the newest of those.
-- $1 type text or null, $2 company_id text or null, $3 conversation_id text or null,
-- $4 recorded after timestamptz or null, $5 partitions smallint[], $6 after positions bigint[],
-- $7 up to positions bigint[], $8 limit integer
SELECT n.*
  FROM unnest($5::smallint[], $6::bigint[], $7::bigint[]) AS k (partition, after, up_to)
 CROSS JOIN LATERAL (
       SELECT l.partition, l.position, l.event_id, l.type, l.company_id, l.conversation_id,
              l.recorded_at
         FROM runtime.event_log AS l
        WHERE l.partition = k.partition AND l.position > k.after AND l.position <= k.up_to
          AND ($1::text IS NULL OR l.type = $1)
          AND ($2::text IS NULL OR l.company_id = $2)
          AND ($3::text IS NULL OR l.conversation_id = $3)
          AND ($4::timestamptz IS NULL OR l.recorded_at > $4)
        ORDER BY l.position DESC
        LIMIT $8) AS n
 ORDER BY n.recorded_at DESC, n.partition, n.position DESC
 LIMIT $8

-- name: places
-- Each partition's last place in the log.
SELECT p::smallint AS partition, coalesce(c.position, 0) AS position
  FROM runtime.topology AS t, generate_series(0, t.partitions - 1) AS p
  LEFT JOIN runtime.checkpoints AS c ON c.group_name = 'projections' AND c.partition = p

-- name: places at
-- Of each partition a place up to which all was recorded up to a time, found by halving: a few
-- steps through the log's primary key, whatever the log's size. Positions follow the clock but for
-- its corrections: who looks for what is later than T asks for a time well before T.
-- $1 recorded until timestamptz, $2 partitions smallint[], $3 last positions bigint[]
WITH RECURSIVE search AS (
    SELECT k.partition, 0::bigint AS low, k.high
      FROM unnest($2::smallint[], $3::bigint[]) AS k (partition, high)
    UNION ALL
    SELECT s.partition,
           CASE WHEN l.recorded_at <= $1 THEN l.position ELSE s.low END,
           CASE WHEN l.recorded_at <= $1 THEN s.high ELSE l.position - 1 END
      FROM search AS s
     CROSS JOIN LATERAL (
           SELECT e.position, e.recorded_at
             FROM runtime.event_log AS e
            WHERE e.partition = s.partition AND e.position = (s.low + s.high + 1) / 2
            LIMIT 1) AS l
     WHERE s.low < s.high
)
SELECT partition, low AS position FROM search WHERE low >= high

-- name: events between
-- $1 type, $2 company_id, $3 conversation_id: text or null,
-- $4 partitions smallint[], $5 after positions bigint[], $6 up to positions bigint[]
SELECT l.partition, l.position, l.event_id, l.type, l.company_id, l.conversation_id, l.recorded_at
  FROM unnest($4::smallint[], $5::bigint[], $6::bigint[]) AS k (partition, after, up_to)
 CROSS JOIN LATERAL (
       SELECT e.*
         FROM runtime.event_log AS e
        WHERE e.partition = k.partition AND e.position > k.after AND e.position <= k.up_to
          AND ($1::text IS NULL OR e.type = $1)
          AND ($2::text IS NULL OR e.company_id = $2)
          AND ($3::text IS NULL OR e.conversation_id = $3)
        ORDER BY e.position) AS l
 ORDER BY l.recorded_at, l.partition, l.position
