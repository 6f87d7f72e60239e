-- name: create conversation_control
CREATE TABLE {table} (
    company_id             text    NOT NULL,
    conversation_id        text    NOT NULL,
    owner                  text    NOT NULL,
    handoff_id             text,
    opted_out              boolean NOT NULL,
    channel                text,
    centurion_id           text,
    contact                jsonb,
    last_inbound_at        timestamptz,
    last_inbound_position  bigint,
    PRIMARY KEY (company_id, conversation_id),
    CONSTRAINT conversation_control_owner_is_known CHECK (owner IN ('bot', 'human', 'closed'))
) WITH (fillfactor = 70)

-- name: view conversation_control
CREATE OR REPLACE VIEW agent.conversation_control AS SELECT * FROM {table}

-- name: load conversation_control
-- $1 company_id text[], $2 conversation_id text[]
-- An upsert that changes nothing locks each row, also one that is not there yet: nobody writes it
-- between this and the store.
INSERT INTO {table} AS t (company_id, conversation_id, owner, opted_out)
SELECT k.company_id, k.conversation_id, 'bot', false
  FROM unnest($1::text[], $2::text[]) AS k (company_id, conversation_id) ORDER BY 1, 2
ON CONFLICT (company_id, conversation_id) DO UPDATE SET owner = t.owner
RETURNING company_id, conversation_id, owner, handoff_id, opted_out, channel, centurion_id,
          contact::text, last_inbound_at, last_inbound_position

-- name: store conversation_control
-- one array per column, in column order
INSERT INTO {table} AS t
SELECT company_id, conversation_id, owner, handoff_id, opted_out, channel, centurion_id,
       contact::jsonb, last_inbound_at, last_inbound_position
  FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[],
    $8::text[], $9::timestamptz[], $10::bigint[])
    AS n (company_id, conversation_id, owner, handoff_id, opted_out, channel, centurion_id,
          contact, last_inbound_at, last_inbound_position)
ON CONFLICT (company_id, conversation_id) DO UPDATE SET
    owner = excluded.owner, handoff_id = excluded.handoff_id, opted_out = excluded.opted_out,
    channel = excluded.channel, centurion_id = excluded.centurion_id, contact = excluded.contact,
    last_inbound_at = excluded.last_inbound_at,
    last_inbound_position = excluded.last_inbound_position
