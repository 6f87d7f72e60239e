"""Fills a rebuild in several processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

import orjson

from consumers.errors import TransientFault
from consumers.rebuild.errors import RebuildError
from consumers.rebuild.pace import Pace
from consumers.rebuild.plan import Plan, RebuildSettings
from consumers.rebuild.run import scope_of
from consumers.rebuild.scratch import FilledPart, Scratch
from runtime.rebuilding.hands import Hand
from runtime.rebuilding.orders import Order, failure
from runtime.settings import Settings


class WorkerFailed(RebuildError):
    """A worker ended in a way that another try will not mend."""


class WorkerProcesses:
    """Deals partitions out to workers, about as much to each.

    To those that are `idle` first, a list that its owner dismisses in the end.
    """

    def __init__(
        self,
        plan: Plan,
        settings: Settings,
        *,
        count: int,
        idle: list[Hand],
        rebuild: RebuildSettings,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._count = count
        self._idle = idle
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
        hand = self._idle.pop() if self._idle else Hand.started(self._settings)
        done = False
        try:
            told = await hand.answer(order.line())
            refused = orjson.loads(told) if told else None
            done = refused == {}
            ended = None if told else hand.ended()
        finally:
            # One that was refused is not asked again: whatever it was, another one begins anew.
            if done:
                self._idle.append(hand)
            else:
                hand.dismiss()
        if ended is not None:
            raise _failed(*ended)
        if refused:
            raise failure(refused)


def _failed(code: int, last: str) -> Exception:
    if code < 0:
        return TransientFault(f"a worker was ended by {signal.Signals(-code).name}")
    return WorkerFailed(f"a worker failed: {last or f'exit code {code}'}")


def dealt(parts: Sequence[FilledPart], count: int) -> list[list[int]]:
    """Partitions by worker, the largest first, each to who has least; none without any."""
    shares: list[list[int]] = [[] for _ in range(max(1, count))]
    loads = [0] * len(shares)
    for part in sorted(parts, key=lambda part: (-part.up_to, part.partition)):
        least = loads.index(min(loads))
        shares[least].append(part.partition)
        loads[least] += part.up_to
    return [share for share in shares if share]
