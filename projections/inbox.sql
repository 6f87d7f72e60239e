-- name: create inbox
CREATE TABLE {table} (
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    event_id         uuid        NOT NULL,
    partition        smallint    NOT NULL,
    position         bigint      NOT NULL,
    message_id       text        NOT NULL,
    kind             text        NOT NULL,
    channel          text        NOT NULL,
    centurion_id     text,
    occurred_at      timestamptz NOT NULL,
    PRIMARY KEY (company_id, conversation_id, event_id)
) WITH (fillfactor = 70)

-- name: view inbox
CREATE OR REPLACE VIEW agent.inbox AS SELECT * FROM {table}

-- name: load inbox
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.* FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store inbox
-- one array per column, in column order
INSERT INTO {table}
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::uuid[], $4::smallint[], $5::bigint[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::timestamptz[])
ON CONFLICT DO NOTHING
