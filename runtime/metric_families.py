"""What is exported to Prometheus, declared: `docs/reference/metrics.md` is generated from it.

Counters are named without `_total`, as the library wants.
"""

from __future__ import annotations

from runtime.agent_metric_families import AGENT_FAMILIES
from runtime.metric_family import Family

__all__ = ["FAMILIES", "Family"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_EVENTS = (1.0, 5.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0)

DOMAIN_EVENTS = Family(
    "domain_events",
    "counter",
    ("type", "partition"),
    "Events committed to the event log since it began, told by the partition's owner alone.",
)
LAG_EVENTS = Family(
    "agent_runtime_consumer_lag_events",
    "gauge",
    ("group", "partition"),
    "Stream entries that the group has not committed; no sample while unknown.",
)
LAG_SECONDS = Family(
    "agent_runtime_consumer_lag_seconds",
    "gauge",
    ("group", "partition"),
    "Age of the oldest entry that the group has not committed; no sample while unknown.",
)
OWNED = Family(
    "agent_runtime_consumer_partition_owned",
    "gauge",
    ("group", "partition"),
    "1 for each partition that this service owns.",
)
CHECK_UP = Family(
    "agent_runtime_check_up",
    "gauge",
    ("check",),
    "1 while the check of /ready is ok, else 0.",
)
BUILD_INFO = Family(
    "agent_runtime_build_info", "gauge", ("version", "python"), "Always 1; the labels tell."
)
BATCH_EVENTS = Family(
    "agent_runtime_batch_events",
    "histogram",
    ("group",),
    "Stream entries in one committed transaction.",
    _EVENTS,
)
COMMIT_SECONDS = Family(
    "agent_runtime_commit_seconds",
    "histogram",
    ("group",),
    "Time of a batch's transaction, from its begin to its commit.",
    _SECONDS,
)
VISIBLE_SECONDS = Family(
    "agent_runtime_publish_to_visible_seconds",
    "histogram",
    ("group",),
    "Age of a batch's oldest entry when it became visible in Postgres.",
    _SECONDS,
)
ENTRIES = Family(
    "agent_runtime_entries",
    "counter",
    ("group", "outcome"),
    "Stream entries committed by this service: applied, duplicate or dead.",
)
DEAD_LETTERS = Family(
    "agent_runtime_dead_letters",
    "counter",
    ("group", "reason"),
    "Entries kept raw in runtime.dead_letters.",
)
PARKED = Family(
    "agent_runtime_parked_events",
    "counter",
    ("group", "projection"),
    "Events put into runtime.parked for one projection.",
)
TAKEN = Family(
    "agent_runtime_partitions_taken", "counter", ("group",), "Partitions that this service took."
)
RELEASED = Family(
    "agent_runtime_partitions_released",
    "counter",
    ("group", "reason"),
    "Partitions that this service gave up: handed_over, lost or stopped.",
)
RETRIES = Family(
    "agent_runtime_retries", "counter", ("group",), "Attempts repeated after transient faults."
)
RESYNCS = Family(
    "agent_runtime_resyncs",
    "counter",
    ("group",),
    "Gaps between checkpoint and Redis' cursor that were read again.",
)
RESYNCED_ENTRIES = Family(
    "agent_runtime_resynced_entries",
    "counter",
    ("group",),
    "Stream entries found in the gaps that were read again.",
)
RECREATIONS = Family(
    "agent_runtime_group_recreations",
    "counter",
    ("group",),
    "Consumer groups that Redis had lost, recreated at the checkpoint.",
)
LOST = Family(
    "domain_events_lost",
    "counter",
    ("group", "partition"),
    "Entries that were appended and never came, as the group's accounts say; at least so many.",
)
LOSSES = Family(
    "agent_runtime_losses_noticed",
    "counter",
    ("group", "reason"),
    "How often a loss was noticed; how many events it took is domain_events_lost_total.",
)
GENERATIONS = Family(
    "agent_runtime_stream_generations",
    "counter",
    ("group", "reason"),
    "Breaks in a stream's history: flushed, restarted without its data, failed over.",
)
UNPARKED = Family(
    "agent_runtime_unparked_events",
    "counter",
    ("group", "projection"),
    "Parked events that were applied after all.",
)
DETACHMENTS = Family(
    "agent_runtime_projection_detachments",
    "counter",
    ("group", "projection"),
    "Projections that failed on everything and were taken out of their group.",
)
DETACHED = Family(
    "agent_runtime_projection_detached",
    "gauge",
    ("group", "projection"),
    "1 for each projection that is fed no more until it is attached again.",
)
TRIMMED = Family(
    "agent_runtime_trimmed_entries",
    "counter",
    ("partition",),
    "Stream entries removed, every group and the log having them.",
)
REPLACED_DROPPED = Family(
    "agent_runtime_replaced_dropped",
    "counter",
    ("projection",),
    "Read models whose replaced tables were kept long enough and dropped: no undo any more.",
)
HELD_BACK = Family(
    "agent_runtime_trim_held_back_seconds",
    "gauge",
    ("group",),
    "For how long a group has kept streams from being trimmed; no sample when it does not.",
)
CONSERVATION = Family(
    "agent_runtime_conservation_events",
    "gauge",
    ("group", "partition", "projection", "outcome"),
    "What became of all events ever read in this service's partitions: for a group (projection "
    "empty) read = applied + duplicate + dead, for a projection position = applied + filtered + "
    "parked + discarded.",
)
IMBALANCE = Family(
    "agent_runtime_conservation_imbalance",
    "gauge",
    ("group", "partition"),
    "Entries and events by which the accounts do not add up; anything but 0 is a defect.",
)
REDIS_INFO = Family(
    "agent_runtime_redis_info",
    "gauge",
    (
        *("server", "version", "mode", "tls"),
        *("appendonly", "appendfsync", "maxmemory_policy", "commands"),
    ),
    "Always 1; the labels tell what Redis was found at the start, `unknown` where it does not say.",
)
POSTGRES_INFO = Family(
    "agent_runtime_postgres_info",
    "gauge",
    ("version", "route", "tls", "pgvector"),
    "Always 1; the labels tell what Postgres was found at the start, and whether by a pooler.",
)

FAMILIES = (
    DOMAIN_EVENTS,
    LAG_EVENTS,
    LAG_SECONDS,
    OWNED,
    CHECK_UP,
    BUILD_INFO,
    BATCH_EVENTS,
    COMMIT_SECONDS,
    VISIBLE_SECONDS,
    ENTRIES,
    DEAD_LETTERS,
    PARKED,
    TAKEN,
    RELEASED,
    RETRIES,
    RESYNCS,
    RESYNCED_ENTRIES,
    RECREATIONS,
    REDIS_INFO,
    POSTGRES_INFO,
    LOST,
    LOSSES,
    GENERATIONS,
    UNPARKED,
    DETACHMENTS,
    DETACHED,
    TRIMMED,
    REPLACED_DROPPED,
    HELD_BACK,
    CONSERVATION,
    IMBALANCE,
    *AGENT_FAMILIES,
)
