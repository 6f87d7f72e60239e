-- name: create followups
CREATE TABLE {table} (
    company_id       text NOT NULL,
    conversation_id  text NOT NULL,
    followup_id      text NOT NULL,
    rule             text NOT NULL,
    attempt          bigint NOT NULL,
    status           text NOT NULL,
    due_at           timestamptz NOT NULL,
    reason           text,
    scheduled_at     timestamptz,
    ended_at         timestamptz,
    PRIMARY KEY (company_id, conversation_id, followup_id)
) WITH (fillfactor = 70)

-- name: view followups
CREATE OR REPLACE VIEW projections.followups AS SELECT * FROM {table}

-- name: load followups
-- $1 company_id text[], $2 conversation_id text[], $3 followup_id text[]
SELECT t.company_id, t.conversation_id, t.followup_id, t.rule, t.attempt, t.status, t.due_at,
       t.reason, t.scheduled_at, t.ended_at
  FROM unnest($1::text[], $2::text[], $3::text[])
       AS k (company_id, conversation_id, followup_id)
  JOIN {table} AS t USING (company_id, conversation_id, followup_id)

-- name: store followups
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, followup_id, rule, attempt, status, due_at, reason,
       scheduled_at, ended_at
  FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
    $7::timestamptz[], $8::text[], $9::timestamptz[], $10::timestamptz[])
    AS n (company_id, conversation_id, followup_id, rule, attempt, status, due_at, reason,
          scheduled_at, ended_at)
ON CONFLICT (company_id, conversation_id, followup_id) DO UPDATE SET
    rule = excluded.rule, attempt = excluded.attempt, status = excluded.status, due_at =
    excluded.due_at, reason = excluded.reason, scheduled_at = excluded.scheduled_at,
    ended_at = excluded.ended_at
