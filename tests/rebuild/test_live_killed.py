"""Members of the live group die while a replay goes on and swaps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from consumers.rebuild.plan import Kind
from consumers.rebuild.replacing import Reader
from tests.consumers.armed_worker import kill, start_armed_worker, wait_frozen
from tests.consumers.members import AMONG_THE_DYING, member, wait_caught_up
from tests.rebuild.accounts import forge, unbalanced
from tests.rebuild.conftest import RowsAfter
from tests.rebuild.ground import Watched, consumed, mixed, publish, rebuilt, rows_of


class Waiting(Watched):
    """Says when the swap is put off, and for whom."""

    def __init__(self) -> None:
        super().__init__()
        self.puts_off = asyncio.Event()
        self.readers: list[Reader] = []

    def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
        self.readers.extend(readers)
        self.puts_off.set()


@pytest.mark.parametrize(
    "point", ["before_commit", pytest.param("before_ack", marks=pytest.mark.soak)]
)
async def test_a_member_killed_within_a_batch_neither_loses_nor_repeats_anything(
    database_url: str, redis_url: str, rows_after: RowsAfter, point: str
) -> None:
    bodies, more = mixed(400), mixed(300, start=400)
    await consumed(database_url, redis_url, bodies)
    await forge(database_url)
    await publish(redis_url, more)
    worker = await start_armed_worker(database_url, redis_url, point, 2, 40)
    assert await wait_frozen(worker) == point
    watched = Waiting()
    replay = asyncio.create_task(rebuilt(database_url, observer=watched))
    # A batch that is frozen before its commit holds the partition and the tables, for a second: the
    # swap waits, and says for whom. Behind its commit nothing is held.
    told = asyncio.create_task(watched.puts_off.wait())
    await asyncio.wait({told, replay}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    assert point == "before_commit" or replay.done()
    assert all(reader.open_s > 0 for reader in watched.readers)
    await kill(worker)
    await replay
    async with member(database_url, redis_url, member_id="survivor", settings=AMONG_THE_DYING):
        await wait_caught_up(database_url, redis_url)
    assert await rows_of(database_url) == await rows_after([*bodies, *more])
    assert await unbalanced(database_url) == []


@pytest.mark.soak
async def test_members_come_and_die_while_replays_swap_under_load(
    database_url: str, redis_url: str, rows_after: RowsAfter
) -> None:
    bodies = mixed(300)
    await consumed(database_url, redis_url, bodies)
    for number, point in enumerate(["before_commit", "before_ack", "before_commit"]):
        more = mixed(150, start=len(bodies))
        bodies += more
        worker = await start_armed_worker(database_url, redis_url, point, 3, 20)
        await publish(redis_url, more)
        replay = asyncio.create_task(rebuilt(database_url))
        await wait_frozen(worker)
        await kill(worker)
        await replay
        assert await unbalanced(database_url) == [], number
    async with member(database_url, redis_url, member_id="survivor", settings=AMONG_THE_DYING):
        await wait_caught_up(database_url, redis_url)
    assert all(report.equal for report in await rebuilt(database_url, kind=Kind.CHECK))
    assert await rows_of(database_url) == await rows_after(bodies)
