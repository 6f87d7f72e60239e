-- name: create messages
CREATE TABLE {table} (
    company_id           text        NOT NULL,
    conversation_id      text        NOT NULL,
    message_id           text        NOT NULL,
    event_id             uuid        NOT NULL,
    direction            text        NOT NULL,
    kind                 text        NOT NULL,
    text                 text,
    status               text        NOT NULL,
    occurred_at          timestamptz NOT NULL,
    position             bigint      NOT NULL,
    sent_by              text,
    transcript           text,
    media                jsonb,
    provider_message_id  text,
    archived             boolean     NOT NULL,
    PRIMARY KEY (company_id, conversation_id, message_id),
    CONSTRAINT messages_direction_is_known CHECK (direction IN ('in', 'out'))
) WITH (fillfactor = 80)

-- name: view messages
CREATE OR REPLACE VIEW projections.messages AS SELECT * FROM {table}

-- name: load messages
-- $1 company_id text[], $2 conversation_id text[], $3 message_id text[]; '' means all of it
SELECT t.company_id, t.conversation_id, t.message_id, t.event_id, t.direction, t.kind, t.text,
       t.status, t.occurred_at, t.position, t.sent_by, t.transcript, t.media::text,
       t.provider_message_id, t.archived
  FROM unnest($1::text[], $2::text[], $3::text[]) AS k (company_id, conversation_id, message_id)
  JOIN {table} AS t USING (company_id, conversation_id, message_id)
UNION
SELECT t.company_id, t.conversation_id, t.message_id, t.event_id, t.direction, t.kind, t.text,
       t.status, t.occurred_at, t.position, t.sent_by, t.transcript, t.media::text,
       t.provider_message_id, t.archived
  FROM unnest($1::text[], $2::text[], $3::text[]) AS k (company_id, conversation_id, message_id)
  JOIN {table} AS t USING (company_id, conversation_id)
 WHERE k.message_id = ''

-- name: store messages
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, message_id, event_id, direction, kind, text, status,
       occurred_at, position, sent_by, transcript, media::jsonb, provider_message_id, archived
  FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::boolean[])
    AS n (company_id, conversation_id, message_id, event_id, direction, kind, text, status,
          occurred_at, position, sent_by, transcript, media, provider_message_id, archived)
ON CONFLICT (company_id, conversation_id, message_id) DO UPDATE SET
    text = excluded.text, status = excluded.status, transcript = excluded.transcript,
    media = excluded.media, provider_message_id = excluded.provider_message_id,
    archived = excluded.archived

-- name: create message_statuses
CREATE TABLE {table} (
    company_id       text NOT NULL,
    conversation_id  text NOT NULL,
    reference        text NOT NULL,
    status           text NOT NULL,
    PRIMARY KEY (company_id, conversation_id, reference)
)

-- name: view message_statuses
CREATE OR REPLACE VIEW projections.message_statuses AS SELECT * FROM {table}

-- name: load message_statuses
-- $1 company_id text[], $2 conversation_id text[], $3 reference text[]
SELECT t.* FROM unnest($1::text[], $2::text[], $3::text[])
       AS k (company_id, conversation_id, reference)
  JOIN {table} AS t USING (company_id, conversation_id, reference)

-- name: store message_statuses
-- one array per column, in column order
INSERT INTO {table} AS t SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT (company_id, conversation_id, reference) DO UPDATE SET status = excluded.status
