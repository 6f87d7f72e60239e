-- name: fill from all
-- $1 partition smallint, $2 up to position bigint, $3 types text[], $4 after company_id text,
-- $5 conversation_id text, $6 position bigint: 0 where nothing is filled in
-- Any order does in which a conversation's events stand together; numbers are sorted at the least cost.
-- Two conversations may have the same: then their events stand together, by position.
-- What bodies say themselves is not read from other columns, which would be carried through the sort.
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) AS place
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position <= $2 AND l.type = ANY($3)
   AND ($6::bigint = 0 OR (hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)), l.position)
                  > (hashtextextended($5, hashtextextended($4, 0)), $6))
 ORDER BY place, l.position

-- name: fill from conversations
-- $1 … $6 as above
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) AS place
  FROM {scratch}.touched AS t
  JOIN runtime.event_log AS l USING (company_id, conversation_id)
 WHERE t.partition = $1 AND l.partition = $1 AND l.position <= $2 AND l.type = ANY($3)
   AND ($6::bigint = 0 OR (hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)), l.position)
                  > (hashtextextended($5, hashtextextended($4, 0)), $6))
 ORDER BY place, l.position

-- name: fill from companies
-- $1 … $6 as above
SELECT l.position, l.type, timestamptz_send(l.recorded_at) AS recorded_at, l.event_id, l.body,
       hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)) AS place
  FROM runtime.event_log AS l
 WHERE l.partition = $1 AND l.position <= $2 AND l.type = ANY($3)
   AND l.company_id IN (SELECT company_id FROM {scratch}.touched WHERE partition = $1)
   AND ($6::bigint = 0 OR (hashtextextended(l.conversation_id, hashtextextended(l.company_id, 0)), l.position)
                  > (hashtextextended($5, hashtextextended($4, 0)), $6))
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
-- $1 company_id text, $2 conversation_id text
-- Where a conversation stands in the order of filling.
SELECT hashtextextended($2, hashtextextended($1, 0))

-- name: prepare to sort
-- A partition's past is sorted by Postgres, on disk where it must be. A cursor is planned as if only
-- its first rows were wanted, which here would be one random read an event. Compiling the statement
-- would take longer than it saves. A role's statement time-out is not for this work.
SELECT set_config('work_mem', '64MB', true), set_config('cursor_tuple_fraction', '1.0', true),
       set_config('jit', 'off', true), set_config('statement_timeout', '0', true)
