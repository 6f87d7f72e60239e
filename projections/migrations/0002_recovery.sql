-- What the engine needs to prove that nothing was lost, and to mend what waits.

CREATE SCHEMA IF NOT EXISTS agent;

-- A group's account with its stream. Within a generation (one unbroken history of a stream):
-- entries-added of Redis - added_base = read - read_before + lost + what is not read yet.
ALTER TABLE runtime.checkpoints
    ADD COLUMN entry_hash   bytea,
    ADD COLUMN added_base   bigint,
    ADD COLUMN read_before  bigint NOT NULL DEFAULT 0,
    ADD COLUMN lost_before  bigint NOT NULL DEFAULT 0,
    ADD COLUMN lost         bigint NOT NULL DEFAULT 0,
    ADD COLUMN seen_added   bigint,
    ADD COLUMN seen_last_id text,
    ADD COLUMN seen_at      timestamptz,
    ADD COLUMN server_id    text;
COMMENT ON COLUMN runtime.checkpoints.entry_hash IS
    'of the entry at entry_id: the stream still has it, so the stream is the one that was read';
COMMENT ON COLUMN runtime.checkpoints.added_base IS
    'entries-added when the generation began, less what was unread then; null until first seen';
COMMENT ON COLUMN runtime.checkpoints.seen_added IS 'entries-added when the stream was last looked at';

-- The newest generation of each stream that any group has noticed.
CREATE TABLE runtime.stream_generations (
    partition   smallint    NOT NULL,
    generation  integer     NOT NULL,
    server_id   text,
    reason      text        NOT NULL,
    began_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stream_generations_are_counted PRIMARY KEY (partition, generation)
);

-- Entries that were appended and that a group never got. Shown in /ready until acknowledged.
CREATE TABLE runtime.losses (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    group_name       text        NOT NULL,
    partition        smallint    NOT NULL,
    generation       integer     NOT NULL,
    count            bigint      NOT NULL,
    at_least         boolean     NOT NULL,
    reason           text        NOT NULL,
    after_entry_id   text        NOT NULL,
    since            timestamptz,
    noticed_at       timestamptz NOT NULL DEFAULT now(),
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    CONSTRAINT losses_are_numbered PRIMARY KEY (id),
    CONSTRAINT losses_count_is_positive CHECK (count > 0 OR at_least)
);
CREATE INDEX losses_open ON runtime.losses (group_name, partition) WHERE acknowledged_at IS NULL;

-- The dedup basis of groups that write no event log.
CREATE TABLE runtime.seen_events (
    group_name  text        NOT NULL,
    partition   smallint    NOT NULL,
    event_id    uuid        NOT NULL,
    body_hash   bytea       NOT NULL,
    entry_id    text        NOT NULL,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT seen_events_one_per_event PRIMARY KEY (group_name, partition, event_id)
);
CREATE INDEX seen_events_by_age ON runtime.seen_events (group_name, partition, seen_at);
CREATE VIEW agent.seen_events AS
    SELECT partition, event_id, body_hash, entry_id, seen_at
      FROM runtime.seen_events WHERE group_name = 'agent';

-- Groups without a log keep the body of what waits; the code that refused it is known by its hash.
ALTER TABLE runtime.parked
    ADD COLUMN entry_id text,
    ADD COLUMN body json,
    ADD COLUMN refused_by text,
    ADD COLUMN tried_at timestamptz;

CREATE INDEX parked_heads ON runtime.parked (group_name, partition)
    WHERE reason <> 'follows_parked';

ALTER TABLE runtime.projection_checkpoints
    ADD CONSTRAINT projection_checkpoints_parked_is_not_negative CHECK (parked >= 0);

-- A dead letter stays, so that the accounts add up; what became of it is written beside it.
ALTER TABLE runtime.dead_letters
    ADD COLUMN resolved_at  timestamptz,
    ADD COLUMN resolution   text,
    ADD COLUMN resolved_by  text,
    ADD CONSTRAINT dead_letters_resolution_is_known
        CHECK (resolution IN ('retried', 'discarded'));
CREATE INDEX dead_letters_open ON runtime.dead_letters (seen_at) WHERE resolved_at IS NULL;

-- Why a projection stands apart from its group.
ALTER TABLE runtime.projections
    ADD COLUMN group_name  text NOT NULL DEFAULT 'projections',
    ADD COLUMN detached_at timestamptz,
    ADD COLUMN detail      text;

-- What operators want done with parked events; only the partition's owner does it.
CREATE TABLE runtime.requests (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    kind             text        NOT NULL,
    group_name       text        NOT NULL,
    partition        smallint    NOT NULL,
    projection       text        NOT NULL,
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    requested_by     text        NOT NULL,
    requested_at     timestamptz NOT NULL DEFAULT now(),
    done_at          timestamptz,
    outcome          text,
    moved            bigint,
    CONSTRAINT requests_are_numbered PRIMARY KEY (id),
    CONSTRAINT requests_kind_is_known CHECK (kind IN ('retry_parked', 'discard_parked'))
);
CREATE INDEX requests_open ON runtime.requests (group_name, partition, id) WHERE done_at IS NULL;

-- One row for every command that changed something.
CREATE TABLE runtime.audit_log (
    id        bigint GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor     text        NOT NULL,
    action    text        NOT NULL,
    arguments jsonb       NOT NULL,
    affected  bigint      NOT NULL,
    CONSTRAINT audit_log_is_numbered PRIMARY KEY (id)
);
