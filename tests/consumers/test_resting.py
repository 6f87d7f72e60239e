"""A lane that rests between batches: the first event waits for nothing, nor does a stop."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from events.publisher import Publisher
from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.examples import body

NEVER_S = 3600.0
RESTING = replace(SETTINGS, gather_s=NEVER_S)


async def test_an_event_after_a_quiet_time_is_taken_at_once_and_a_stop_ends_the_rest(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis)
    async with asyncio.timeout(60), member(database_url, redis_url, settings=RESTING):
        await publisher.publish_raw([orjson.dumps(body("message_received.text", 1))])
        await wait_caught_up(database_url, redis_url)
        # What comes during the rest is the next owner's when nobody wakes this one.
        await publisher.publish_raw([orjson.dumps(body("message_received.text", 2))])
    conn = await asyncpg.connect(database_url)
    assert await conn.fetchval("SELECT count(*) FROM runtime.event_log") == 1
    async with member(database_url, redis_url, member_id="next"):
        await wait_caught_up(database_url, redis_url)
        assert await conn.fetchval("SELECT count(*) FROM runtime.event_log") == 2
    await conn.close()
    await redis.aclose()


async def test_nothing_that_comes_during_a_rest_is_left_out(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis)
    async with member(database_url, redis_url, settings=replace(SETTINGS, gather_s=0.2)):
        for number in range(1, 6):
            await publisher.publish_raw([orjson.dumps(body("message_received.text", number))])
        await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    assert await conn.fetchval("SELECT count(*) FROM runtime.event_log") == 5
    await conn.close()
    await redis.aclose()


@pytest.mark.parametrize(
    ("alone_s", "beside_s", "is_beside_work"), [(NEVER_S, 0.01, True), (0.01, NEVER_S, False)]
)
async def test_a_lane_rests_for_as_long_as_the_work_beside_it_wants(
    database_url: str, redis_url: str, alone_s: float, beside_s: float, is_beside_work: bool
) -> None:
    redis = Redis.from_url(redis_url)
    publisher = Publisher(redis)
    settings = replace(SETTINGS, gather_s=alone_s, gather_beside_work_s=beside_s)
    async with member(database_url, redis_url, settings=settings, is_beside_work=is_beside_work):
        for number in range(1, 4):
            await publisher.publish_raw([orjson.dumps(body("message_received.text", number))])
            await wait_caught_up(database_url, redis_url)
    await redis.aclose()


async def test_a_lane_that_is_behind_does_not_rest(database_url: str, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    bodies = [orjson.dumps(body("message_received.text", number)) for number in range(1, 11)]
    await Publisher(redis).publish_raw(bodies)
    async with member(database_url, redis_url, settings=replace(RESTING, batch_events=4)):
        await wait_caught_up(database_url, redis_url)
    await redis.aclose()
