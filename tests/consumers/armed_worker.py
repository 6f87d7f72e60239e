"""A member that freezes at one point of one of its batches, says so, and waits to be killed.

Run as `python -m tests.consumers.armed_worker DATABASE_URL REDIS_URL POINT NUMBER BATCH_EVENTS LEASE_S`:
it freezes when it comes to POINT for the NUMBERth time, and prints `frozen POINT`.

Points: `before_commit` (a batch is written, not committed), `before_ack` (committed, not
acknowledged), `in_drain` (parked events are applied and taken out, not committed), `after_drain`
(that is committed, and nothing has been done since).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from asyncio.subprocess import Process
from dataclasses import replace
from typing import Any

import consumers.upkeep
from consumers.batch_writes import BatchWrites
from consumers.parking import Parking
from consumers.reader import Reader
from projections.groups import group_named
from tests.consumers.members import AMONG_THE_DYING, member
from tests.forked_process import ForkedProcess, start_module


async def start_armed_worker(
    database_url: str,
    redis_url: str,
    point: str,
    number: int,
    batch_events: int,
    *,
    lease_s: float = AMONG_THE_DYING.lease_s,
) -> ForkedProcess | Process:
    """The worker in a process of its own; await its first line to know that it is frozen."""
    given = (database_url, redis_url, point, str(number), str(batch_events), str(lease_s))
    return await start_module("tests.consumers.armed_worker", *given)


async def wait_frozen(worker: ForkedProcess | Process) -> str:
    """The point at which it froze.

    Raises:
        AssertionError: it died before.
    """
    assert worker.stdout is not None
    line = (await worker.stdout.readline()).decode().split()
    assert line[:1] == ["frozen"], f"the worker ended with {worker.returncode}: {line}"
    return line[1]


async def kill(worker: ForkedProcess | Process) -> None:
    """SIGKILL, and wait until it is gone."""
    worker.kill()
    assert await worker.wait() == -9


class _Trap:
    """Freezes for ever, the time that was drawn."""

    def __init__(self, point: str, number: int) -> None:
        self._point, self._number = point, number
        self._times = itertools.count(1)

    async def come_by(self) -> None:
        if next(self._times) >= self._number:
            print(f"frozen {self._point}", flush=True)
            await asyncio.Event().wait()


def _before_commit(trap: _Trap) -> None:
    move: Any = BatchWrites._move_checkpoints

    async def moved_then_frozen(self: BatchWrites, *args: Any) -> None:
        await move(self, *args)
        await trap.come_by()

    BatchWrites._move_checkpoints = moved_then_frozen  # type: ignore[method-assign, assignment]


def _before_ack(trap: _Trap) -> None:
    acknowledge: Any = Reader.acknowledge

    async def frozen_before(self: Reader, entries: Any, *, at_once: bool) -> None:
        if any(entries.values()):
            await trap.come_by()
        await acknowledge(self, entries, at_once=at_once)

    Reader.acknowledge = frozen_before  # type: ignore[method-assign]


def _in_drain(trap: _Trap) -> None:
    left: Any = Parking._left

    async def counted_then_frozen(self: Parking, *args: Any) -> int:
        waiting: int = await left(self, *args)
        await trap.come_by()
        return waiting

    Parking._left = counted_then_frozen  # type: ignore[method-assign, assignment]


def _after_drain(trap: _Trap) -> None:
    carry_out: Any = Parking.carry_out

    async def done_then_frozen(self: Parking, *args: Any) -> Any:
        mended = await carry_out(self, *args)
        await trap.come_by()
        return mended

    Parking.carry_out = done_then_frozen  # type: ignore[method-assign, assignment]


POINTS = {
    "before_commit": _before_commit,
    "before_ack": _before_ack,
    "in_drain": _in_drain,
    "after_drain": _after_drain,
}


async def main(
    database_url: str, redis_url: str, point: str, number: str, batch_events: str, lease_s: str
) -> None:
    POINTS[point](_Trap(point, int(number)))
    consumers.upkeep._SLOWLY_S = AMONG_THE_DYING.heartbeat_s
    settings = replace(AMONG_THE_DYING, batch_events=int(batch_events), lease_s=float(lease_s))
    async with member(
        database_url,
        redis_url,
        member_id=f"armed-{os.getpid()}",
        group=group_named("projections"),
        settings=settings,
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:7]))
