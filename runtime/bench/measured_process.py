"""One of the processes whose work a rate is of: does what its standard input orders, and tells.

`floor` reads partitions of the log in pages and parses each body, the least that anything must do that
reads the log. `rebuild` makes read models anew as `agent-runtime replay` does.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any

import asyncpg
import orjson
import uvloop

from consumers.rebuild.observing import SilentRebuildObserver
from consumers.rebuild.plan import Kind, Operator, Plan, RebuildSettings
from consumers.rebuild.run import Rebuild
from projections.registry import by_name
from projections.statements import statements
from runtime.bench.usage import own_cpu_s, peak_memory_mib
from runtime.memory import BULK_NEW_OBJECTS, settle_memory
from runtime.postgres_connection import StatelessConnection, connect
from runtime.rebuilding.hands import Hand, forked
from runtime.rebuilding.processes import WorkerProcesses
from runtime.settings import Settings, load_settings

_SQL = statements("consumers", "batch_writes.sql")
_PAGE = 5000


class ProcessFailed(Exception):
    """One of the processes did not come to its end; with the end of what it said."""


@dataclass(frozen=True, slots=True)
class Order:
    """`floor` with partitions, or `rebuild` with names and workers."""

    work: str
    partitions: list[int]
    names: list[str]
    workers: int

    def line(self) -> bytes:
        """For the process's standard input."""
        return orjson.dumps(asdict(self)) + b"\n"


@dataclass(frozen=True, slots=True)
class Told:
    """What it did. `began_s` and `ended_s` are by the machine's monotonic clock."""

    events: int
    began_s: float
    ended_s: float
    cpu_s: float
    memory_mib: float
    phases_s: dict[str, float]


def main() -> int:
    """Do it; one JSON object on standard output."""
    order = Order(**orjson.loads(sys.stdin.buffer.readline()))
    settings = load_settings(env_file=None)
    settle_memory(BULK_NEW_OBJECTS)
    before_s, began_s = own_cpu_s(), monotonic()
    with forked(order.workers if order.workers > 1 else 0, settings) as idle:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        if order.work == "floor":
            events, phases_s = uvloop.run(_read(settings, order.partitions)), {}
        else:
            events, phases_s = 0, uvloop.run(_rebuild(settings, order, idle))
    told = Told(events, began_s, monotonic(), own_cpu_s() - before_s, peak_memory_mib(), phases_s)
    sys.stdout.write(orjson.dumps(asdict(told)).decode())
    return 0


def _end_with_parent() -> None:
    # Its standard input stays open as long as whoever ordered the work is there.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


async def _read(settings: Settings, partitions: list[int]) -> int:
    events = 0
    conn = await connect(settings.database_dsn())
    try:
        for partition in partitions:
            position = 0
            while rows := await conn.fetch(_SQL["read the log"], partition, position, 2**62, _PAGE):
                for row in rows:
                    orjson.loads(row["body"])
                events += len(rows)
                position = rows[-1]["position"]
    finally:
        await conn.close()
    return events


class _Phases(SilentRebuildObserver):
    """How long each phase took, over all read models."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase, self._since_s = "begin", monotonic()

    def phase(self, phase: str, projection: str | None) -> None:
        """The one before has ended."""
        now_s = monotonic()
        taken_s = self.seconds.get(self._phase, 0.0) + now_s - self._since_s
        self.seconds[self._phase] = taken_s
        self._phase, self._since_s = phase, now_s


async def _rebuild(settings: Settings, order: Order, idle: list[Hand]) -> dict[str, float]:
    phases = _Phases()
    plan = Plan(Kind.REPLAY, tuple(map(by_name, order.names)), keep_old_s=0)
    rebuild = RebuildSettings()
    fill: Any = None
    if order.workers > 1:
        count = order.workers
        fill = WorkerProcesses(plan, settings, count=count, idle=idle, rebuild=rebuild).fill
    async with asyncpg.create_pool(
        settings.database_dsn(),
        min_size=1,
        max_size=5,
        statement_cache_size=0,
        connection_class=StatelessConnection,
    ) as pool:
        await Rebuild(
            pool,
            plan,
            Operator("bench", socket.gethostname()),
            group="projections",
            observer=phases,
            settings=rebuild,
            fill=fill,
            workers=order.workers,
        ).run()
    phases.phase("end", None)
    return phases.seconds


async def measured(settings: Settings, *orders: Order) -> list[Told]:
    """Do these at once, a process each, and hear what they tell.

    Raises:
        ProcessFailed: one did not come to its end.
    """
    return list(await asyncio.gather(*(_process(settings, order) for order in orders)))


async def _process(settings: Settings, order: Order) -> Told:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runtime.bench.measured_process"),
        env={**os.environ, **settings.to_environ()},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdin is not None:
            process.stdin.write(order.line())
        told, wrong = await asyncio.gather(_heard(process.stdout), _heard(process.stderr))
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ProcessFailed(wrong.decode(errors="replace")[-2000:])
    return Told(**orjson.loads(told))


async def _heard(pipe: asyncio.StreamReader | None) -> bytes:
    return b"" if pipe is None else await pipe.read()


if __name__ == "__main__":
    raise SystemExit(main())
