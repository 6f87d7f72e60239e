-- name: record
-- $1 company_id text, $2 conversation_id text, $3 turn_id uuid, $4 fence bigint, $5 worker text,
-- $6 lock time-out: time with unit, text, $7 anyway boolean, $8 last_inbound_at as seen timestamptz;
-- $9 decided text, $10 reason text, $11 model text, $12 prompt_tokens bigint,
-- $13 completion_tokens bigint, $14 cost_usd numeric; of the facts $15 name text[], $16 value text[],
-- $17 evidence text[], $18 event_id uuid[], $19 confidence float8[], $20 by text[]; of the lead, or
-- nulls: $21 lead_id text, $22 scoring text, $23 standing text; of the parts $24 message_id uuid[],
-- $25 text[], and once each: $26 centurion_id text, $27 channel text, $28 contact text,
-- $29 goes out boolean; and what is told of it: $30 partition smallint, $31 event_id uuid[],
-- $32 body text[]
SELECT agent.record_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                         $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)
