-- The engine's own tables. Read models are created from projections/*.sql when they are installed.

CREATE SCHEMA IF NOT EXISTS runtime;
CREATE SCHEMA IF NOT EXISTS projections;

-- One row: what producers and consumers must agree on.
CREATE TABLE runtime.topology (
    singleton      boolean     NOT NULL DEFAULT true,
    partitions     integer     NOT NULL,
    stream_prefix  text        NOT NULL,
    epoch          integer     NOT NULL DEFAULT 1,
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT topology_has_one_row PRIMARY KEY (singleton),
    CONSTRAINT topology_singleton_is_true CHECK (singleton),
    CONSTRAINT topology_partitions_in_range CHECK (partitions BETWEEN 1 AND 1024)
);

-- The source of every read model. Append-only; position counts without gaps in commit order.
CREATE TABLE runtime.event_log (
    partition        smallint    NOT NULL,
    position         bigint      NOT NULL,
    event_id         uuid        NOT NULL,
    type             text        NOT NULL,
    version          integer     NOT NULL,
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    occurred_at      timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL,
    entry_id         text        NOT NULL,
    body             json        NOT NULL,
    CONSTRAINT event_log_position_is_unique PRIMARY KEY (partition, position),
    CONSTRAINT event_log_event_is_unique UNIQUE (partition, event_id)
);
CREATE INDEX event_log_by_conversation
    ON runtime.event_log (company_id, conversation_id, position);

-- Where a group stands in a partition: the read position, whatever Redis says.
-- Conservation: read = applied + duplicate + dead.
CREATE TABLE runtime.checkpoints (
    group_name  text        NOT NULL,
    partition   smallint    NOT NULL,
    generation  integer     NOT NULL DEFAULT 1,
    entry_id    text        NOT NULL DEFAULT '0-0',
    position    bigint      NOT NULL DEFAULT 0,
    read        bigint      NOT NULL DEFAULT 0,
    applied     bigint      NOT NULL DEFAULT 0,
    duplicate   bigint      NOT NULL DEFAULT 0,
    dead        bigint      NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT checkpoints_one_per_group_and_partition PRIMARY KEY (group_name, partition)
) WITH (fillfactor = 50);

-- Living members of a group; one heart-beaten row each.
CREATE TABLE runtime.members (
    group_name    text        NOT NULL,
    member_id     text        NOT NULL,
    host          text        NOT NULL,
    pid           integer     NOT NULL,
    started_at    timestamptz NOT NULL,
    heartbeat_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    CONSTRAINT members_are_unique PRIMARY KEY (group_name, member_id)
) WITH (fillfactor = 50);

-- Who owns a partition. A row changes only with its owner, so that a batch can hold it FOR SHARE
-- without stopping a heart-beat; when the ownership expires is the member's row to say.
CREATE TABLE runtime.partition_owners (
    group_name  text        NOT NULL,
    partition   smallint    NOT NULL,
    owner       text,
    epoch       bigint      NOT NULL DEFAULT 0,
    taken_at    timestamptz,
    CONSTRAINT partition_owners_one_per_partition PRIMARY KEY (group_name, partition)
);
CREATE VIEW runtime.partition_leases AS
    SELECT o.group_name, o.partition, o.owner, o.epoch, m.expires_at
      FROM runtime.partition_owners AS o
      LEFT JOIN runtime.members AS m ON m.group_name = o.group_name AND m.member_id = o.owner;

-- Entries that can never be events, raw.
CREATE TABLE runtime.dead_letters (
    group_name  text        NOT NULL,
    partition   smallint    NOT NULL,
    entry_id    text        NOT NULL,
    generation  integer     NOT NULL DEFAULT 1,
    raw         bytea       NOT NULL,
    reason      text        NOT NULL,
    detail      text        NOT NULL,
    event_id    uuid,
    seen_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT dead_letters_one_per_entry PRIMARY KEY (group_name, partition, generation, entry_id)
);

-- Events that wait for a person or a newer build, in order, one projection at a time.
CREATE TABLE runtime.parked (
    group_name       text        NOT NULL,
    projection       text        NOT NULL,
    company_id       text        NOT NULL,
    conversation_id  text        NOT NULL,
    partition        smallint    NOT NULL,
    position         bigint      NOT NULL,
    event_id         uuid        NOT NULL,
    reason           text        NOT NULL,
    detail           text        NOT NULL,
    attempts         integer     NOT NULL DEFAULT 0,
    parked_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parked_one_per_event
        PRIMARY KEY (group_name, projection, company_id, conversation_id, partition, position)
);
CREATE INDEX parked_by_partition ON runtime.parked (projection, partition);

-- Which version of a read model stands behind its public view.
CREATE TABLE runtime.projections (
    name          text        NOT NULL,
    version       integer     NOT NULL,
    fingerprint   text        NOT NULL,
    state         text        NOT NULL DEFAULT 'live',
    installed_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT projections_one_per_version PRIMARY KEY (name, version),
    CONSTRAINT projections_state_is_known CHECK (state IN ('live', 'detached', 'retired'))
);
CREATE UNIQUE INDEX projections_one_live_version ON runtime.projections (name)
    WHERE state <> 'retired';

-- Where a projection stands in the log. Equal to its group's position: it rides in the live
-- transaction. Behind it: it is fed from the log.
-- Conservation: position = applied + filtered + parked + discarded.
CREATE TABLE runtime.projection_checkpoints (
    projection  text     NOT NULL,
    version     integer  NOT NULL,
    partition   smallint NOT NULL,
    position    bigint   NOT NULL DEFAULT 0,
    applied     bigint   NOT NULL DEFAULT 0,
    filtered    bigint   NOT NULL DEFAULT 0,
    parked      bigint   NOT NULL DEFAULT 0,
    discarded   bigint   NOT NULL DEFAULT 0,
    CONSTRAINT projection_checkpoints_one_per_partition PRIMARY KEY (projection, version, partition)
) WITH (fillfactor = 50);

-- Committed events by type, kept in the batch's transaction: behind domain_events_total.
CREATE TABLE runtime.event_counts (
    partition  smallint NOT NULL,
    type       text     NOT NULL,
    count      bigint   NOT NULL,
    CONSTRAINT event_counts_one_per_type PRIMARY KEY (partition, type)
) WITH (fillfactor = 50);
