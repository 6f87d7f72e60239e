"""Scenario `rebuild`: how fast read models are made anew from the log, beside the floor.

The floor is measured in the same run on the same log: pages of 5,000 rows, each body parsed, nothing
else. So are a log of a tenth of the size, one and two processes, one read model and all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import asyncpg

from projections.projection import Projection
from projections.registry import by_name
from runtime.bench.ground import Ground
from runtime.bench.log_events import Corpus, LogEvents
from runtime.bench.log_filling import GROUP, LogFilling, events_read
from runtime.bench.machine import load_average
from runtime.bench.measured_process import Order, Told, measured
from runtime.bench.rates import Bound, Cost, Rate, compared, rate
from runtime.bench.settling import settle_postgres
from runtime.bench.usage import postgres_cpu_s

NAME = "rebuild"
_ALL = tuple(projection.name for projection in GROUP.projections)
PROCESSES = (1, 2)
_TENTH = 10
_REAPED_S = 0.2


@dataclass(frozen=True, slots=True)
class _Case:
    """Which read models are made together, and what part of the floor's rate that should have."""

    title: str
    names: tuple[str, ...]
    bound: Bound

    @property
    def projections(self) -> list[Projection]:
        """They themselves."""
        return [by_name(name) for name in self.names]


CASES = (
    _Case("conversations", ("conversations",), Bound(at_least=0.5)),
    _Case("all read models", _ALL, Bound(at_least=0.2)),
)
_TWO = Bound(at_least=1.6)
"""Times the rate of one process."""
_SAME_RATE, _SAME_MEMORY = Bound(at_least=0.8), Bound(at_most=1.2)
"""At ten times the events."""


async def run(ground: Ground) -> list[Rate]:
    """A log of a tenth of the events, then of all of them."""
    shape = ground.log.scaled(ground.scale)
    corpus = Corpus.read(shape.corpus)
    partitions = ground.settings.partitions
    await ground.servers.start_anew()
    events = LogEvents(
        corpus,
        conversations=shape.conversations,
        companies=shape.companies,
        partitions=partitions,
    )
    filling = LogFilling(ground.servers.db, events, partitions=partitions)
    small = await _sized(ground, filling, shape.events // _TENTH)
    large = await _sized(ground, filling, shape.events)
    lines = [*small, *large]
    for case in CASES:
        for processes in PROCESSES:
            lines += _at_both(_case(case.title, processes), small, large)
    return lines


async def _sized(ground: Ground, filling: LogFilling, events: int) -> list[Rate]:
    with ground.progress.bar(f"{NAME}: log of {events:,} events", events) as bar:
        await filling.grow(to=events, written=bar.advance)
    # So the read models stand, and every measured rebuild finds them as it makes them.
    await measured(ground.settings, Order("rebuild", [], list(_ALL), max(PROCESSES)))
    await settle_postgres(ground.servers.db)
    measuring = _Measuring(ground, events)
    floors = [await measuring.floor(processes) for processes in PROCESSES]
    lines = list(floors)
    for case in CASES:
        made = [
            await measuring.rebuild(case, processes, floor)
            for processes, floor in zip(PROCESSES, floors, strict=True)
        ]
        lines += made
        for one, two in pairwise(made):
            both = f"{case.title}, {events:,} events: 2 processes / 1"
            lines.append(compared(both, two, two.value, one.value, bound=_TWO))
    return lines


class _Measuring:
    """Measures at one size of the log."""

    def __init__(self, ground: Ground, events: int) -> None:
        self._ground = ground
        self._events = events

    async def floor(self, processes: int) -> Rate:
        """Reading it all, in so many processes at once."""
        every = range(self._ground.settings.partitions)
        orders = [Order("floor", list(every[n::processes]), [], 1) for n in range(processes)]
        told, cost = await self._cost(orders)
        return self._rate("floor", processes, sum(one.events for one in told), cost)

    async def rebuild(self, case: _Case, processes: int, floor: Rate) -> Rate:
        """Making read models anew, from the command's beginning to the swap."""
        events = await events_read(self._ground.servers.db, case.projections)
        _, cost = await self._cost([Order("rebuild", [], list(case.names), processes)])
        bound = case.bound if processes == 1 else Bound()
        return self._rate(case.title, processes, events, cost, floor=floor, bound=bound)

    def _rate(
        self,
        title: str,
        processes: int,
        events: int,
        cost: Cost,
        *,
        floor: Rate | None = None,
        bound: Bound = Bound(),  # noqa: B008 - frozen
    ) -> Rate:
        case = _case(title, processes)
        return rate(NAME, case, events, cost, floor=floor, bound=bound, load=load_average())

    async def _cost(self, orders: Sequence[Order]) -> tuple[list[Told], Cost]:
        before_s = await _servers_cpu_s(self._ground.servers.db)
        told = await measured(self._ground.settings, *orders)
        after_s = await _servers_cpu_s(self._ground.servers.db)
        return told, Cost(
            max(one.ended_s for one in told) - min(one.began_s for one in told),
            sum(one.cpu_s for one in told),
            None if before_s is None or after_s is None else after_s - before_s,
            max(one.memory_mib for one in told),
            told[0].phases_s,
        )


def _case(title: str, processes: int) -> str:
    return f"{title}, {processes} {'process' if processes == 1 else 'processes'}"


def _at_both(case: str, small: Sequence[Rate], large: Sequence[Rate]) -> list[Rate]:
    """What ten times the events change."""
    (one,), (ten,) = ([r for r in lines if r.case == case] for lines in (small, large))
    found = [
        compared(f"{case}: rate of all / a tenth", ten, ten.value, one.value, bound=_SAME_RATE)
    ]
    if one.cost and ten.cost and one.cost.memory_mib and ten.cost.memory_mib:
        told = f"{case}: memory of all / a tenth"
        memory = (ten.cost.memory_mib, one.cost.memory_mib)
        found.append(compared(told, ten, *memory, bound=_SAME_MEMORY))
    return found


async def _servers_cpu_s(db: asyncpg.Connection) -> float | None:
    # A connection's process ends, and counts, a moment after its client has closed it.
    await asyncio.sleep(_REAPED_S)
    return postgres_cpu_s(db.get_server_pid())
