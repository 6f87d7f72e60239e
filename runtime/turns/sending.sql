-- name: next part
-- $1 company_id text, $2 turn_id uuid
SELECT message_id, part, parts, centurion_id, channel, contact::text, text, state, attempts,
       EXISTS (SELECT FROM agent.outbound AS e
                WHERE e.turn_id = $2 AND e.company_id = $1
                  AND e.state IN ('sent', 'unknown')) AS is_begun
  FROM agent.outbound
 WHERE turn_id = $2 AND company_id = $1 AND state IN ('pending', 'sending')
 ORDER BY part LIMIT 1

-- name: send
-- $1 company_id text, $2 message_id uuid
UPDATE agent.outbound
   SET state = 'sending', attempts = attempts + 1, sending_at = clock_timestamp()
 WHERE message_id = $2 AND company_id = $1

-- name: settle
-- $1 company_id text, $2 message_id uuid, $3 state text, $4 provider_message_id text, $5 detail text
UPDATE agent.outbound
   SET state = $3, provider_message_id = coalesce($4, provider_message_id), detail = $5,
       settled_at = CASE WHEN $3 IN ('sent', 'failed', 'unknown') THEN clock_timestamp() END
 WHERE message_id = $2 AND company_id = $1
