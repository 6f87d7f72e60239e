-- name: create conversations
CREATE TABLE {table} (
    company_id         text        NOT NULL,
    conversation_id    text        NOT NULL,
    owner              text        NOT NULL,
    status             text        NOT NULL,
    received_count     bigint      NOT NULL,
    sent_count         bigint      NOT NULL,
    last_message_text  text,
    last_message_at    timestamptz,
    last_inbound_at    timestamptz,
    last_outbound_at   timestamptz,
    unanswered_since   timestamptz,
    first_seen_at      timestamptz NOT NULL,
    channel            text,
    contact_id         text,
    contact_name       text,
    centurion_id       text,
    opted_out          boolean     NOT NULL,
    handoff_id         text,
    PRIMARY KEY (company_id, conversation_id),
    CONSTRAINT conversations_owner_is_known CHECK (owner IN ('bot', 'human', 'closed'))
) WITH (fillfactor = 70)

-- name: view conversations
CREATE OR REPLACE VIEW projections.conversations AS SELECT * FROM {table}

-- name: load conversations
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.* FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store conversations
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],
    $12::timestamptz[], $13::text[], $14::text[], $15::text[], $16::text[], $17::boolean[],
    $18::text[])
ON CONFLICT (company_id, conversation_id) DO UPDATE SET
    owner = excluded.owner, status = excluded.status, received_count = excluded.received_count,
    sent_count = excluded.sent_count, last_message_text = excluded.last_message_text,
    last_message_at = excluded.last_message_at, last_inbound_at = excluded.last_inbound_at,
    last_outbound_at = excluded.last_outbound_at, unanswered_since = excluded.unanswered_since,
    channel = excluded.channel, contact_id = excluded.contact_id,
    contact_name = excluded.contact_name, centurion_id = excluded.centurion_id,
    opted_out = excluded.opted_out, handoff_id = excluded.handoff_id
