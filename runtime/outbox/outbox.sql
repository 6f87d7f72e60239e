-- name: append
-- $1 partition smallint, $2 company_id text, $3 conversation_id text, $4 event_id uuid[], $5 body text[]
SELECT runtime.tell($1, $2, $3, $4, $5)

-- name: confirm
-- $1 partition smallint[]
-- The log holds them: they have taken effect, or will with everything that the log holds.
-- Each is looked up in the log by its id, never the log read for all of them: it has no bound.
DELETE FROM runtime.outbox AS o
 USING (SELECT s.id FROM runtime.outbox AS s
         CROSS JOIN LATERAL (
               SELECT FROM runtime.event_log AS l
                WHERE l.partition = s.partition AND l.event_id = s.event_id LIMIT 1) AS held
         WHERE s.partition = ANY($1::smallint[]) AND s.sent_at IS NOT NULL) AS told
 WHERE o.id = told.id

-- name: to send
-- $1 partition smallint[], $2 resend after float8 seconds, $3 most integer
-- In order within a conversation: one that has a row on its way waits until the log holds that row.
-- What was sent and is not in the log, although the log's group has read beyond its entry or the
-- time is over, is sent again together with what follows it.
WITH lost AS (
    SELECT o.company_id, o.conversation_id, min(o.id) AS first_id
      FROM runtime.outbox AS o
      JOIN runtime.checkpoints AS c ON c.group_name = 'projections' AND c.partition = o.partition
     WHERE o.partition = ANY($1::smallint[]) AND o.sent_at IS NOT NULL
       AND (o.sent_at < clock_timestamp()
                        - make_interval(secs => least($2 * 2 ^ (o.sends - 1), 900))
            OR (split_part(c.entry_id, '-', 1)::numeric, split_part(c.entry_id, '-', 2)::numeric)
             > (split_part(o.entry_id, '-', 1)::numeric, split_part(o.entry_id, '-', 2)::numeric)
               AND NOT EXISTS (SELECT FROM runtime.event_log AS l
                                WHERE l.partition = o.partition AND l.event_id = o.event_id))
     GROUP BY o.company_id, o.conversation_id)
SELECT o.id, o.company_id, o.conversation_id, o.body, o.sends
  FROM runtime.outbox AS o
  LEFT JOIN lost AS l USING (company_id, conversation_id)
 WHERE o.partition = ANY($1::smallint[])
   AND CASE WHEN l.first_id IS NOT NULL THEN o.id >= l.first_id
            ELSE o.sent_at IS NULL AND NOT EXISTS (
                SELECT FROM runtime.outbox AS e
                 WHERE e.company_id = o.company_id AND e.conversation_id = o.conversation_id
                   AND e.id < o.id AND e.sent_at IS NOT NULL) END
 ORDER BY o.id
 LIMIT $3

-- name: sent
-- $1 id bigint[], $2 entry_id text[]
UPDATE runtime.outbox AS o
   SET sent_at = clock_timestamp(), entry_id = n.entry_id, sends = o.sends + 1
  FROM unnest($1::bigint[], $2::text[]) AS n (id, entry_id)
 WHERE o.id = n.id

-- name: depth
-- No parameters.
SELECT count(*) AS rows,
       coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS age_s
  FROM runtime.outbox
