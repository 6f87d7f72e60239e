"""Metric families as text, and as values that travel from a child process to its parent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

Encoded = list[dict[str, Any]]


class _Fixed(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def render(families: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """The families as Prometheus text, or as OpenMetrics when `accept` asks: (body, type).

    Source: https://prometheus.io/docs/instrumenting/content_negotiation/
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed(families))
    encoder: Callable[[Any], bytes]
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type


def encode(families: Iterable[Metric]) -> Encoded:
    """The families as JSON values."""
    return [
        {
            "name": family.name,
            "help": family.documentation,
            "type": family.type,
            "samples": [[s.name, dict(s.labels), _plain(s.value)] for s in family.samples],
        }
        for family in families
    ]


def merge(snapshots: Iterable[Encoded], *, largest: frozenset[str] = frozenset()) -> list[Metric]:
    """One family a name over several processes' snapshots.

    Counters and histograms are summed by labels; of gauges, and of the families named in
    `largest`, the largest value counts: their labels are disjoint but for moments of handing over.
    """
    merged: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for family in (family for snapshot in snapshots for family in snapshot):
        name, kind = family["name"], family["type"]
        merged.setdefault(name, Metric(name, family["help"], kind))
        found = values.setdefault(name, {})
        summed = kind in {"counter", "histogram"} and name not in largest
        for sample_name, labels, value in family["samples"]:
            key = (sample_name, tuple(labels.items()))
            number = float(value)
            before = found.get(key, 0.0 if summed else -math.inf)
            found[key] = before + number if summed else max(before, number)
    for name, metric in merged.items():
        metric.samples = [Sample(n, dict(labels), v) for (n, labels), v in values[name].items()]
    return list(merged.values())


def only_summed(snapshot: Encoded, *, largest: frozenset[str] = frozenset()) -> Encoded:
    """What must outlive its process: counters and histograms, so that sums never go back."""
    kept = [f for f in snapshot if f["type"] in {"counter", "histogram"}]
    return [family for family in kept if family["name"] not in largest]


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
