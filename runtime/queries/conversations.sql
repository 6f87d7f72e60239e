-- name: companies
-- The companies that have a conversation of that id, each found by one step through the log's index.
-- $1 conversation_id text
WITH RECURSIVE companies AS (
    (SELECT company_id FROM runtime.event_log ORDER BY company_id LIMIT 1)
    UNION ALL
    SELECT (SELECT l.company_id FROM runtime.event_log AS l
             WHERE l.company_id > c.company_id ORDER BY l.company_id LIMIT 1)
      FROM companies AS c
     WHERE c.company_id IS NOT NULL
)
SELECT c.company_id
  FROM companies AS c
 WHERE EXISTS (SELECT FROM runtime.event_log AS l
                WHERE l.company_id = c.company_id AND l.conversation_id = $1)
 ORDER BY c.company_id

-- name: events
-- All of a conversation, in stream order: it is in one partition.
-- $1 company_id text, $2 conversation_id text
SELECT partition, position, event_id, type, version, company_id, conversation_id, occurred_at,
       recorded_at, entry_id, body::text AS body
  FROM runtime.event_log
 WHERE company_id = $1 AND conversation_id = $2
 ORDER BY position

-- name: inbox
-- $1 company_id text, $2 conversation_id text
SELECT event_id, closed_at, closed_reason, turn_id
  FROM agent.inbox
 WHERE company_id = $1 AND conversation_id = $2

-- name: state
-- $1 company_id text, $2 conversation_id text
SELECT owner, status, channel, contact_id, contact_name, centurion_id, opted_out, handoff_id,
       received_count, sent_count, first_seen_at, last_inbound_at, last_outbound_at,
       unanswered_since
  FROM projections.conversations
 WHERE company_id = $1 AND conversation_id = $2

-- name: leads
-- $1 company_id text, $2 conversation_id text
SELECT lead_id, stage, score, threshold, facts::text AS facts, criteria::text AS criteria,
       rules_hash, qualified_at
  FROM projections.leads
 WHERE company_id = $1 AND conversation_id = $2
 ORDER BY created_at, lead_id

-- name: handoffs
-- $1 company_id text, $2 conversation_id text
SELECT handoff_id, status, reason, requested_by, requested_at, accepted_by, accepted_at, ended_at
  FROM projections.handoffs
 WHERE company_id = $1 AND conversation_id = $2
 ORDER BY requested_at, handoff_id

-- name: transcript
-- The last messages, in stream order.
-- $1 company_id text, $2 conversation_id text, $3 limit integer
SELECT *
  FROM (SELECT occurred_at, direction, sent_by, kind, coalesce(text, transcript) AS text, status,
               message_id, archived, position
          FROM projections.messages
         WHERE company_id = $1 AND conversation_id = $2
         ORDER BY position DESC, message_id DESC
         LIMIT $3) AS newest
 ORDER BY position, message_id
