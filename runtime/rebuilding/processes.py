"""Fills a rebuild in several processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import orjson

from consumers.errors import TransientFault
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.pace import Pace
from consumers.rebuild.plan import Plan, RebuildSettings
from consumers.rebuild.run import scope_of
from consumers.rebuild.scratch import FilledPart, Scratch
from runtime.rebuilding.orders import Order, failure
from runtime.rebuilding.worker import REFUSED
from runtime.settings import Settings


class WorkerFailed(RebuildError):
    """A worker ended in a way that another try will not mend."""


class WorkerProcesses:
    """Deals partitions out to workers, about as much to each."""

    def __init__(
        self, plan: Plan, settings: Settings, *, count: int, rebuild: RebuildSettings
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._count = count
        self._rebuild = rebuild

    async def fill(self, scratch: Scratch, parts: Sequence[FilledPart], _pace: Pace) -> None:
        """Fill them. Workers keep the pace that the run's row says.

        Raises:
            EventParked, ProjectionBroken, RunLost, TransientFault: as the first worker told.
        """
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._work(scratch, share), name=f"rebuild worker {number}")
                for number, share in enumerate(dealt(parts, self._count))
            ]
            # Within the block: a group that is told of a failure at its end cancels who waits
            # there and, before Python 3.13, never takes that back; a later Ctrl-C is lost then.
            await asyncio.wait(workers)

    async def _work(self, scratch: Scratch, partitions: list[int]) -> None:
        order = Order(
            schema=scratch.schema,
            token=str(scratch.token),
            group=scratch.group,
            names=[p.name for p in self._plan.projections],
            scope=scope_of(self._plan),
            fail_fast=self._plan.fail_fast,
            partitions=partitions,
            settings=self._rebuild,
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "runtime.rebuilding.worker"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={
                **os.environ,
                "SUPABASE_DB_URL": self._settings.database_dsn(),
                "REDIS_URL": self._settings.redis_dsn(),
            },
        )
        try:
            await _tell(process, order)
            told, wrong = await asyncio.gather(_heard(process.stdout), _heard(process.stderr))
            code = await process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if code == REFUSED:
            raise failure(orjson.loads(told))
        if code < 0:
            raise TransientFault(f"a worker was ended by {signal.Signals(-code).name}")
        if code:
            last = wrong.decode(errors="replace").strip().rpartition("\n")[2]
            raise WorkerFailed(f"a worker failed: {last or f'exit code {code}'}")


async def _tell(process: Process, order: Order) -> None:
    # Its standard input stays open: its end tells the worker that this process is gone.
    if process.stdin is not None:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(order.line())
            await process.stdin.drain()


async def _heard(pipe: asyncio.StreamReader | None) -> bytes:
    return b"" if pipe is None else await pipe.read()


def dealt(parts: Sequence[FilledPart], count: int) -> list[list[int]]:
    """Partitions by worker, the largest first, each to who has least; none without any."""
    shares: list[list[int]] = [[] for _ in range(max(1, count))]
    loads = [0] * len(shares)
    for part in sorted(parts, key=lambda part: (-part.up_to, part.partition)):
        least = loads.index(min(loads))
        shares[least].append(part.partition)
        loads[least] += part.up_to
    return [share for share in shares if share]
