"""The Prometheus metrics of one process.

`runtime.metric_families` declares them; the observer and collectors here feed them. What is counted exactly (`domain_events_total`) or is unknown at
times (lag) is not kept in counters but read from the groups' snapshots when it is scraped: an
unknown lag has no sample, never a 0.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from consumers.status import GroupStatus, PartitionStatus
from runtime.agent_metrics import AgentMetrics
from runtime.metric_families import (
    BATCH_EVENTS,
    BUILD_INFO,
    CHECK_UP,
    COMMIT_SECONDS,
    CONSERVATION,
    DEAD_LETTERS,
    DETACHED,
    DETACHMENTS,
    DOMAIN_EVENTS,
    ENTRIES,
    GENERATIONS,
    HELD_BACK,
    IMBALANCE,
    LAG_EVENTS,
    LAG_SECONDS,
    LOSSES,
    LOST,
    OWNED,
    PARKED,
    POSTGRES_INFO,
    RECREATIONS,
    REDIS_INFO,
    RELEASED,
    REPLACED_DROPPED,
    RESYNCED_ENTRIES,
    RESYNCS,
    RETRIES,
    TAKEN,
    TRIMMED,
    UNPARKED,
    VISIBLE_SECONDS,
)
from runtime.metric_family import Family

Statuses = Callable[[], Iterable[GroupStatus]]
COMMITTED_GROUP = "projections"
"""The group whose committed counts are `domain_events_total`: it owns the event log."""


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
        self.replaced_dropped = self._counter(REPLACED_DROPPED)
        self.agent = AgentMetrics(self._registry)
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
