"""Redis loses its group, its data or its tail: what was appended takes effect, or is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from consumers.engine_settings import EngineSettings
from consumers.observer import SilentObserver
from events.partitioning import partition_of, stream_key
from runtime.embedded.directory import SocketsDirectory
from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.consumers.test_dead_letters import body
from tests.faults.servers import BreakableValkey

CONVERSATION = "c-1"
PARTITION = partition_of("acme", CONVERSATION, 16)
KEY = stream_key(PARTITION)
SMALL = EngineSettings(
    partitions=16, lease_s=5.0, heartbeat_s=0.1, batch_events=10, block_ms=200, lanes=2
)


def event(number: int) -> dict[str, Any]:
    return body(number, conversation_id=CONVERSATION)


async def append(redis: Redis, numbers: Iterable[int], *, ids: Iterable[str] = ()) -> list[str]:
    """Entries of one conversation; with `ids` under these, else under Redis' own."""
    given = iter(ids)
    added = [
        await redis.xadd(KEY, {"event": orjson.dumps(event(n))}, id=next(given, "*"))
        for n in numbers
    ]
    return [entry_id if isinstance(entry_id, str) else entry_id.decode() for entry_id in added]


async def logged(database_url: str) -> list[int]:
    """The numbers of the logged events, in the log's order."""
    conn = await asyncpg.connect(database_url)
    rows = await conn.fetch(
        "SELECT event_id::text AS id FROM runtime.event_log WHERE partition = $1 ORDER BY position",
        PARTITION,
    )
    await conn.close()
    numbers = {str(event(n)["id"]): n for n in range(2000)}
    return [numbers[row["id"]] for row in rows]


async def checkpoint(database_url: str) -> asyncpg.Record:
    conn = await asyncpg.connect(database_url)
    row = await conn.fetchrow(
        "SELECT *, read = applied + duplicate + dead AS balanced FROM runtime.checkpoints"
        " WHERE group_name = 'projections' AND partition = $1",
        PARTITION,
    )
    await conn.close()
    assert row is not None
    return row


async def losses(database_url: str) -> list[tuple[int, bool, str]]:
    conn = await asyncpg.connect(database_url)
    rows = await conn.fetch(
        "SELECT count, at_least, reason FROM runtime.losses WHERE partition = $1 ORDER BY id",
        PARTITION,
    )
    await conn.close()
    return [tuple(row) for row in rows]


async def wait_for(condition: Any, *, within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)


async def wait_logged(database_url: str, numbers: Iterable[int]) -> None:
    wanted = set(numbers)

    async def there() -> bool:
        return wanted <= set(await logged(database_url))

    await wait_for(there)


async def wait_lost(database_url: str, count: int) -> None:
    async def there() -> bool:
        return bool((await checkpoint(database_url))["lost"] >= count)

    await wait_for(there)


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
    async with member(database_url, redis_url, settings=SMALL):
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
