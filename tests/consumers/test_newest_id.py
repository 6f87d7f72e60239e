"""What is above the newest id is taken for new unseen; what is below it is looked for, and never lost."""

from __future__ import annotations

from redis.asyncio import Redis

from tests.consumers.members import member, wait_caught_up
from tests.consumers.one_stream import SMALL, append, checkpoint, logged


async def test_ids_in_any_order_take_effect_once(database_url: str, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    sent = [*range(5, 15), 900, *range(20), 900, 3, 901, *range(895, 903), *range(25)]
    for _ in range(2):  # the second member begins with what the first has logged
        async with member(database_url, redis_url, settings=SMALL):
            for start in range(0, len(sent), 7):
                await append(redis, sent[start : start + 7])
                await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    assert sorted(await logged(database_url)) == sorted(set(sent))
    row = await checkpoint(database_url)
    assert (row["applied"], row["duplicate"]) == (len(set(sent)), 2 * len(sent) - len(set(sent)))
