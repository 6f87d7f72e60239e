-- name: create handoffs
CREATE TABLE {table} (
    company_id       text NOT NULL,
    conversation_id  text NOT NULL,
    handoff_id       text NOT NULL,
    status           text NOT NULL,
    reason           text NOT NULL,
    brief            text,
    requested_by     text,
    requested_at     timestamptz,
    accepted_at      timestamptz,
    accepted_by      text,
    ended_at         timestamptz,
    PRIMARY KEY (company_id, conversation_id, handoff_id)
) WITH (fillfactor = 70)

-- name: view handoffs
CREATE OR REPLACE VIEW projections.handoffs AS SELECT * FROM {table}

-- name: load handoffs
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.company_id, t.conversation_id, t.handoff_id, t.status, t.reason, t.brief,
       t.requested_by, t.requested_at, t.accepted_at, t.accepted_by, t.ended_at
  FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store handoffs
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, handoff_id, status, reason, brief, requested_by,
       requested_at, accepted_at, accepted_by, ended_at
  FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::text[], $11::timestamptz[])
    AS n (company_id, conversation_id, handoff_id, status, reason, brief, requested_by,
          requested_at, accepted_at, accepted_by, ended_at)
ON CONFLICT (company_id, conversation_id, handoff_id) DO UPDATE SET
    status = excluded.status, reason = excluded.reason, brief = excluded.brief, requested_by
    = excluded.requested_by, requested_at = excluded.requested_at, accepted_at =
    excluded.accepted_at, accepted_by = excluded.accepted_by, ended_at = excluded.ended_at
