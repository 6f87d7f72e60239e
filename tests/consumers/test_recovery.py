"""Redis loses its group, its data or its tail: what was appended takes effect, or is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from consumers.observer import SilentObserver
from tests.consumers.members import member, wait_caught_up
from tests.consumers.one_stream import (
    KEY,
    SMALL,
    append,
    checkpoint,
    event,
    logged,
    losses,
    wait_for,
    wait_logged,
    wait_lost,
)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@asynccontextmanager
async def log_locked(database_url: str) -> AsyncIterator[None]:
    """No batch can commit meanwhile: what was read stays in its reader's hands."""
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE runtime.event_log IN EXCLUSIVE MODE")
            yield
    finally:
        await conn.close()


async def test_a_flushed_redis_begins_a_new_generation_and_takes_new_events(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    async with member(database_url, redis_url, settings=SMALL) as one:
        await append(redis, range(30))
        await wait_caught_up(database_url, redis_url)
        await redis.flushall()
        await append(redis, range(30, 40))
        await wait_logged(database_url, range(40))
        await wait_for(lambda: _true(one.engine.status().losses.entries > 0))
    assert await logged(database_url) == list(range(40))
    row = await checkpoint(database_url)
    assert (row["generation"], row["lost"], row["balanced"]) == (2, 0, True)
    assert all(at_least for _, at_least, _ in await losses(database_url))


async def _true(value: bool) -> bool:
    return value


async def test_events_that_a_flush_took_unread_are_counted(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    # A batch that cannot commit gives up soon: only then is the stream looked at.
    hasty = replace(SMALL, lease_s=5.0)
    async with member(database_url, redis_url, settings=hasty):
        await append(redis, range(5))
        await wait_logged(database_url, range(5))
        async with log_locked(database_url):
            await append(redis, range(5, 105))

            async def seen() -> bool:
                return bool(((await checkpoint(database_url))["seen_added"] or 0) > 95)

            await wait_for(seen)
            await redis.flushall()
        await append(redis, range(105, 110))
        await wait_logged(database_url, range(105, 110))
    found = await logged(database_url)
    row = await checkpoint(database_url)
    came = len([n for n in found if n < 105])
    assert found == sorted(found)
    assert row["generation"] == 2
    assert came + row["lost"] >= 100
    assert 0 < row["lost"] <= 105 - came


async def test_entries_trimmed_unread_are_counted_exactly(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    async with member(database_url, redis_url):
        await append(redis, range(10))
        await wait_caught_up(database_url, redis_url)
    await append(redis, range(10, 110))
    await redis.xtrim(KEY, maxlen=40, approximate=False)
    async with member(database_url, redis_url, settings=SMALL, member_id="two") as two:
        await wait_caught_up(database_url, redis_url)
        await wait_lost(database_url, 60)
        await wait_for(lambda: _true(two.engine.status().losses.count == 60))
    assert await logged(database_url) == [*range(10), *range(70, 110)]
    assert await losses(database_url) == [(60, False, "trimmed_unread")]
    assert (await checkpoint(database_url))["generation"] == 1


async def test_an_entry_deleted_in_the_middle_is_counted_and_one_that_was_read_is_not(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    async with member(database_url, redis_url):
        read = await append(redis, range(10))
        await wait_caught_up(database_url, redis_url)
    unread = await append(redis, range(10, 20))
    await redis.xdel(KEY, read[3], unread[4])
    async with member(database_url, redis_url, member_id="two"):
        await wait_caught_up(database_url, redis_url)
        await wait_lost(database_url, 1)
    assert await logged(database_url) == [n for n in range(20) if n != 14]
    assert await losses(database_url) == [(1, False, "deleted_unread")]


async def test_a_deleted_last_entry_is_counted_while_the_group_idles(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    async with member(database_url, redis_url):
        await append(redis, range(3))
        await wait_caught_up(database_url, redis_url)
    added = await append(redis, [3])
    await redis.xdel(KEY, *added)
    async with member(database_url, redis_url, member_id="two", settings=SMALL):
        await wait_lost(database_url, 1)
    assert await losses(database_url) == [(1, False, "deleted_unread")]


async def test_a_consumer_deleted_with_entries_in_its_hands_loses_nothing(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    async with member(database_url, redis_url, settings=SMALL, member_id="holder"):
        await append(redis, range(5))
        await wait_caught_up(database_url, redis_url)
        async with log_locked(database_url):
            await append(redis, range(5, 45))

            async def given() -> bool:
                pending: Any = await redis.xpending(KEY, "projections")
                return bool(pending["pending"])

            await wait_for(given)
            await redis.xgroup_delconsumer(KEY, "projections", "holder")
        await wait_logged(database_url, range(45))
    assert await logged(database_url) == list(range(45))
    assert await losses(database_url) == []


class Recreations(SilentObserver):
    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []

    def group_recreated(self, group: str, partition: int, at: str) -> None:
        self.told.append((partition, at))


async def test_a_destroyed_group_goes_on_at_the_checkpoint_without_a_loss(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    recreations = Recreations()
    async with member(database_url, redis_url, settings=SMALL, observer=recreations):
        await append(redis, range(20))
        await wait_caught_up(database_url, redis_url)
        assert recreations.told == [], "the first start lost nothing"
        async with redis.pipeline(transaction=True) as pipe:
            pipe.xgroup_destroy(KEY, "projections")
            for n in range(20, 40):
                pipe.xadd(KEY, {"event": orjson.dumps(event(n))})
            await pipe.execute()
        await wait_logged(database_url, range(40))
    assert len(recreations.told) == 1
    assert await logged(database_url) == list(range(40))
    assert await losses(database_url) == []
    assert (await checkpoint(database_url))["generation"] == 1


async def test_a_database_restored_to_an_earlier_moment_reads_the_rest_again(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    async with member(database_url, redis_url):
        await append(redis, range(20))
        await wait_caught_up(database_url, redis_url)
    address = urlsplit(database_url)
    admin = await asyncpg.connect(address._replace(path="/postgres").geturl())
    name = address.path[1:]
    await admin.execute(f"CREATE DATABASE {name}_earlier TEMPLATE {name}")
    try:
        async with member(database_url, redis_url, member_id="two"):
            await append(redis, range(20, 60))
            await wait_caught_up(database_url, redis_url)
        earlier = address._replace(path=f"/{name}_earlier").geturl()
        async with member(earlier, redis_url, member_id="three"):
            await append(redis, range(60, 70))
            await wait_caught_up(earlier, redis_url)
        assert await logged(earlier) == list(range(70))
        assert await losses(earlier) == []
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name}_earlier WITH (FORCE)")
        await admin.close()
