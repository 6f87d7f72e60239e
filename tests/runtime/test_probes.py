"""How often Postgres and Redis are asked whether they are there."""

from __future__ import annotations

import asyncio
from typing import cast

from consumers.rhythm import until_next_s
from consumers.status import GroupState, GroupStatus
from runtime.connections import Connections
from runtime.readiness import Readiness, probe_forever
from tests.hurried_loop import HurriedLoop


class Asked:
    """Counts how often each is asked; both answer at once."""

    def __init__(self) -> None:
        self.db = 0
        self.redis = 0

    async def probe_db(self) -> None:
        self.db += 1

    async def probe_redis(self) -> None:
        self.redis += 1


async def _probed(asked: Asked, beats: int) -> None:
    """A group that beats so many times, each second, then twenty seconds without."""
    clock = asyncio.get_running_loop().time
    readiness = Readiness(disabled=False, workers_disabled=False, clock=clock)
    group = GroupStatus("projections", "me", state=GroupState.RUNNING)
    probing = asyncio.create_task(
        probe_forever(readiness, cast("Connections", asked), lambda: [group], clock=clock)
    )
    for _ in range(beats):
        group.answered_at = clock()
        await asyncio.sleep(until_next_s(1.0, clock()))
        assert asked.db == 0
    await asyncio.sleep(20)
    probing.cancel()
    await asyncio.wait({probing})
    assert readiness.connection_mode() == "connected"


def probed(*, beats: int) -> Asked:
    asked = Asked()
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        runner.run(_probed(asked, beats))
    return asked


def test_postgres_is_not_asked_where_it_has_just_answered_a_beat() -> None:
    # Of the twenty seconds, the first one or two are those of the last beat.
    assert 18 <= probed(beats=30).db <= 20


def test_where_no_group_beats_postgres_is_asked_each_second_and_redis_each_other() -> None:
    asked = probed(beats=0)
    assert 20 <= asked.db <= 21
    assert 10 <= asked.redis <= 11
