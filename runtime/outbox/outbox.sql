-- name: append
-- $1 partition smallint, $2 company_id text, $3 conversation_id text, $4 event_id uuid[], $5 body text[]
SELECT runtime.tell($1, $2, $3, $4, $5)

-- name: next
-- $1 partition smallint[], $2 resend after float8 seconds, $3 most integer
-- What is to be sent, or nulls, and in each row besides how many rows wait, in all partitions, and how
-- old the oldest is.
-- What the log holds goes: it has taken effect, or will with everything that the log holds. Each is
-- looked up in the log by its id, never the log read for all of them: it has no bound.
-- In order within a conversation: one that has a row on its way waits until the log holds that row.
-- What was sent and is not in the log, although the log's group has read beyond its entry or the
-- time is over, is sent again together with what follows it.
WITH sent AS MATERIALIZED (
    SELECT o.id, o.partition, o.company_id, o.conversation_id, o.sent_at, o.sends, o.entry_id,
           l.is_held IS TRUE AS is_held
      FROM runtime.outbox AS o
      LEFT JOIN LATERAL (
           SELECT true AS is_held FROM runtime.event_log AS l
            WHERE l.partition = o.partition AND l.event_id = o.event_id LIMIT 1) AS l ON true
     WHERE o.partition = ANY($1::smallint[]) AND o.sent_at IS NOT NULL),
gone AS (
    DELETE FROM runtime.outbox AS o USING sent AS s WHERE o.id = s.id AND s.is_held),
on_their_way AS (
    SELECT s.company_id, s.conversation_id, min(s.id) AS first_id,
           min(s.id) FILTER (WHERE
               s.sent_at < clock_timestamp() - make_interval(secs => least($2 * 2 ^ (s.sends - 1), 900))
               OR (split_part(c.entry_id, '-', 1)::numeric, split_part(c.entry_id, '-', 2)::numeric)
                > (split_part(s.entry_id, '-', 1)::numeric, split_part(s.entry_id, '-', 2)::numeric)
           ) AS first_lost_id
      FROM sent AS s
      LEFT JOIN runtime.checkpoints AS c
             ON c.group_name = 'projections' AND c.partition = s.partition
     WHERE NOT s.is_held
     GROUP BY s.company_id, s.conversation_id),
next AS (
    SELECT o.id, o.company_id, o.conversation_id, o.body, o.sends
      FROM runtime.outbox AS o
      LEFT JOIN sent AS s ON s.id = o.id
      LEFT JOIN on_their_way AS w
             ON w.company_id = o.company_id AND w.conversation_id = o.conversation_id
     WHERE o.partition = ANY($1::smallint[]) AND s.is_held IS NOT TRUE
       AND CASE WHEN w.first_lost_id IS NOT NULL THEN o.id >= w.first_lost_id
                ELSE o.sent_at IS NULL AND o.id < coalesce(w.first_id, o.id + 1) END
     ORDER BY o.id
     LIMIT $3)
SELECT d.waiting, d.age_s, n.*
  FROM (SELECT count(*) AS waiting,
               coalesce(extract(epoch FROM clock_timestamp() - min(o.created_at)), 0)::float8 AS age_s
          FROM runtime.outbox AS o LEFT JOIN sent AS s ON s.id = o.id
         WHERE s.is_held IS NOT TRUE) AS d
  LEFT JOIN next AS n ON true
 ORDER BY n.id

-- name: sent
-- $1 id bigint[], $2 entry_id text[]
UPDATE runtime.outbox AS o
   SET sent_at = clock_timestamp(), entry_id = n.entry_id, sends = o.sends + 1
  FROM unnest($1::bigint[], $2::text[]) AS n (id, entry_id)
 WHERE o.id = n.id
