"""The Prometheus metrics of one process.

`FAMILIES` declares every metric; `docs/reference/metrics.md` is generated from it and the
observer and collectors feed it. What is counted exactly (`domain_events_total`) or is unknown at
times (lag) is not kept in counters but read from the groups' snapshots when it is scraped: an
unknown lag has no sample, never a 0.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from consumers.status import GroupStatus, PartitionStatus

Statuses = Callable[[], Iterable[GroupStatus]]
COMMITTED_GROUP = "projections"
"""The group whose committed counts are `domain_events_total`: it owns the event log."""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as it is documented. Counters are named without `_total`, as the library wants."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()

    @property
    def shown_name(self) -> str:
        """The name as it is scraped."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


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
    HELD_BACK,
    CONSERVATION,
    IMBALANCE,
)


class Metrics:
    """The metrics of one process; `statuses` and `checks` are asked at each scrape, from memory."""

    def __init__(
        self, statuses: Statuses, checks: Callable[[], dict[str, bool]], *, process: bool = True
    ) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        self.batch_events = self._histogram(BATCH_EVENTS)
        self.commit_seconds = self._histogram(COMMIT_SECONDS)
        self.visible_seconds = self._histogram(VISIBLE_SECONDS)
        self.entries = self._counter(ENTRIES)
        self.dead_letters = self._counter(DEAD_LETTERS)
        self.parked = self._counter(PARKED)
        self.taken = self._counter(TAKEN)
        self.released = self._counter(RELEASED)
        self.retries = self._counter(RETRIES)
        self.resyncs = self._counter(RESYNCS)
        self.resynced_entries = self._counter(RESYNCED_ENTRIES)
        self.recreations = self._counter(RECREATIONS)
        self.losses = self._counter(LOSSES)
        self.generations = self._counter(GENERATIONS)
        self.unparked = self._counter(UNPARKED)
        self.detachments = self._counter(DETACHMENTS)
        self.trimmed = self._counter(TRIMMED)
        self._redis_info = self._gauge(REDIS_INFO)
        self._postgres_info = self._gauge(POSTGRES_INFO)
        build = Gauge(BUILD_INFO.name, BUILD_INFO.help, BUILD_INFO.labels, registry=self._registry)
        build.labels(build_version(), platform.python_version()).set(1)
        self._registry.register(_Snapshots(statuses, checks))
        if process:
            ProcessCollector(registry=self._registry)

    def servers_detected(self, redis: Mapping[str, str], postgres: Mapping[str, str]) -> None:
        """Export what the servers are, by the labels of `REDIS_INFO` and `POSTGRES_INFO`."""
        for gauge, labels in ((self._redis_info, redis), (self._postgres_info, postgres)):
            gauge.clear()
            gauge.labels(**labels).set(1)

    def collect(self) -> list[Metric]:
        """All families with their present samples; creation times are left out."""
        families = list(self._registry.collect())
        for family in families:
            family.samples = [s for s in family.samples if not s.name.endswith("_created")]
        return families

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self._registry)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self._registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(
            family.name, family.help, family.labels, buckets=family.buckets, registry=self._registry
        )


class _Snapshots(Collector):
    """Reads what is known of the partitions and checks at the moment of the scrape."""

    def __init__(self, statuses: Statuses, checks: Callable[[], dict[str, bool]]) -> None:
        self._statuses = statuses
        self._checks = checks

    def describe(self) -> Iterable[Metric]:
        yield CounterMetricFamily(DOMAIN_EVENTS.name, DOMAIN_EVENTS.help)
        yield CounterMetricFamily(LOST.name, LOST.help)
        for family in (
            LAG_EVENTS,
            LAG_SECONDS,
            OWNED,
            CHECK_UP,
            DETACHED,
            IMBALANCE,
            HELD_BACK,
            CONSERVATION,
        ):
            yield GaugeMetricFamily(family.name, family.help)

    def collect(self) -> Iterable[Metric]:
        owned = [(s.group, p) for s in self._statuses() for p in s.partitions.values()]
        yield _domain_events(p for group, p in owned if group == COMMITTED_GROUP)
        yield _gauge(LAG_EVENTS, ((_labels(g, p), p.lag_events) for g, p in owned))
        yield _gauge(LAG_SECONDS, ((_labels(g, p), p.lag_s) for g, p in owned))
        yield _gauge(OWNED, ((_labels(g, p), 1.0) for g, p in owned))
        yield _lost(owned)
        yield _gauge(IMBALANCE, ((_labels(g, p), p.imbalance) for g, p in owned))
        yield _gauge(CONSERVATION, _conservation(self._statuses()))
        yield _gauge(HELD_BACK, _held_back(self._statuses()))
        yield _gauge(DETACHED, _detached(self._statuses()))
        yield _gauge(CHECK_UP, (([name], float(up)) for name, up in self._checks().items()))


def build_version() -> str:
    """The installed distribution's version."""
    try:
        return version("agent-runtime")
    except PackageNotFoundError:
        return "unknown"


def _domain_events(partitions: Iterator[PartitionStatus]) -> CounterMetricFamily:
    family = CounterMetricFamily(
        DOMAIN_EVENTS.name, DOMAIN_EVENTS.help, labels=DOMAIN_EVENTS.labels
    )
    for status in partitions:
        for event_type, count in sorted(status.counts_by_type.items()):
            family.add_metric([event_type, str(status.partition)], count)
    return family


def _lost(owned: Iterable[tuple[str, PartitionStatus]]) -> CounterMetricFamily:
    family = CounterMetricFamily(LOST.name, LOST.help, labels=LOST.labels)
    for group, partition in owned:
        family.add_metric(_labels(group, partition), partition.lost)
    return family


def _detached(statuses: Iterable[GroupStatus]) -> Iterator[tuple[list[str], float]]:
    return (([s.group, name], 1.0) for s in statuses for name in s.detached)


def _conservation(statuses: Iterable[GroupStatus]) -> Iterator[tuple[list[str], float]]:
    return (
        ([status.group, str(partition), projection, outcome], count)
        for status in statuses
        for (partition, projection, outcome), count in sorted(status.conservation.items())
    )


def _held_back(statuses: Iterable[GroupStatus]) -> Iterator[tuple[list[str], float]]:
    longest: dict[str, float] = {}
    for status in statuses:
        for group, seconds in status.held_back.items():
            longest[group] = max(seconds, longest.get(group, 0.0))
    return (([group], seconds) for group, seconds in longest.items())


def _gauge(
    declared: Family, samples: Iterable[tuple[list[str], float | None]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(declared.name, declared.help, labels=declared.labels)
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _labels(group: str, status: PartitionStatus) -> list[str]:
    return [group, str(status.partition)]
