"""How far a group is behind its streams: counted where something stands above its cursor."""

from __future__ import annotations

from redis.asyncio import Redis

from consumers.stream import GroupStreams
from events.entry_id import ZERO, EntryId
from events.partitioning import stream_key
from tests.consumers.members import redis_clients


async def test_a_stream_read_to_its_end_has_no_tail_and_another_tells_its_own(
    redis_url: str,
) -> None:
    redis = Redis.from_url(redis_url)
    last = ZERO
    for partition in (0, 1):
        for _ in range(3):
            last = EntryId.parse(await redis.xadd(stream_key(partition), {"event": b"{}"}))
        await redis.xgroup_create(stream_key(partition), "projections", "0")
    await redis.aclose()
    async with redis_clients(redis_url) as clients:
        streams = GroupStreams(clients, group="projections", consumer="m", prefix="domain-events")
        read = await streams.tails({1: last, 2: ZERO})
        unread = await streams.tails({0: ZERO, 1: last})
    assert {p: (t.lag_events, t.lag_s) for p, t in read.items()} == {1: (0, 0.0), 2: (0, 0.0)}
    assert (unread[0].lag_events, unread[1].lag_events) == (3, 0)
    assert unread[0].lag_s is not None
