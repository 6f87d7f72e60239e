-- name: transcript
-- $1 company_id text, $2 conversation_id text, $3 event_id uuid[] (of the burst), $4 most integer
-- The newest lines before the burst: what was said to the customer, and what they said that a turn
-- has closed. A newer message is another turn's.
SELECT m.direction, m.sent_by, coalesce(m.transcript, m.text) AS text, m.occurred_at
  FROM projections.messages AS m
 WHERE m.company_id = $1 AND m.conversation_id = $2 AND NOT m.archived
   AND coalesce(m.transcript, m.text) IS NOT NULL
   AND (m.direction = 'out' OR (m.event_id <> ALL ($3::uuid[]) AND EXISTS (
        SELECT FROM agent.inbox_closures AS c
         WHERE c.company_id = $1 AND c.conversation_id = $2 AND c.event_id = m.event_id)))
 ORDER BY m.position DESC LIMIT $4

-- name: not told yet
-- $1 company_id text, $2 conversation_id text
-- What was sent and has not come back to the transcript.
SELECT o.text, o.settled_at
  FROM agent.outbound AS o
 WHERE o.company_id = $1 AND o.conversation_id = $2 AND o.state IN ('sent', 'unknown')
   AND o.settled_at > clock_timestamp() - interval '1 hour'
   AND NOT EXISTS (SELECT FROM projections.messages AS m
                    WHERE m.company_id = $1 AND m.conversation_id = $2
                      AND m.message_id = o.message_id::text)
 ORDER BY o.created_at, o.part

-- name: facts
-- $1 company_id text, $2 conversation_id text
SELECT name, value::text, evidence, event_id, confidence, by FROM agent.facts
 WHERE company_id = $1 AND conversation_id = $2

-- name: facts by humans
-- $1 company_id text, $2 conversation_id text
SELECT f.key AS name, (f.value->'value')::text AS value, f.value->>'evidence' AS evidence,
       (f.value->>'event_id')::uuid AS event_id, (f.value->>'confidence')::float8 AS confidence,
       'human' AS by
  FROM projections.leads AS l, jsonb_each(l.facts) AS f
 WHERE l.company_id = $1 AND l.conversation_id = $2 AND f.value->>'by' = 'human'

-- name: scoring
-- $1 company_id text, $2 conversation_id text
SELECT lead_id, scoring::text, standing FROM agent.scorings
 WHERE company_id = $1 AND conversation_id = $2

-- name: handoff is open
-- $1 company_id text, $2 conversation_id text
-- As the read models have it, or as an earlier turn has told and they have not taken in yet: in one
-- look, because a row leaves the outbox only after the read models have what it tells.
SELECT EXISTS (SELECT FROM projections.handoffs
                WHERE company_id = $1 AND conversation_id = $2 AND status = 'requested')
    OR EXISTS (SELECT FROM runtime.outbox
                WHERE company_id = $1 AND conversation_id = $2
                  AND body::json ->> 'type' = 'handoff.requested')
