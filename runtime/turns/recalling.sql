-- name: recall
-- $1 company_id text, $2 conversation_id text, $3 most lines integer
-- In one row: what was last told of the lead; whether a human was asked for, as the read models have it,
-- or as an earlier turn has told and they have not taken in yet (in one look, because a row leaves the
-- outbox only after the read models have what it tells); the facts as JSON: first what turns found, then
-- what humans wrote down; and the newest lines before the burst, oldest first, in columns: what was said
-- to the customer, and what they said that a turn has closed; what is open is the burst, or another
-- turn's. Then what was sent and has not come back to the transcript.
SELECT s.lead_id, s.scoring::text, s.standing,
       EXISTS (SELECT FROM projections.handoffs AS h
                WHERE h.company_id = $1 AND h.conversation_id = $2 AND h.status = 'requested')
       OR EXISTS (SELECT FROM runtime.outbox AS o
                   WHERE o.company_id = $1 AND o.conversation_id = $2
                     AND o.body::json ->> 'type' = 'handoff.requested') AS handoff_is_open,
       (SELECT json_agg(f) FROM (
            SELECT name, value, evidence, event_id, confidence, by FROM agent.facts
             WHERE company_id = $1 AND conversation_id = $2) AS f)::text AS facts,
       (SELECT json_agg(f) FROM (
            SELECT f.key AS name, f.value->'value' AS value, f.value->>'evidence' AS evidence,
                   f.value->>'event_id' AS event_id,
                   (f.value->>'confidence')::float8 AS confidence, 'human' AS by
              FROM projections.leads AS l, jsonb_each(l.facts) AS f
             WHERE l.company_id = $1 AND l.conversation_id = $2
               AND f.value->>'by' = 'human') AS f)::text AS facts_by_humans,
       t.directions, t.sent_by, t.texts, t.occurred_at
  FROM (SELECT) AS one
  LEFT JOIN agent.scorings AS s ON s.company_id = $1 AND s.conversation_id = $2
 CROSS JOIN (
       SELECT array_agg(l.direction ORDER BY l.part, l.position) AS directions,
              array_agg(l.sent_by ORDER BY l.part, l.position) AS sent_by,
              array_agg(l.text ORDER BY l.part, l.position) AS texts,
              array_agg(l.occurred_at ORDER BY l.part, l.position) AS occurred_at
         FROM ((SELECT m.direction, m.sent_by, coalesce(m.transcript, m.text) AS text,
                       m.occurred_at, 0 AS part, m.position
                  FROM projections.messages AS m
                 WHERE m.company_id = $1 AND m.conversation_id = $2 AND NOT m.archived
                   AND coalesce(m.transcript, m.text) IS NOT NULL
                   AND (m.direction = 'out' OR EXISTS (
                        SELECT FROM agent.inbox_closures AS c
                         WHERE c.company_id = $1 AND c.conversation_id = $2
                           AND c.event_id = m.event_id))
                 ORDER BY m.position DESC LIMIT $3)
                UNION ALL
                SELECT 'out', 'bot', o.text, o.settled_at, 1,
                       row_number() OVER (ORDER BY o.created_at, o.part)
                  FROM agent.outbound AS o
                 WHERE o.company_id = $1 AND o.conversation_id = $2
                   AND o.state IN ('sent', 'unknown')
                   AND o.settled_at > clock_timestamp() - interval '1 hour'
                   AND NOT EXISTS (SELECT FROM projections.messages AS m
                                    WHERE m.company_id = $1 AND m.conversation_id = $2
                                      AND m.message_id = o.message_id::text)) AS l) AS t
