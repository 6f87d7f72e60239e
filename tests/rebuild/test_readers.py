"""Who reads while rows are swapped: what they see, how long they wait, who is told to be in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from consumers.rebuild.plan import Kind
from consumers.rebuild.replacing import Reader
from consumers.selection import Selection
from tests.consumers.members import member, wait_caught_up
from tests.rebuild.ground import SETTINGS, Watched, consumed, mixed, publish, rebuilt, rows_of
from tests.told import Told

LEADS = "SELECT string_agg(l::text, '|' ORDER BY l::text) FROM projections.leads AS l"


class Waiting(Watched):
    """Keeps who was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Reader] = []
        self.waited = asyncio.Event()

    def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
        self.readers.extend(readers)
        if readers:
            self.waited.set()


@asynccontextmanager
async def reader(database_url: str, *, isolation: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database_url, server_settings={"application_name": "a report"})
    await conn.execute(f"BEGIN ISOLATION LEVEL {isolation}")
    try:
        yield conn
    finally:
        await conn.close()


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(400))
    return database_url


FIRST = {
    "has read the view": LEADS,
    "has read the table": "SELECT count(*) FROM projections.leads_v1",
    "has read nothing of it": "SELECT count(*) FROM runtime.event_log",
}


@pytest.mark.parametrize("kind", [Kind.REPLAY, Kind.UNDO])
@pytest.mark.parametrize("first", FIRST)
async def test_who_keeps_a_snapshot_sees_the_old_rows_until_its_end(
    filled: str, first: str, kind: Kind
) -> None:
    conn = await asyncpg.connect(filled)
    if kind is Kind.UNDO:
        await rebuilt(filled, "leads")
    await conn.execute("UPDATE projections.leads_v1 SET stage = 'lost'")
    seen = await conn.fetchval(LEADS)
    watched = Waiting()
    async with reader(filled, isolation="REPEATABLE READ") as long:
        await long.execute(FIRST[first])
        await conn.execute("UPDATE projections.leads_v1 SET stage = 'drifted'")
        replay = asyncio.ensure_future(rebuilt(filled, "leads", kind=kind, observer=watched))
        await asyncio.wait_for(watched.waited.wait(), 60)
        assert {(r.pid, r.program) for r in watched.readers} == {
            (long.get_server_pid(), "a report")
        }
        assert await long.fetchval(LEADS) == seen
        assert await conn.fetchval(LEADS) != seen, "others read on"
        assert await long.fetchval(LEADS) == seen
        await long.execute("COMMIT")
        (report,) = await replay
    assert report.tables[0].changed == report.tables[0].old_rows > 0
    assert "drifted" not in await conn.fetchval(LEADS)
    await conn.close()


async def test_who_began_after_the_new_rows_were_made_is_not_waited_for(filled: str) -> None:
    async with AsyncExitStack() as stack:

        async def begin() -> None:
            conn = await stack.enter_async_context(reader(filled, isolation="REPEATABLE READ"))
            await conn.execute(FIRST["has read nothing of it"])

        watched = Watched(in_the_swap=begin)
        await rebuilt(filled, "leads", observer=watched)
    assert "swapped" in watched.points


async def test_rows_of_a_part_take_their_place_beside_every_reader(filled: str) -> None:
    async with reader(filled, isolation="REPEATABLE READ") as long:
        seen = await long.fetchval(LEADS)
        await rebuilt(filled, "leads", selection=Selection(company="company-1"))
        assert await long.fetchval(LEADS) == seen


NAMES = ("messages", "message_statuses", "leads", "daily_counts")


async def test_readers_in_any_order_meet_no_error_and_no_gap(
    filled: str, redis_url: str, told: Told
) -> None:
    """Views and tables, in either order, in one transaction, all the time."""
    rows = await rows_of(filled)
    done, seen, tries = asyncio.Event(), [0] * 4, Waiting()

    async def read(number: int) -> None:
        # Of the tables behind it a view shows as many rows; of sums, those of all partitions as one.
        relations = [f"projections.{name}{end}" for name in NAMES[number:] for end in ("", "_v1")]
        if number % 2:
            relations.reverse()
        conn = await asyncpg.connect(filled, statement_cache_size=100 if number % 3 else 0)
        while not done.is_set():
            async with conn.transaction(
                isolation=("read_committed", "repeatable_read")[number % 2]
            ):
                for relation in relations:
                    found = await conn.fetchval(f"SELECT count(*) FROM {relation}")
                    table = relation.removesuffix("_v1").partition(".")[2] + "_v1"
                    assert found >= (len(rows[table]) if "daily" not in table else 1)
            seen[number] += 1
            await asyncio.sleep(0.02)
        await conn.close()

    settings = replace(SETTINGS, lock_timeout_s=0.1)
    async with member(filled, redis_url), asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(read(number))
        for start in (400, 450):
            await publish(redis_url, mixed(50, start=start))
            await rebuilt(
                filled, "messages", "leads", "daily_counts", settings=settings, observer=tries
            )
            await rebuilt(filled, "messages", kind=Kind.UNDO, settings=settings, observer=tries)
        done.set()
        await wait_caught_up(filled, redis_url)
    told.say(f"readers' transactions beside eight swaps: {seen}; put off: {len(tries.readers)}")
    assert min(seen) > 0
    assert all(report.equal for report in await rebuilt(filled, kind=Kind.CHECK))
