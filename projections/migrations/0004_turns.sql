-- What the workers write: turns, what they send, and the events that tell of it.

-- A turn of a conversation, from the claim to the end. The open one is the claim itself: whoever
-- holds its fence before lease_until works on it, nobody else.
CREATE TABLE agent.turns (
    turn_id          uuid        NOT NULL,
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    state            text        NOT NULL DEFAULT 'thinking',
    worker           text,
    fence            bigint      NOT NULL DEFAULT 1,
    lease_until      timestamptz,
    retry_at         timestamptz,
    attempts         integer     NOT NULL DEFAULT 0,
    failures         integer     NOT NULL DEFAULT 0,
    upper_position   bigint      NOT NULL DEFAULT 0,
    seen_position    bigint      NOT NULL DEFAULT 0,
    covers           uuid[]      NOT NULL DEFAULT '{}',
    causation_id     uuid,
    correlation_id   text,
    opened_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided          text,
    decided_reason   text,
    model            text,
    prompt_tokens    bigint,
    completion_tokens bigint,
    cost_usd         numeric,
    outcome          text,
    reason           text,
    completed_at     timestamptz,
    CONSTRAINT turns_have_an_id PRIMARY KEY (turn_id),
    CONSTRAINT turns_state_is_known CHECK (state IN ('thinking', 'sending', 'done')),
    CONSTRAINT turns_done_have_an_outcome CHECK ((state = 'done') = (outcome IS NOT NULL))
);
CREATE UNIQUE INDEX turns_one_open_a_conversation
    ON agent.turns (company_id, conversation_id) WHERE state <> 'done';
CREATE INDEX turns_by_conversation ON agent.turns (company_id, conversation_id, opened_at);
COMMENT ON COLUMN agent.turns.seen_position IS
    'where the burst ended as the turn began; beyond upper_position when it was too long for one turn';
COMMENT ON COLUMN agent.turns.failures IS 'turns in a row, before this one, that had no answer';

-- What became of each inbound message. A row here closes it for good.
CREATE TABLE agent.inbox_closures (
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    event_id         uuid        NOT NULL,
    turn_id          uuid,
    reason           text        NOT NULL,
    closed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT inbox_closures_once_a_message PRIMARY KEY (company_id, conversation_id, event_id)
);

-- One part of an answer. pending → sending → sent | failed | unknown | suppressed.
CREATE TABLE agent.outbound (
    message_id           uuid        NOT NULL,
    company_id           text        NOT NULL,
    conversation_id      text        NOT NULL,
    turn_id              uuid        NOT NULL,
    centurion_id         text        NOT NULL,
    part                 integer     NOT NULL,
    parts                integer     NOT NULL,
    channel              text        NOT NULL,
    contact              jsonb       NOT NULL,
    text                 text        NOT NULL,
    state                text        NOT NULL DEFAULT 'pending',
    attempts             integer     NOT NULL DEFAULT 0,
    provider_message_id  text,
    detail               text,
    created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    sending_at           timestamptz,
    settled_at           timestamptz,
    CONSTRAINT outbound_has_an_id PRIMARY KEY (message_id),
    CONSTRAINT outbound_one_row_a_part UNIQUE (turn_id, part),
    CONSTRAINT outbound_state_is_known CHECK (
        state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'suppressed'))
);
CREATE INDEX outbound_by_conversation ON agent.outbound (company_id, conversation_id, created_at);
CREATE INDEX outbound_unknown ON agent.outbound (settled_at) WHERE state = 'unknown';

-- What is known of a contact, by the turns; a human's word stands in the leads.
CREATE TABLE agent.facts (
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    name             text        NOT NULL,
    value            jsonb       NOT NULL,
    evidence         text        NOT NULL,
    event_id         uuid        NOT NULL,
    confidence       double precision NOT NULL,
    by               text        NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT facts_one_value_a_name PRIMARY KEY (company_id, conversation_id, name)
);

-- What was last told of a lead, so that what is unchanged is not told again.
CREATE TABLE agent.scorings (
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    lead_id          text        NOT NULL,
    scoring          jsonb       NOT NULL,
    standing         text        NOT NULL,
    scored_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT scorings_one_a_conversation PRIMARY KEY (company_id, conversation_id),
    CONSTRAINT scorings_standing_is_known CHECK (standing IN ('open', 'qualified', 'disqualified'))
);
COMMENT ON COLUMN agent.scorings.standing IS 'what was last told of the lead; a qualified one stays so';

-- Events that are still to be appended to their streams, written in the transaction of what they
-- tell. Ids of one conversation are given under its lock, so that none commits after a higher one.
CREATE TABLE runtime.outbox (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    partition        smallint    NOT NULL,
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    event_id         uuid        NOT NULL,
    body             text        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at          timestamptz,
    entry_id         text,
    sends            integer     NOT NULL DEFAULT 0,
    CONSTRAINT outbox_is_numbered PRIMARY KEY (id)
);
CREATE INDEX outbox_by_partition ON runtime.outbox (partition, id);
CREATE INDEX outbox_by_conversation ON runtime.outbox (company_id, conversation_id, id);
