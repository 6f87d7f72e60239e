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
    correlation_id   text        NOT NULL,
    text             text,
    content          jsonb,
    occurred_at      timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    PRIMARY KEY (company_id, conversation_id, event_id)
) WITH (fillfactor = 80);
CREATE INDEX ON {table} (company_id, conversation_id, position)

-- name: view inbox
-- With what became of each message; closed_at is null while a turn is still to come.
CREATE OR REPLACE VIEW agent.inbox AS
SELECT t.*, c.closed_at, c.reason AS closed_reason, c.turn_id
  FROM {table} AS t
  LEFT JOIN agent.inbox_closures AS c USING (company_id, conversation_id, event_id)

-- name: load inbox
-- $1 company_id text[], $2 conversation_id text[]
SELECT t.company_id, t.conversation_id, t.event_id, t.partition, t.position, t.message_id, t.kind,
       t.channel, t.centurion_id, t.correlation_id, t.text, t.content::text, t.occurred_at,
       t.received_at
  FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id)
  JOIN {table} AS t USING (company_id, conversation_id)

-- name: store inbox
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, event_id, partition, position, message_id, kind, channel,
       centurion_id, correlation_id, text, content::jsonb, occurred_at, received_at
  FROM unnest(
    $1::text[], $2::text[], $3::uuid[], $4::smallint[], $5::bigint[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
    $14::timestamptz[])
    AS n (company_id, conversation_id, event_id, partition, position, message_id, kind, channel,
          centurion_id, correlation_id, text, content, occurred_at, received_at)
ON CONFLICT (company_id, conversation_id, event_id) DO UPDATE SET
    text = excluded.text, content = excluded.content

-- name: create bursts
CREATE TABLE {table} (
    company_id         text        NOT NULL,
    conversation_id    text        NOT NULL,
    centurion_id       text,
    first_received_at  timestamptz NOT NULL,
    last_received_at   timestamptz NOT NULL,
    first_position     bigint      NOT NULL,
    last_position      bigint      NOT NULL,
    PRIMARY KEY (company_id, conversation_id)
) WITH (fillfactor = 50);
-- In the order in which they become due, for each centurion's own debounce and longest wait.
CREATE INDEX ON {table} (company_id, (coalesce(centurion_id, '')), last_received_at);
CREATE INDEX ON {table} (company_id, (coalesce(centurion_id, '')), first_received_at)

-- name: view bursts
CREATE OR REPLACE VIEW agent.bursts AS SELECT * FROM {table}

-- name: load bursts
-- $1 company_id text[], $2 conversation_id text[]
-- Locked: a turn may be closing it.
SELECT t.company_id, t.conversation_id, t.centurion_id, t.first_received_at, t.last_received_at,
       t.first_position, t.last_position
  FROM {table} AS t
 WHERE (t.company_id, t.conversation_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
 ORDER BY t.company_id, t.conversation_id
   FOR UPDATE

-- name: store bursts
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[],
    $7::bigint[])
ON CONFLICT (company_id, conversation_id) DO UPDATE SET
    centurion_id = excluded.centurion_id, last_received_at = excluded.last_received_at,
    last_position = excluded.last_position
