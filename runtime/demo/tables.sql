-- name: companies
SELECT company_id AS company, count(*) AS conversations, sum(received_count)::bigint AS received,
       sum(sent_count)::bigint AS sent, count(*) FILTER (WHERE owner = 'human') AS with_human,
       count(*) FILTER (WHERE unanswered_since IS NOT NULL) AS unanswered,
       count(*) FILTER (WHERE opted_out) AS opted_out
  FROM projections.conversations GROUP BY company_id ORDER BY company_id

-- name: leads
SELECT l.company_id AS company, c.contact_name AS contact, l.stage, l.score,
       left((SELECT string_agg(f.key || '=' || (f.value ->> 'value'), ', ' ORDER BY f.key)
               FROM jsonb_each(l.facts) AS f), 60) AS facts
  FROM projections.leads AS l JOIN projections.conversations AS c USING (company_id, conversation_id)
 WHERE l.score IS NOT NULL ORDER BY l.score DESC, contact LIMIT 5

-- name: transcript
SELECT to_char(m.occurred_at, 'HH24:MI:SS') AS time,
       CASE WHEN m.direction = 'in' THEN c.contact_name ELSE coalesce(m.sent_by, '?') END AS who,
       m.kind, left(coalesce(m.text, m.transcript), 60) AS text, m.status
  FROM projections.messages AS m JOIN projections.conversations AS c
       USING (company_id, conversation_id)
 WHERE (m.company_id, m.conversation_id) = (
       SELECT company_id, conversation_id FROM projections.handoffs
        WHERE accepted_at IS NOT NULL ORDER BY requested_at, conversation_id LIMIT 1)
 ORDER BY m.position

-- name: handoffs
SELECT company_id AS company, status, reason, accepted_by, count(*) AS n
  FROM projections.handoffs GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4

-- name: gaps
SELECT company_id AS company, query AS could_not_answer
  FROM projections.rag_queries WHERE outcome = 'no_match' ORDER BY asked_at LIMIT 10

-- name: usage
SELECT company_id AS company, model, sum(calls)::bigint AS calls,
       sum(total_tokens)::bigint AS tokens, round(sum(cost), 4) AS usd
  FROM projections.openai_usage GROUP BY 1, 2 ORDER BY 1, 2

-- name: totals
SELECT coalesce(sum(read), 0)::bigint AS read, coalesce(sum(applied), 0)::bigint AS applied,
       coalesce(sum(duplicate), 0)::bigint AS duplicate, coalesce(sum(dead), 0)::bigint AS dead
  FROM runtime.checkpoints WHERE group_name = 'projections'
