"""What no time heals: it is shown, it does not spin, and it does not take others with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from consumers.observer import BatchCommitted
from consumers.status import GroupState
from tests.faults.under_load import (
    QUICK,
    Load,
    Recorder,
    engine_running,
    wait_until,
    working,
)


class Faulty(Recorder):
    """A programming error that strikes in the lane of one partition, while it is armed."""

    def __init__(self) -> None:
        super().__init__()
        self.partition: int | None = None
        self.committed: set[int] = set()

    def batch_committed(self, batch: BatchCommitted) -> None:
        self.committed.update(batch.partitions)
        if self.partition in batch.partitions:
            raise ZeroDivisionError("a defect")


async def test_a_defect_in_one_lane_stops_neither_the_other_nor_the_member(
    database_url: str, redis_url: str
) -> None:
    seen = Faulty()
    async with working(database_url, redis_url, seen=seen) as work:
        struck = next(iter(work.status.partitions))
        seen.partition = struck
        await work.wait_retrying("ZeroDivisionError: a defect")
        seen.committed.clear()
        others = set(range(1, QUICK.partitions, 2)), set(range(0, QUICK.partitions, 2))
        other_lane = next(lane for lane in others if struck not in lane)
        await wait_until(lambda: len(seen.committed & other_lane) >= 3)
        work.check_paced()
        seen.partition = None
        await work.finish()


async def test_a_table_that_is_missing_is_asked_for_without_haste(
    database_url: str, redis_url: str
) -> None:
    async with working(database_url, redis_url) as work:
        conn = await asyncpg.connect(database_url)
        await conn.execute("ALTER TABLE runtime.event_log RENAME TO event_log_away")
        await work.wait_retrying("UndefinedTableError")
        await work.wait_more_retries(10)
        work.check_paced()
        await conn.execute("ALTER TABLE runtime.event_log_away RENAME TO event_log")
        await conn.close()
        await work.finish()


async def test_a_checkpoint_that_cannot_be_moved_is_tried_without_haste(
    database_url: str, redis_url: str
) -> None:
    """As a rule or a trigger of somebody else would do it: the update finds no row."""
    async with working(database_url, redis_url) as work:
        conn = await asyncpg.connect(database_url)
        await conn.execute(
            "CREATE RULE stuck AS ON UPDATE TO runtime.checkpoints DO INSTEAD NOTHING"
        )
        await wait_until(lambda: work.status.state is GroupState.RETRYING)
        await work.wait_more_retries(10)
        work.check_paced()
        await conn.execute("DROP RULE stuck ON runtime.checkpoints")
        await conn.close()
        await work.finish()


async def test_a_postgres_restored_to_before_the_first_start_is_prepared_anew(
    database_url: str, redis_url: str
) -> None:
    async with working(database_url, redis_url) as work:
        conn = await asyncpg.connect(database_url)
        await conn.execute("TRUNCATE runtime.partition_owners, runtime.members")
        await conn.close()
        await wait_until(lambda: len(work.status.partitions) < QUICK.partitions)
        await wait_until(lambda: len(work.status.partitions) == QUICK.partitions)
        await work.finish()


@pytest.mark.parametrize("broken", [False, True], ids=["at work", "retrying"])
async def test_cancelling_ends_the_member_whatever_it_does(
    database_url: str, redis_url: str, broken: bool
) -> None:
    load = Load(redis_url)
    load.start()
    settings = replace(QUICK, lease_s=1.0)
    conn = await asyncpg.connect(database_url)
    try:
        for number in range(12):
            seen = Recorder()
            running = engine_running(database_url, redis_url, seen=seen, settings=settings)
            async with running as (engine, task):
                await wait_until(lambda engine=engine: bool(engine.status().partitions))  # type: ignore[misc]
                if broken:
                    await conn.execute("ALTER TABLE runtime.event_log RENAME TO away")
                    await wait_until(lambda seen=seen: bool(seen.retries))  # type: ignore[misc]
                await load.wait_more(1 + number % 3)
                task.cancel()
                _, pending = await asyncio.wait([task], timeout=20)
                assert not pending
                assert task.cancelled()
            if broken:
                await conn.execute("ALTER TABLE runtime.away RENAME TO event_log")
            await conn.execute("DELETE FROM runtime.members")
    finally:
        await conn.close()
        await load.abandon()
