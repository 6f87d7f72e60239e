-- name: log one
-- $1 partition smallint, $2 position bigint, $3 event_id uuid, $4 type text, $5 version integer,
-- $6 company_id text, $7 conversation_id text, $8 occurred_at timestamptz,
-- $9 recorded_at timestamptz, $10 entry_id text, $11 body json
INSERT INTO runtime.event_log (partition, position, event_id, type, version, company_id,
                               conversation_id, occurred_at, recorded_at, entry_id, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT ON CONSTRAINT event_log_event_is_unique DO NOTHING
RETURNING position

-- name: log many
-- $1 partition smallint; the others are arrays: $2 positions bigint[], $3 event_ids uuid[],
-- $4 types text[], $5 versions integer[], $6 company_ids text[], $7 conversation_ids text[],
-- $8 occurred_at timestamptz[], $9 entry_ids text[], $10 bodies text[]
INSERT INTO runtime.event_log (partition, position, event_id, type, version, company_id,
                               conversation_id, occurred_at, recorded_at, entry_id, body)
SELECT $1::smallint, n.position, n.event_id, n.type, n.version, n.company_id, n.conversation_id,
       n.occurred_at, now(), n.entry_id, n.body::json
  FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::integer[], $6::text[], $7::text[],
              $8::timestamptz[], $9::text[], $10::text[])
       AS n (position, event_id, type, version, company_id, conversation_id, occurred_at,
             entry_id, body)
ON CONFLICT ON CONSTRAINT event_log_event_is_unique DO NOTHING
RETURNING event_id

-- name: add messages
-- arrays: $1 company_ids text[], $2 conversation_ids text[], $3 message_ids text[],
-- $4 event_ids uuid[], $5 directions text[], $6 kinds text[], $7 texts text[], $8 statuses text[],
-- $9 occurred_at timestamptz[], $10 positions bigint[]
INSERT INTO {table} (company_id, conversation_id, message_id, event_id, direction, kind, text,
                        status, occurred_at, position, archived)
SELECT n.*, false
  FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::timestamptz[], $10::bigint[]) AS n
ON CONFLICT (company_id, conversation_id, message_id) DO NOTHING

-- name: add to conversations
-- arrays: $1 company_ids text[], $2 conversation_ids text[], $3 received bigint[],
-- $4 sent bigint[], $5 last texts text[], $6 last times timestamptz[], $7 first times timestamptz[]
INSERT INTO {table} AS c
       (company_id, conversation_id, owner, status, received_count, sent_count, last_message_text,
        last_message_at, first_seen_at, opted_out)
SELECT n.company_id, n.conversation_id, 'bot', 'open', n.received, n.sent, n.text, n.last_at,
       n.first_at, false
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[],
              $7::timestamptz[])
       AS n (company_id, conversation_id, received, sent, text, last_at, first_at)
ON CONFLICT (company_id, conversation_id) DO UPDATE
   SET received_count = c.received_count + excluded.received_count,
       sent_count = c.sent_count + excluded.sent_count,
       last_message_text = coalesce(excluded.last_message_text, c.last_message_text),
       last_message_at = coalesce(excluded.last_message_at, c.last_message_at)

-- name: add to daily counts
-- $1 partition smallint; arrays: $2 company_ids text[], $3 types text[], $4 days date[],
-- $5 counts bigint[]
INSERT INTO {table} AS c (partition, company_id, type, day, count)
SELECT $1::smallint, n.* FROM unnest($2::text[], $3::text[], $4::date[], $5::bigint[]) AS n
ON CONFLICT (partition, company_id, type, day) DO UPDATE SET count = c.count + excluded.count

-- name: shares
-- $1 group_name text; how many partitions each member has
SELECT count(*) FROM runtime.partition_owners
 WHERE group_name = $1 AND owner IS NOT NULL GROUP BY owner

-- name: logged
-- No parameters.
SELECT count(*) FROM runtime.event_log

-- name: dump log
-- No parameters. In the order in which it was written.
SELECT * FROM runtime.event_log ORDER BY recorded_at, partition, position

-- name: dump messages
-- No parameters. In the order of the log.
SELECT * FROM {table} ORDER BY occurred_at

-- name: empty log
-- No parameters.
TRUNCATE runtime.event_log

-- name: empty messages
-- No parameters.
TRUNCATE {table}

-- name: positions
-- $1 group_name text
SELECT partition, position FROM runtime.checkpoints WHERE group_name = $1

-- name: readable
-- $1 company_id text; what the public view shows of its events
SELECT event_id FROM projections.messages WHERE company_id = $1

-- name: places
-- $1 company_id text; where its events stand in the log
SELECT event_id, partition, position FROM runtime.event_log WHERE company_id = $1
