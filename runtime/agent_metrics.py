"""The agent's metrics of one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from runtime.agent_metric_families import (
    BREAKER,
    OPEN_BURSTS,
    OPENAI_CALLS,
    OPENAI_COST,
    OPENAI_SECONDS,
    OPENAI_TOKENS,
    OUTBOUND,
    OUTBOX_AGE,
    OUTBOX_ROWS,
    OVERHEAD_SECONDS,
    RELAY_FAILURES,
    RELAYED,
    REPLY_SECONDS,
    TICKS_FAILED,
    TURN_FAULTS,
    TURNS,
    TURNS_LOST,
    UNANSWERED,
    WORKER_TICK,
)
from runtime.metric_family import Family

_BREAKER_VALUES = {"closed": 0.0, "half_open": 0.5, "open": 1.0}
_MOST_BREAKERS = 100


class AgentMetrics:
    """Registered beside the engine's; `breakers` is asked at each scrape, from memory."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.turns = self._counter(TURNS)
        self.turn_faults = self._counter(TURN_FAULTS)
        self.turns_lost = self._counter(TURNS_LOST)
        self.reply_seconds = self._histogram(REPLY_SECONDS)
        self.overhead_seconds = self._histogram(OVERHEAD_SECONDS)
        self.outbound = self._counter(OUTBOUND)
        self.unanswered = self._gauge(UNANSWERED)
        self.open_bursts = self._gauge(OPEN_BURSTS)
        self.worker_tick = self._gauge(WORKER_TICK)
        self.ticks_failed = self._counter(TICKS_FAILED)
        self.outbox_rows = self._gauge(OUTBOX_ROWS)
        self.outbox_age = self._gauge(OUTBOX_AGE)
        self.relayed = self._counter(RELAYED)
        self.relay_failures = self._counter(RELAY_FAILURES)
        self.openai_calls = self._counter(OPENAI_CALLS)
        self.openai_tokens = self._counter(OPENAI_TOKENS)
        self.openai_cost = self._counter(OPENAI_COST)
        self.openai_seconds = self._histogram(OPENAI_SECONDS)
        self.breakers: Callable[[], Mapping[str, str]] = dict
        registry.register(_Breakers(self))

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self._registry)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self._registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(
            family.name, family.help, family.labels, buckets=family.buckets, registry=self._registry
        )


class _Breakers(Collector):
    def __init__(self, metrics: AgentMetrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(BREAKER.name, BREAKER.help)

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(BREAKER.name, BREAKER.help, labels=BREAKER.labels)
        for name, state in list(self._metrics.breakers().items())[-_MOST_BREAKERS:]:
            family.add_metric([name], _BREAKER_VALUES.get(state, 1.0))
        yield family
