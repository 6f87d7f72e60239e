-- name: fill from all
-- $1 partition smallint, $2 up to position bigint, $3 types text[], $4 behind this place,
-- $5 and this position in it: bigint, 0 where nothing is filled in
-- Any order does in which a conversation's events stand together; numbers are sorted at the least cost.
-- Two conversations may have the same: then their events stand together, by position. The number's first
-- bits are the last four of the partition's.
-- What bodies say themselves is not read from other columns, which would be carried through the sort.
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       (((l.partition & 15)::bigint << 59)
        | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)) AS place
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position <= $2 AND l.type = ANY($3)
   AND ($5::bigint = 0
        OR ((((l.partition & 15)::bigint << 59)
           | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)),
            l.position) > ($4::bigint, $5))
 ORDER BY place, l.position

-- name: fill several from all
-- $1 partitions smallint[], no two of which have the same last four bits, $2 up to these positions bigint[]:
-- of partition 0 and so on, $3 types text[]
-- What a partition has lies on most pages of the log: several of them come at the price of one.
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       (((l.partition & 15)::bigint << 59)
        | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)) AS place
  FROM runtime.event_log AS l
 WHERE l.partition = ANY($1) AND l.position <= ($2::bigint[])[l.partition + 1] AND l.type = ANY($3)
 ORDER BY place, l.position

-- name: fill from conversations
-- $1 … $5 as above
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       (((l.partition & 15)::bigint << 59)
        | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)) AS place
  FROM {scratch}.touched AS t
  JOIN runtime.event_log AS l USING (company_id, conversation_id)
 WHERE t.partition = $1 AND l.partition = $1 AND l.position <= $2 AND l.type = ANY($3)
   AND ($5::bigint = 0
        OR ((((l.partition & 15)::bigint << 59)
           | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)),
            l.position) > ($4::bigint, $5))
 ORDER BY place, l.position

-- name: fill from companies
-- $1 … $5 as above
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       (((l.partition & 15)::bigint << 59)
        | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)) AS place
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position <= $2 AND l.type = ANY($3)
   AND l.company_id IN (SELECT company_id FROM {scratch}.touched WHERE partition = $1)
   AND ($5::bigint = 0
        OR ((((l.partition & 15)::bigint << 59)
           | ((hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) >> 5) & 576460752303423487)),
            l.position) > ($4::bigint, $5))
 ORDER BY place, l.position

-- name: whole
-- $1 partition smallint, $2 positions bigint[]
SELECT l.position, l.entry_id, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.type,
       l.version, l.occurred_at, l.company_id, l.conversation_id, l.body
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position = ANY($2)
 ORDER BY l.position

-- name: follow all
-- $1 partition smallint, $2 after position, $3 up to position: bigint, $4 types text[]
SELECT l.position, l.entry_id, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.type,
       l.version, l.occurred_at, l.company_id, l.conversation_id, l.body
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position > $2 AND l.position <= $3 AND l.type = ANY($4)
 ORDER BY l.position

-- name: follow conversations
-- $1 … $4 as above
SELECT l.position, l.entry_id, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.type,
       l.version, l.occurred_at, l.company_id, l.conversation_id, l.body
  FROM runtime.event_log AS l
  JOIN {scratch}.touched AS t USING (company_id, conversation_id)
 WHERE l.partition = $1 AND l.position > $2 AND l.position <= $3 AND l.type = ANY($4)
 ORDER BY l.position

-- name: follow companies
-- $1 … $4 as above
SELECT l.position, l.entry_id, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.type,
       l.version, l.occurred_at, l.company_id, l.conversation_id, l.body
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position > $2 AND l.position <= $3 AND l.type = ANY($4)
   AND l.company_id IN (SELECT company_id FROM {scratch}.touched WHERE partition = $1)
 ORDER BY l.position

-- name: place of
-- $1 partition smallint, $2 company_id text, $3 conversation_id text
-- Where a conversation stands in the order of filling.
SELECT ((($1::smallint & 15)::bigint << 59)
        | ((hashtextextended($3, hashtextextended($2, 0)) >> 5) & 576460752303423487))

-- name: prepare to sort
-- The past of some partitions is sorted by Postgres, on disk where it must be. A cursor is planned as if only
-- its first rows were wanted, which here would be one random read an event. Compiling the statement
-- would take longer than it saves. A role's statement time-out is not for this work. Who is frozen does not
-- keep its snapshot for longer than a minute: a swap waits for it.
SELECT set_config('work_mem', '64MB', true), set_config('cursor_tuple_fraction', '1.0', true),
       set_config('jit', 'off', true), set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '60s', true)
