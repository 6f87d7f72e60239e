"""Fills a rebuild in several processes."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import orjson

from consumers.errors import TransientFault
from consumers.rebuild.pace import Pace
from consumers.rebuild.plan import Plan, RebuildSettings
from consumers.rebuild.run import scope_of
from consumers.rebuild.scratch import FilledPart, Scratch
from runtime.rebuilding.orders import Order, failure
from runtime.rebuilding.worker import REFUSED
from runtime.settings import Settings


class WorkerProcesses:
    """Deals partitions out to workers; each gets the next when it is the largest that is left."""

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
            for number, share in enumerate(dealt(parts, self._count)):
                group.create_task(self._work(scratch, share), name=f"rebuild worker {number}")

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
            env={**os.environ, "SUPABASE_DB_URL": self._settings.database_dsn()},
        )
        try:
            await _tell(process, order)
            told = await _heard(process)
            code = await process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if code == REFUSED:
            raise failure(orjson.loads(told))
        if code != 0:
            raise TransientFault(f"a worker ended with exit code {code}")


async def _tell(process: Process, order: Order) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(order.line())
            await process.stdin.drain()


async def _heard(process: Process) -> bytes:
    return b"" if process.stdout is None else await process.stdout.read()


def dealt(parts: Sequence[FilledPart], count: int) -> list[list[int]]:
    """Partitions by worker, the largest first, each to who has least; none without any."""
    shares: list[list[int]] = [[] for _ in range(max(1, count))]
    loads = [0] * len(shares)
    for part in sorted(parts, key=lambda part: (-part.up_to, part.partition)):
        least = loads.index(min(loads))
        shares[least].append(part.partition)
        loads[least] += part.up_to
    return [share for share in shares if share]
