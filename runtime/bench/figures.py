"""What a scenario gives: delays and their percentiles. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be below, in its own unit."""

    p50: float | None = None
    p99: float | None = None

    def __str__(self) -> str:
        bounds = {"p50": self.p50, "p99": self.p99}
        return ", ".join(f"{name} < {bound:g}" for name, bound in bounds.items() if bound)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result: percentiles of `count` delays, or of a ratio of two such lines.

    `unanswered` counts what was sent and never answered. `cpu_ms` is what the service's processes
    computed for each answer, `load` the machine's average of runnable processes meanwhile; both None
    where the system does not tell.
    """

    scenario: str
    case: str
    unit: str
    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    target: Target = Target()
    unanswered: int = 0
    cpu_ms: float | None = None
    load: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the targets hold; None where there are none, or nothing was measured."""
        bounds = [(self.p50, self.target.p50), (self.p99, self.target.p99)]
        asked = [(value, bound) for value, bound in bounds if bound is not None]
        if not asked or any(value is None for value, _ in asked):
            return None
        return self.unanswered == 0 and all(value < bound for value, bound in asked if value)

    def as_json(self) -> dict[str, Any]:
        """All of it, flat."""
        target = {f"target_{name}": bound for name, bound in asdict(self.target).items()}
        own = {k: v for k, v in asdict(self).items() if k != "target"}
        return {**own, **target, "met": self.is_met}


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 to 1) of them do not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def figure(scenario: str, case: str, delays_ms: Sequence[float], **further: Any) -> Figure:
    """Percentiles of delays."""
    p50, p95, p99 = (percentile(delays_ms, share) for share in (0.5, 0.95, 0.99))
    return Figure(scenario, case, "ms", len(delays_ms), p50, p95, p99, **further)


def ratio(one: Figure, other: Figure, *, target: Target) -> Figure:
    """How many times as long the one takes as the other."""
    return Figure(
        one.scenario,
        f"{one.case} / {other.case}",
        "times",
        one.count,
        _times(one.p50, other.p50),
        _times(one.p95, other.p95),
        _times(one.p99, other.p99),
        target,
    )


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """Of the same lines from several runs: each value's median."""
    return [_median(lines) for lines in zip(*runs, strict=True)]


def _times(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _median(lines: Sequence[Figure]) -> Figure:
    def of(name: str) -> float | None:
        known = [value for line in lines if (value := getattr(line, name)) is not None]
        return median(known) if known else None

    return replace(
        lines[0],
        case=f"{lines[0].case}, median of {len(lines)}",
        unanswered=max(line.unanswered for line in lines),
        p50=of("p50"),
        p95=of("p95"),
        p99=of("p99"),
        cpu_ms=of("cpu_ms"),
        load=of("load"),
    )
