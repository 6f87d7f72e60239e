"""Partitions that move from lane to lane: in one lane each, and nothing is lost, doubled or left over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import asyncpg
import orjson
from redis.asyncio import Redis

from consumers.engine import Engine
from consumers.observer import BatchCommitted, SilentObserver
from events.partitioning import stream_key
from events.publisher import Publisher
from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.examples import body

LANES = 3
ALL = set(range(SETTINGS.partitions))


def text_of(number: int) -> bytes:
    return orjson.dumps(
        body("message_received.text", number) | {"conversation_id": f"customer-{number % 40}"}
    )


def held(engine: Engine) -> list[tuple[int, ...]]:
    return [lane.partitions for lane in engine._lanes]


async def wait_held(engine: Engine, is_so: Callable[[list[tuple[int, ...]]], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so(held(engine)):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.01)


def by_one_lane(partitions: list[tuple[int, ...]]) -> bool:
    return set(partitions[0]) == ALL and not any(partitions[1:])


def by_all_lanes(partitions: list[tuple[int, ...]]) -> bool:
    return sorted(map(len, partitions)) == [5, 5, 6]


class Watching(SilentObserver):
    """Looks after each batch in which lanes the partitions are."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.seen: list[list[tuple[int, ...]]] = []

    def batch_committed(self, batch: BatchCommitted) -> None:
        if self.engine is not None:
            self.seen.append(held(self.engine))


async def check_all_once_in_order(database_url: str, redis: Redis, events: int) -> None:
    conn = await asyncpg.connect(database_url)
    logged = await conn.fetch(
        "SELECT partition, event_id::text AS id FROM runtime.event_log ORDER BY partition, position"
    )
    accounts = await conn.fetchrow(
        "SELECT sum(read)::int, sum(applied)::int, sum(duplicate)::int FROM runtime.checkpoints"
    )
    await conn.close()
    assert accounts is not None
    assert tuple(accounts) == (events, events, 0)
    streams: dict[int, list[str]] = {}
    for partition in range(SETTINGS.partitions):
        entries: Any = await redis.xrange(stream_key(partition))
        streams[partition] = [orjson.loads(fields[b"event"])["id"] for _, fields in entries]
    expected = [(p, event_id) for p, ids in streams.items() for event_id in ids]
    assert [(row["partition"], row["id"]) for row in logged] == expected


async def pending(redis: Redis) -> int:
    found = 0
    for partition in range(SETTINGS.partitions):
        summary: Any = await redis.xpending(stream_key(partition), "projections")
        found += summary["pending"]
    return found


async def test_a_member_begins_with_one_lane_and_spreads_over_all_while_batches_are_full(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    watching = Watching()
    # Three entries of each stream a batch.
    settings = replace(SETTINGS, lanes=LANES, batch_events=48)
    async with member(database_url, redis_url, settings=settings, observer=watching) as it:
        watching.engine = it.engine
        await wait_held(it.engine, by_one_lane)
        await Publisher(redis).publish_raw([text_of(number) for number in range(1, 1001)])
        await wait_held(it.engine, by_all_lanes)
        await wait_caught_up(database_url, redis_url)
    await check_all_once_in_order(database_url, redis, 1000)
    assert by_one_lane(watching.seen[0])
    assert any(map(by_all_lanes, watching.seen))
    for partitions in watching.seen:
        assert sorted(p for lane in partitions for p in lane) == sorted(ALL)
    await redis.aclose()


async def test_partitions_that_move_to_and_fro_lose_nothing_and_leave_nothing_pending(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    settings = replace(SETTINGS, lanes=LANES)
    async with member(database_url, redis_url, settings=settings) as it:
        await wait_held(it.engine, by_one_lane)
        spread = it.engine._dealing._spread
        published = 0
        for turn in range(8):
            # Some are in a lane's hands, some come while it waits.
            bodies = [text_of(number) for number in range(published + 1, published + 61)]
            await Publisher(redis).publish_raw(bodies)
            published += len(bodies)
            spread.lanes = 1 if turn % 2 else LANES
            spread.changed.set()
            await wait_held(it.engine, by_one_lane if turn % 2 else by_all_lanes)
        await wait_caught_up(database_url, redis_url)
        async with asyncio.timeout(60):
            # What was committed is acknowledged with the next read.
            while await pending(redis):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)
    await check_all_once_in_order(database_url, redis, published)
    await redis.aclose()


async def test_what_is_not_trusted_in_one_lane_is_loaded_anew_in_the_next(
    database_url: str, redis_url: str
) -> None:
    settings = replace(SETTINGS, lanes=LANES)
    async with member(database_url, redis_url, settings=settings) as it:
        await wait_held(it.engine, by_one_lane)
        giver, taker, _ = it.engine._lanes
        before = giver.states[3]
        async with giver._busy, taker._busy:
            giver.distrust([3])
            moving = asyncio.create_task(giver.hand_to(taker, [3]), name="moving")
            await asyncio.sleep(0)
        await moving
        # It may have been moved back since: what counts is that it was loaded, wherever.
        async with asyncio.timeout(60):
            while any(  # noqa: ASYNC110 - a real condition
                lane.states.get(3) is before for lane in it.engine._lanes
            ):
                await asyncio.sleep(0.01)


async def test_a_lane_that_is_left_without_partitions_tells_of_no_fault(
    database_url: str, redis_url: str
) -> None:
    settings = replace(SETTINGS, lanes=LANES)
    async with member(database_url, redis_url, settings=settings) as it:
        await wait_held(it.engine, by_one_lane)
        lane = it.engine._lanes[0]
        async with lane._busy:
            lane.last_fault = "Postgres was away"
            lane._drop(lane.partitions)
            assert lane.last_fault is None
        # What no lane has is taken up with the next beat.
        await wait_held(it.engine, by_one_lane)
