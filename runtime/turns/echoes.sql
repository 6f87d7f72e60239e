-- name: echoes
-- $1 company_id text, $2 conversation_id text
SELECT event_id, message_id, provider_message_id, text, occurred_at
  FROM agent.channel_reports
 WHERE company_id = $1 AND conversation_id = $2 AND kind = 'sent'
 ORDER BY received_at, event_id

-- name: own outbound
-- $1 company_id text, $2 conversation_id text
-- What an echo may be of, newest first.
SELECT message_id, provider_message_id, text, coalesce(sending_at, created_at) AS at
  FROM agent.outbound
 WHERE company_id = $1 AND conversation_id = $2 AND state IN ('sending', 'sent', 'unknown')
 ORDER BY created_at DESC LIMIT 100

-- name: take out
-- $1 company_id text, $2 conversation_id text, $3 event_id uuid[]
DELETE FROM agent.channel_reports
 WHERE company_id = $1 AND conversation_id = $2 AND event_id = ANY($3::uuid[])

-- name: give to a human
-- $1 company_id text, $2 conversation_id text, $3 handoff_id text
UPDATE agent.conversation_control SET owner = 'human', handoff_id = $3
 WHERE company_id = $1 AND conversation_id = $2 AND owner = 'bot'
