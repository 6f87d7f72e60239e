"""Streams are trimmed below what everybody has, and never above."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from consumers.groups import AGENT
from consumers.retention import Retention
from consumers.trimming import Trimmer
from tests.consumers.members import SETTINGS, member, redis_clients, wait_caught_up
from tests.consumers.one_stream import (
    KEY,
    PARTITION,
    append,
    checkpoint,
    logged,
    losses,
    wait_for,
)

HOUR_MS = 3600 * 1000
AT_ONCE = replace(SETTINGS, trim_every_s=0.1, block_ms=100)
NEVER = replace(SETTINGS, stream_keep_s=30 * 86_400)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def ids_hours_ago(redis: Redis, hours: float, count: int) -> list[str]:
    now: Any = await redis.time()
    ms = now[0] * 1000 - int(hours * HOUR_MS)
    return [f"{ms + n}-0" for n in range(count)]


async def length(redis: Redis) -> int:
    return int(await redis.xlen(KEY))


async def test_what_is_old_committed_and_logged_goes_and_the_last_committed_entry_stays(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    await append(redis, range(20), ids=await ids_hours_ago(redis, 30, 20))
    async with member(database_url, redis_url, settings=AT_ONCE):
        await wait_caught_up(database_url, redis_url)

        async def trimmed() -> bool:
            return await length(redis) == 1

        await wait_for(trimmed)
        await append(redis, range(20, 25))
        await wait_caught_up(database_url, redis_url)
        await wait_for(trimmed_to(redis, 5))
    assert await logged(database_url) == list(range(25))
    assert await losses(database_url) == []
    assert (await checkpoint(database_url))["lost"] == 0


def trimmed_to(redis: Redis, entries: int) -> Any:
    async def there() -> bool:
        return await length(redis) == entries

    return there


async def test_a_group_that_has_not_read_holds_everything_above_its_checkpoint(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    await append(redis, range(10), ids=await ids_hours_ago(redis, 50, 10))
    async with member(database_url, redis_url, group=AGENT, member_id="agent"):
        await wait_caught_up(database_url, redis_url, group="agent")
    await append(redis, range(10, 30), ids=await ids_hours_ago(redis, 40, 20))
    async with member(database_url, redis_url, settings=AT_ONCE) as one:
        await wait_caught_up(database_url, redis_url)
        await wait_for(trimmed_to(redis, 21))

        async def told() -> bool:
            return bool(one.engine.status().forgotten)

        await wait_for(told)
        assert list(one.engine.status().forgotten) == ["agent"]
        async with member(database_url, redis_url, group=AGENT, member_id="agent-2"):
            await wait_caught_up(database_url, redis_url, group="agent")
            await wait_for(trimmed_to(redis, 1))
    assert await logged(database_url) == list(range(30))


async def test_a_dry_run_counts_and_removes_nothing(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    await append(redis, range(20), ids=await ids_hours_ago(redis, 30, 20))
    async with member(database_url, redis_url, settings=NEVER):
        await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    async with redis_clients(redis_url) as clients:
        trimmer = Trimmer(conn, clients, prefix="domain-events")
        report = await trimmer.trim([PARTITION], Retention(keep_ms=HOUR_MS), dry_run=True)
    await conn.close()
    assert report.trimmed[PARTITION][0] == 19
    assert await length(redis) == 20


async def test_a_stream_that_was_replaced_is_not_trimmed_by_an_old_checkpoint(
    database_url: str, redis: Redis, redis_url: str
) -> None:
    await append(redis, range(20), ids=await ids_hours_ago(redis, 30, 20))
    async with member(database_url, redis_url, settings=NEVER):
        await wait_caught_up(database_url, redis_url)
    await redis.flushall()
    await append(redis, range(20, 40), ids=await ids_hours_ago(redis, 31, 20))
    conn = await asyncpg.connect(database_url)
    async with redis_clients(redis_url) as clients:
        trimmer = Trimmer(conn, clients, prefix="domain-events")
        report = await trimmer.trim([PARTITION], Retention(keep_ms=HOUR_MS))
    await conn.close()
    assert report.trimmed == {}
    assert await length(redis) == 20
