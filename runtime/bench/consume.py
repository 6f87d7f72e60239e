"""Scenario `consume`: how fast events come from the streams into the log and the read models.

Beside the floor, the plain way and FastStream, all in the same run on the same servers. Each way
starts on empty servers and is measured from its first commit after the streams were full until it
has acknowledged all of them; then the log must hold every event once.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import islice
from typing import Protocol

import orjson

from projections import messages
from projections.groups import group_named
from projections.migrate import physical_name
from projections.statements import for_table, statements
from runtime.bench.consumers_under_test import consuming
from runtime.bench.ground import Ground
from runtime.bench.log_events import Corpus, LogEvents
from runtime.bench.machine import load_average
from runtime.bench.measured_consumer import FASTSTREAM, PLAIN, PROJECTIONS
from runtime.bench.measured_floor import Told
from runtime.bench.measured_process import ProcessFailed
from runtime.bench.rates import Bound, Cost, Rate, compared, rate
from runtime.bench.service import ServiceFailed, serving
from runtime.bench.streams import Entry, Streams
from runtime.bench.usage import cpu_of_s, memory_mib, postgres_in_all_s

NAME = "consume"
ONE, TWO = Bound(at_least=0.45), Bound(at_least=0.7)
"""Of the floor, by one and by two processes."""
RIVAL_ONE, RIVAL_TWO = Bound(at_least=2), Bound(at_least=3)
"""Times FastStream in one process."""
PLAIN_PART = 50
"""The plain way gets one event in so many: it would take minutes."""
SERVE = "serve"
PROCESSES = (1, 2)
_WITHIN_S = 600.0
_SQL = statements("runtime.bench", "ways.sql")


class UnderTest(Protocol):
    """Processes that consume."""

    @property
    def pids(self) -> list[int]:
        """All of them."""

    def refuse_if_gone(self) -> None:
        """Raises where one has ended."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to consume, as it is told, and the Redis group that it reads with."""

    title: str
    kind: str
    group: str = PROJECTIONS
    processes: int = 1
    field: str = "event"


async def run(ground: Ground) -> list[Rate]:
    """All ways, one after the other."""
    measuring = Measuring(ground)
    ours = {1: await measuring.way(_ours(1))}
    floors = await measuring.floor()
    floor = floors[-1]
    for processes in PROCESSES[1:]:
        ours[processes] = await measuring.way(_ours(processes))
    served = {n: await measuring.way(Way(_case(SERVE, n), SERVE, processes=n)) for n in PROCESSES}
    plain = await measuring.way(Way("plain, 1 process", PLAIN, "bench-plain"), part=PLAIN_PART)
    lines = [*floors, _of(plain, floor), *await rival(measuring, floor, ours)]
    for rates in (ours, served):
        lines += [_of(rates[n], floor, ONE if n == 1 else TWO) for n in PROCESSES]
    return lines


async def rival(measuring: Measuring, floor: Rate, ours: dict[int, Rate]) -> list[Rate]:
    """FastStream, and how many times as much ours is; or that it is not installed."""
    title = _case("FastStream", 1)
    if find_spec("faststream") is None:
        told = f"{title}: not installed; pip install 'agent-runtime[bench]'"
        return [Rate(NAME, told, "events/s", 0, 0.0, None, Bound(), None)]
    way = Way(title, FASTSTREAM, "bench-faststream", field="__data__")
    found = _of(await measuring.way(way), floor)
    return [
        found,
        *(
            compared(
                f"{ours[n].case} / FastStream",
                ours[n],
                ours[n].value,
                found.value,
                bound=RIVAL_ONE if n == 1 else RIVAL_TWO,
            )
            for n in PROCESSES
        ),
    ]


def _ours(processes: int) -> Way:
    return Way(_case(PROJECTIONS, processes), PROJECTIONS, processes=processes)


def _case(title: str, processes: int) -> str:
    return f"{title}, {processes} {'process' if processes == 1 else 'processes'}"


def _of(line: Rate, floor: Rate, bound: Bound = Bound()) -> Rate:  # noqa: B008 - frozen
    assert line.cost is not None  # noqa: S101 - it was measured
    return rate(NAME, line.case, line.events, line.cost, floor=floor, bound=bound, load=line.load)


class Measuring:
    """Measures ways on the same events."""

    def __init__(self, ground: Ground) -> None:
        shape = ground.log.scaled(ground.scale)
        self._ground = ground
        self.streams = Streams(ground.servers.redis, ground.settings)
        events = LogEvents(
            Corpus.read(shape.corpus),
            conversations=shape.conversations,
            companies=shape.companies,
            partitions=ground.settings.partitions,
        )
        self._rows, self._wanted = events.rows(), shape.events

    @cached_property
    def entries(self) -> list[Entry]:
        """All events that each way gets."""
        return [Entry(row[0], row[-1].encode()) for row in islice(self._rows, self._wanted)]

    async def way(self, way: Way, *, part: int = 1) -> Rate:
        """The rate of one, over one event in `part`; without the floor's.

        Raises:
            ServiceFailed: a process ended, or the log does not hold what it must.
        """
        entries = self.entries[: max(1, len(self.entries) // part)]
        servers = self._ground.servers
        await servers.start_anew()
        with self._ground.progress.bar(f"{NAME}: {way.title}", len(entries)) as bar:
            async with asyncio.timeout(_WITHIN_S), self.running(way) as processes:
                counted, cost = await self.drain(way, processes, entries, filled=bar.advance)
        if (logged := await self.logged()) != len(entries):
            raise ServiceFailed(f"{way.title}: {logged} of {len(entries)} events are in the log")
        return rate(NAME, way.title, counted, cost, load=load_average())

    async def logged(self) -> int:
        """How many events the log holds."""
        return int(await self._ground.servers.db.fetchval(_SQL["logged"]))

    async def drain(
        self,
        way: Way,
        processes: UnderTest,
        entries: Sequence[Entry],
        *,
        done: int = 0,
        filled: Callable[[int], None],
    ) -> tuple[int, Cost]:
        """Fill the streams with entries, and wait until all are acknowledged: how many, and the cost.

        The group had acknowledged `done` before them.
        """
        alive, all_ = processes.refuse_if_gone, done + len(entries)
        cpu_s, postgres_s = await self._computed_s(processes)
        filling_s = asyncio.get_running_loop().time()
        await self.streams.fill(entries, field=way.field, filled=filled)
        now = await self.streams.acknowledged(way.group)
        before, began_s = await self.streams.wait_acknowledged(way.group, min(now + 1, all_), alive)
        if before - done > len(entries) / 2:
            # Too few are left to say anything: the filling counts as well.
            before, began_s = done, filling_s
        else:
            cpu_s, postgres_s = await self._computed_s(processes)
        _, ended_s = await self.streams.wait_acknowledged(way.group, all_, alive)
        cpu_after_s, postgres_after_s = await self._computed_s(processes)
        cost = Cost(
            ended_s - began_s,
            _less(cpu_after_s, cpu_s),
            _less(postgres_after_s, postgres_s),
            memory_mib(processes.pids),
        )
        return all_ - before, cost

    async def floor(self) -> list[Rate]:
        """Reading alone, copying alone, and both; on the streams and rows of the way before."""
        settings, folder = self._ground.settings, self._ground.folder
        log, texts = folder / "log.copy", folder / "messages.copy"
        projection = messages.PROJECTION
        table = projection.tables[0]
        name = physical_name(table, projection.version)
        db = self._ground.servers.db
        dump = for_table(_SQL["dump messages"], schema=table.schema, table=name)
        await db.copy_from_query(_SQL["dump log"], output=log, format="binary")
        await db.copy_from_query(dump, output=texts, format="binary")
        await db.execute(_SQL["empty log"])
        await db.execute(for_table(_SQL["empty messages"], schema=table.schema, table=name))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "runtime.bench.measured_floor", str(log), str(texts)),
            env={**os.environ, **settings.to_environ()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await process.communicate()
        if process.returncode:
            raise ProcessFailed(wrong.decode(errors="replace")[-2000:])
        told = Told(**orjson.loads(said))
        read = Cost(told.read_s, told.read_cpu_s)
        copy = Cost(told.copy_s, told.copy_cpu_s)
        both = Cost(told.read_s + told.copy_s, told.read_cpu_s + told.copy_cpu_s)
        load = load_average()
        return [
            rate(NAME, f"floor: {title}", told.entries, cost, load=load)
            for title, cost in (("XREADGROUP", read), ("COPY", copy), ("both", both))
        ]

    @asynccontextmanager
    async def running(self, way: Way) -> AsyncIterator[UnderTest]:
        """The way's processes, ready: each has its share, and nothing stands in the streams yet."""
        ground = self._ground
        settings = ground.settings.model_copy(
            update={"processes": way.processes, "disable_workers": True}
        )
        running: AbstractAsyncContextManager[UnderTest]
        if way.kind == SERVE:
            running = serving(settings, ground.servers, ground.folder)
        else:
            # Each of them is one of several.
            own = settings.model_copy(update={"processes": 1})
            running = consuming(own, ground.folder, way=way.kind, processes=way.processes)
        async with running as processes:
            if way.kind == SERVE:
                for group in (PROJECTIONS, "agent"):
                    await self._wait_shared(group_named(group).name, way.processes, processes)
            elif way.kind == PROJECTIONS:
                await self._wait_shared(PROJECTIONS, way.processes, processes)
            await self.streams.wait_grouped(way.group, processes.refuse_if_gone)
            yield processes

    async def _wait_shared(self, group: str, members: int, processes: UnderTest) -> None:
        """Until so many members have all the partitions, shared evenly."""
        partitions = self._ground.settings.partitions
        fair = {partitions // members, -(-partitions // members)}
        while True:
            shares = [row[0] for row in await self._ground.servers.db.fetch(_SQL["shares"], group)]
            if len(shares) == members and sum(shares) == partitions and set(shares) <= fair:
                return
            processes.refuse_if_gone()
            await asyncio.sleep(0.05)

    async def _computed_s(self, processes: UnderTest) -> tuple[float | None, float | None]:
        pid = self._ground.servers.db.get_server_pid()
        return cpu_of_s(processes.pids), postgres_in_all_s(pid)


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
