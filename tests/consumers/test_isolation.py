"""What one partition suffers does not stop the others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic

import asyncpg
import orjson
from redis.asyncio import Redis

from consumers.isolation import Isolation
from events.partitioning import partition_of, stream_key
from tests.consumers.choosy import ask
from tests.consumers.members import SETTINGS as MEMBERS
from tests.consumers.members import member
from tests.consumers.test_dead_letters import body

SETTINGS = replace(MEMBERS, batch_events=50, block_ms=200, lanes=1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_sick_partition_is_left_out_until_its_time_and_joins_again() -> None:
    clock = Clock()
    isolation = Isolation(initial_s=1.0, max_s=8.0, clock=clock)
    isolation.joint_failed()
    assert isolation.apart
    isolation.passed_alone(0)
    common, attempt, wait_s = isolation.failed_alone(1)
    isolation.passed_alone(2)
    isolation.passed()
    assert (common, attempt, isolation.apart) == (False, 1, False)
    assert isolation.well([0, 1, 2]) == [0, 2]
    assert isolation.due([0, 1, 2]) == []
    clock.now = wait_s
    assert isolation.due([0, 1, 2]) == [1]
    isolation.passed_alone(1)
    assert isolation.well([0, 1, 2]) == [0, 1, 2]


def test_two_failures_in_a_row_are_the_surroundings() -> None:
    isolation = Isolation(initial_s=1.0, max_s=8.0, clock=Clock())
    isolation.joint_failed()
    assert isolation.failed_alone(0)[0] is False
    assert isolation.failed_alone(1)[0] is True


def test_while_everything_fails_partitions_are_tried_apart_each_fourth_time() -> None:
    isolation = Isolation(initial_s=1.0, max_s=8.0, clock=Clock())
    tries = []
    for _ in range(9):
        isolation.joint_failed()
        tries.append(isolation.apart)
        isolation.forget()
    assert tries == [True, False, False, False, True, False, False, False, True]


async def test_a_stream_that_cannot_be_read_stops_nobody_else(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    conversations = {partition_of("acme", f"c{n}", 16): f"c{n}" for n in range(200)}
    broken = 3
    await redis.set(stream_key(broken), "not a stream")
    conn = await asyncpg.connect(database_url)
    async with member(database_url, redis_url, settings=SETTINGS) as one:
        for number, (partition, conversation) in enumerate(sorted(conversations.items())):
            if partition != broken:
                event = orjson.dumps(body(number, conversation_id=conversation))
                await redis.xadd(stream_key(partition), {"event": event})
        async with asyncio.timeout(60):
            while await conn.fetchval("SELECT count(*) FROM runtime.event_log") < 15:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            while "partition 3" not in (one.engine.status().last_error or ""):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await redis.delete(stream_key(broken))
        event = orjson.dumps(body(99, conversation_id=conversations[broken]))
        await redis.xadd(stream_key(broken), {"event": event})
        async with asyncio.timeout(60):
            while await conn.fetchval("SELECT count(*) FROM runtime.event_log") < 16:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    await conn.close()
    await redis.aclose()


async def test_what_is_asked_for_in_a_sick_partition_does_not_hurry_the_others(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    conn = await asyncpg.connect(database_url)
    conversation = next(f"c{n}" for n in range(200) if partition_of("acme", f"c{n}", 16) == 3)
    await redis.set(stream_key(3), "not a stream")
    slow = replace(SETTINGS, retry_initial_s=1.0, retry_max_s=1.0, block_ms=1000)
    async with member(database_url, redis_url, settings=slow) as one:
        async with asyncio.timeout(60):
            while "partition 3" not in (one.engine.status().last_error or ""):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        # Until the others, which were tried one by one, are read together again.
        await wait_beats(conn, 15)
        await ask(conn, conversation)
        before, since = await reads(redis), monotonic()
        await wait_beats(conn, 12)
        # One a second of the others, one of the sick one, and what is under way at both ends.
        assert await reads(redis) - before < 4 + 2 * (monotonic() - since)
    await conn.close()
    await redis.aclose()


async def wait_beats(conn: asyncpg.Connection, count: int) -> None:
    """Until the member has heart-beaten so often."""
    beat = "SELECT heartbeat_at FROM runtime.members"
    async with asyncio.timeout(60):
        for _ in range(count):
            last = await conn.fetchval(beat)
            while await conn.fetchval(beat) == last:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)


async def reads(redis: Redis) -> int:
    """How often XREADGROUP was sent to the server."""
    told = await redis.info("commandstats")
    return int(told.get("cmdstat_xreadgroup", {"calls": 0})["calls"])
