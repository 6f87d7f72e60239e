"""What a scenario gives that moves many events: rates, and how they compare. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Bound:
    """What a ratio should be at least, or at most."""

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        told = []
        if self.at_least is not None:
            told.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            told.append(f"<= {self.at_most:g}")
        return ", ".join(told)


@dataclass(frozen=True, slots=True)
class Cost:
    """What moving the events took. Times of processors are sums over processes, in seconds.

    `memory_mib` is the most that one of the processes held at once. What the system does not tell is
    None: the database's processes may be elsewhere.
    """

    wall_s: float
    cpu_s: float | None = None
    postgres_cpu_s: float | None = None
    memory_mib: float | None = None
    phases_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rate:
    """One line: events a second, or how many times as much as another line.

    `ratio` is what `bound` is about: of a rate its part of the floor's, of a comparison its value.
    """

    scenario: str
    case: str
    unit: str
    events: int
    value: float
    ratio: float | None
    bound: Bound
    cost: Cost | None
    load: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the target holds; None where there is none."""
        least, most = self.bound.at_least, self.bound.at_most
        if self.ratio is None or (least is None and most is None):
            return None
        return (least is None or self.ratio >= least) and (most is None or self.ratio <= most)

    def as_json(self) -> dict[str, Any]:
        """All of it, flat but for the phases."""
        own = {k: v for k, v in asdict(self).items() if k not in {"bound", "cost"}}
        cost = {} if self.cost is None else asdict(self.cost)
        target = {"target_at_least": self.bound.at_least, "target_at_most": self.bound.at_most}
        return {**own, **cost, **target, "met": self.is_met}

    def as_row(self) -> dict[str, str | int | float | None]:
        """For people."""
        cost, wall = self.cost, None if self.cost is None else self.cost.wall_s
        is_rate = self.unit == "events/s"
        phases = "" if cost is None else " ".join(f"{k} {v:.1f}" for k, v in cost.phases_s.items())
        return {
            "case": self.case,
            "events": self.events,
            "value": f"{self.value:.0f}" if is_rate else f"{self.value:.2f}",
            "unit": self.unit,
            "of floor": f"{self.ratio:.2f}" if is_rate and self.ratio is not None else None,
            "target": str(self.bound) or None,
            "met": {True: "yes", False: "no", None: None}[self.is_met],
            "wall s": None if wall is None else round(wall, 1),
            "phases s": phases or None,
            "cpu us/event": self._us(None if cost is None else cost.cpu_s),
            "postgres": self._us(None if cost is None else cost.postgres_cpu_s),
            "MiB": None if cost is None or cost.memory_mib is None else round(cost.memory_mib),
            "load": None if self.load is None else round(self.load, 1),
        }

    def _us(self, seconds: float | None) -> float | None:
        return None if seconds is None or not self.events else round(seconds * 1e6 / self.events, 1)


def rate(
    scenario: str,
    case: str,
    events: int,
    cost: Cost,
    *,
    floor: Rate | None = None,
    bound: Bound = Bound(),
    load: float | None = None,
) -> Rate:
    """Events a second, and their part of the floor's."""
    value = events / cost.wall_s if cost.wall_s else 0.0
    ratio = None if floor is None or not floor.value else value / floor.value
    return Rate(scenario, case, "events/s", events, value, ratio, bound, cost, load)


def compared(case: str, one: Rate, value: float, other: float, *, bound: Bound) -> Rate:
    """How many times `other` a value of the line `one` is."""
    times = value / other if other else 0.0
    return Rate(one.scenario, case, "times", one.events, times, times, bound, None)


def median_rates(runs: Sequence[Sequence[Rate]]) -> list[Rate]:
    """Of the same lines from several runs: the median of each value and ratio."""
    return [_median(lines) for lines in zip(*runs, strict=True)]


def _median(lines: Sequence[Rate]) -> Rate:
    ratios = [line.ratio for line in lines if line.ratio is not None]
    return replace(
        lines[0],
        case=f"{lines[0].case}, median of {len(lines)}",
        value=median(line.value for line in lines),
        ratio=median(ratios) if ratios else None,
        cost=None,
        load=None,
    )
