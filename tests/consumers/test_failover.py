"""Redis restarts, or another takes its place with what it had: what was appended is not doubled."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from runtime.embedded.directory import SocketsDirectory
from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.consumers.one_stream import (
    KEY,
    PARTITION,
    SMALL,
    append,
    checkpoint,
    logged,
    losses,
    wait_for,
    wait_logged,
)
from tests.faults.servers import BreakableValkey


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterable[BreakableValkey]:
    """A Redis of the test's own; what is in memory is written by SAVE alone."""
    sockets = SocketsDirectory()
    server = BreakableValkey(tmp_path, sockets.path, "--save", "", "--appendonly", "no")
    server.start()
    yield server
    server.kill()
    sockets.remove()


async def restarted(server: BreakableValkey, before: Redis) -> Redis:
    """Kill it and start it again; a client of the new one."""
    await before.aclose()
    server.kill()
    server.start()
    client = Redis.from_url(server.url)

    async def answers() -> bool:
        try:
            return bool(await client.ping())
        except RedisError:
            return False

    await wait_for(answers)
    return client


async def test_a_redis_restarted_without_its_data_takes_new_events(
    database_url: str, own_redis: BreakableValkey
) -> None:
    redis = Redis.from_url(own_redis.url)
    async with member(database_url, own_redis.url, settings=SMALL):
        await append(redis, range(25))
        await wait_caught_up(database_url, own_redis.url)
        redis = await restarted(own_redis, redis)
        await append(redis, range(25, 50))
        await wait_logged(database_url, range(50))
    await redis.aclose()
    assert await logged(database_url) == list(range(50))
    assert (await checkpoint(database_url))["generation"] == 2


async def test_a_redis_restarted_with_its_data_is_the_same_generation(
    database_url: str, own_redis: BreakableValkey
) -> None:
    redis = Redis.from_url(own_redis.url)
    async with member(database_url, own_redis.url, settings=SMALL):
        await append(redis, range(25))
        await wait_caught_up(database_url, own_redis.url)
        await redis.save()
        redis = await restarted(own_redis, redis)
        await append(redis, range(25, 50))
        await wait_logged(database_url, range(50))
    await redis.aclose()
    assert await logged(database_url) == list(range(50))
    assert await losses(database_url) == []
    assert (await checkpoint(database_url))["generation"] == 1


async def test_a_failover_that_misses_a_tail_that_was_read_doubles_nothing(
    database_url: str, own_redis: BreakableValkey
) -> None:
    """A server that comes back as it was some time ago is what a lagging replica is."""
    redis = Redis.from_url(own_redis.url)
    async with member(database_url, own_redis.url, settings=SMALL):
        await append(redis, range(30))
        await wait_caught_up(database_url, own_redis.url)
        await redis.save()
        await append(redis, range(30, 60))
        await wait_caught_up(database_url, own_redis.url)
        redis = await restarted(own_redis, redis)
        # The producer does not know what was kept: it sends the last ones again, then new ones.
        await append(redis, range(50, 80))
        await wait_logged(database_url, range(80))
    await redis.aclose()
    assert await logged(database_url) == list(range(80))
    row = await checkpoint(database_url)
    assert (row["generation"], row["lost"], row["balanced"]) == (2, 0, True)


async def test_entries_under_ids_below_the_checkpoint_are_applied_after_a_failover(
    database_url: str, own_redis: BreakableValkey
) -> None:
    redis = Redis.from_url(own_redis.url)
    async with member(database_url, own_redis.url, settings=SMALL):
        await append(redis, range(10), ids=[f"{1000 + n}-0" for n in range(10)])
        await wait_caught_up(database_url, own_redis.url)
        await redis.save()
        await append(redis, range(10, 20), ids=[f"{2000 + n}-0" for n in range(10)])
        await wait_caught_up(database_url, own_redis.url)
    redis = await restarted(own_redis, redis)
    # The new primary's clock is behind: its ids are below what was read from the old one.
    await append(redis, range(20, 30), ids=[f"{1500 + n}-0" for n in range(10)])
    async with member(database_url, own_redis.url, settings=SMALL, member_id="two"):
        await wait_logged(database_url, range(30))
        later = await append(redis, range(30, 33))
        await wait_logged(database_url, range(33))
    await redis.aclose()
    assert await logged(database_url) == list(range(33))
    assert (await checkpoint(database_url))["generation"] == 2
    assert all(int(entry_id.split("-")[0]) >= 2009 for entry_id in later)


async def test_an_unread_tail_that_a_failover_lost_is_counted(
    database_url: str, own_redis: BreakableValkey
) -> None:
    redis = Redis.from_url(own_redis.url)
    settings = SETTINGS
    async with member(database_url, own_redis.url, settings=settings):
        await append(redis, range(10))
        await wait_caught_up(database_url, own_redis.url)
        await redis.save()
    await append(redis, range(10, 40))
    conn = await asyncpg.connect(database_url)
    info: Any = await redis.xinfo_stream(KEY)
    # As the last look of the member that died left it.
    await conn.execute(
        "UPDATE runtime.checkpoints SET seen_added = $1, seen_last_id = $2, seen_at = now()"
        " WHERE group_name = 'projections' AND partition = $3",
        info["entries-added"],
        info["last-generated-id"].decode(),
        PARTITION,
    )
    await conn.close()
    redis = await restarted(own_redis, redis)
    async with member(database_url, own_redis.url, settings=settings, member_id="two"):
        await append(redis, range(40, 45))
        await wait_logged(database_url, range(40, 45))
    await redis.aclose()
    assert await logged(database_url) == [*range(10), *range(40, 45)]
    assert await losses(database_url) == [(30, True, "stream_went_back")]
