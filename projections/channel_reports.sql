-- name: create channel_reports
CREATE TABLE {table} (
    company_id           text        NOT NULL,
    conversation_id      text        NOT NULL,
    event_id             uuid        NOT NULL,
    kind                 text        NOT NULL,
    message_id           text,
    provider_message_id  text,
    text                 text,
    occurred_at          timestamptz NOT NULL,
    received_at          timestamptz NOT NULL,
    PRIMARY KEY (company_id, conversation_id, event_id)
) WITH (fillfactor = 90);
CREATE INDEX ON {table} (received_at);
CREATE INDEX ON {table} (company_id, conversation_id) WHERE kind = 'sent'

-- name: view channel_reports
CREATE OR REPLACE VIEW agent.channel_reports AS SELECT * FROM {table}

-- name: load channel_reports
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.* FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store channel_reports
-- one array per column, in column order
INSERT INTO {table}
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[], $9::timestamptz[])
ON CONFLICT DO NOTHING
