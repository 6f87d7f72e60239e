-- name: decide
-- $1 company_id text, $2 turn_id uuid, $3 decided text, $4 reason text, $5 model text,
-- $6 prompt_tokens bigint, $7 completion_tokens bigint, $8 cost_usd numeric
UPDATE agent.turns
   SET state = 'sending', decided = $3, decided_reason = $4, model = $5, prompt_tokens = $6,
       completion_tokens = $7, cost_usd = $8
 WHERE turn_id = $2 AND company_id = $1

-- name: decide and put parts
-- $1 company_id text, $2 turn_id uuid, $3 decided text, $4 reason text, $5 model text,
-- $6 prompt_tokens bigint, $7 completion_tokens bigint, $8 cost_usd numeric;
-- $9 message_id uuid[], $10 text[], and once each: $11 conversation_id text, $12 centurion_id text,
-- $13 channel text, $14 contact text, $15 goes out boolean
-- The first one is being sent from now on, where the gate lets it out.
WITH decided AS (
    UPDATE agent.turns
       SET state = 'sending', decided = $3, decided_reason = $4, model = $5, prompt_tokens = $6,
           completion_tokens = $7, cost_usd = $8
     WHERE turn_id = $2 AND company_id = $1)
INSERT INTO agent.outbound (message_id, company_id, conversation_id, turn_id, centurion_id, part,
                            parts, channel, contact, text, state, attempts, sending_at)
SELECT n.message_id, $1, $11, $2, $12, n.number, cardinality($9::uuid[]), $13, $14::jsonb, n.text,
       CASE WHEN $15 AND n.number = 1 THEN 'sending' ELSE 'pending' END,
       CASE WHEN $15 AND n.number = 1 THEN 1 ELSE 0 END,
       CASE WHEN $15 AND n.number = 1 THEN clock_timestamp() END
  FROM unnest($9::uuid[], $10::text[]) WITH ORDINALITY AS n (message_id, text, number)

-- name: keep facts
-- $1 company_id text, $2 conversation_id text, $3 name text[], $4 value text[], $5 evidence text[],
-- $6 event_id uuid[], $7 confidence float8[], $8 by text[]
INSERT INTO agent.facts AS f
       (company_id, conversation_id, name, value, evidence, event_id, confidence, by)
SELECT $1, $2, n.name, n.value::jsonb, n.evidence, n.event_id, n.confidence, n.by
  FROM unnest($3::text[], $4::text[], $5::text[], $6::uuid[], $7::float8[], $8::text[])
       AS n (name, value, evidence, event_id, confidence, by)
ON CONFLICT (company_id, conversation_id, name) DO UPDATE
   SET value = excluded.value, evidence = excluded.evidence, event_id = excluded.event_id,
       confidence = excluded.confidence, by = excluded.by, recorded_at = clock_timestamp()

-- name: keep scoring
-- $1 company_id text, $2 conversation_id text, $3 lead_id text, $4 scoring text, $5 standing text
INSERT INTO agent.scorings AS s (company_id, conversation_id, lead_id, scoring, standing)
VALUES ($1, $2, $3, $4::jsonb, $5)
ON CONFLICT (company_id, conversation_id) DO UPDATE
   SET scoring = excluded.scoring, standing = excluded.standing, scored_at = clock_timestamp()
