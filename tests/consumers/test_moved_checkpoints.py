"""A checkpoint that a rebuild has moved is loaded anew at once; one that keeps moving is waited for."""

from __future__ import annotations

from typing import Any

import asyncpg
from redis.asyncio import Redis

from consumers.observer import SilentObserver
from tests.consumers.members import member
from tests.consumers.one_stream import SMALL, append, logged, wait_for, wait_logged


class Retries(SilentObserver):
    """Keeps the faults that were waited after."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def retrying(self, group: str, fault: str, attempt: int, wait_s: float) -> None:
        self.faults.append(fault)


async def swapped(conn: asyncpg.Connection) -> Any:
    """What the swap of a rebuild does to whoever feeds the read model."""
    return await conn.execute(
        "UPDATE runtime.projection_checkpoints SET revision = revision + 1"
        " WHERE projection = 'daily_counts'"
    )


async def test_nobody_rests_after_a_swap(database_url: str, redis_url: str) -> None:
    retries, conn = Retries(), await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    async with member(database_url, redis_url, settings=SMALL, observer=retries):
        for number in range(0, 40, 2):
            await append(redis, range(number, number + 2))
            await wait_logged(database_url, range(number + 2))
            await swapped(conn)
    await redis.aclose()
    await conn.close()
    assert await logged(database_url) == list(range(40))
    assert retries.faults == []


async def test_what_never_stands_still_is_waited_for(database_url: str, redis_url: str) -> None:
    retries, conn = Retries(), await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    await conn.execute(
        "CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER moved BEFORE UPDATE ON runtime.checkpoints"
        " FOR EACH ROW EXECUTE FUNCTION moved()"
    )
    async with member(database_url, redis_url, settings=SMALL, observer=retries):
        await append(redis, range(2))

        async def told() -> bool:
            return len(retries.faults) >= 2

        await wait_for(told)
        await conn.execute("DROP TRIGGER moved ON runtime.checkpoints")
        await wait_logged(database_url, range(2))
    await redis.aclose()
    await conn.close()
    assert all("have moved" in fault for fault in retries.faults)
