"""What is above the newest id is taken for new unseen; what is below it is looked for, and never lost."""

from __future__ import annotations

import asyncpg
from redis.asyncio import Redis

from consumers.groups import AGENT
from tests.consumers.members import member, wait_caught_up
from tests.consumers.one_stream import SMALL, append, checkpoint, event, logged

SENT = [*range(5, 15), 900, *range(20), 900, 3, 901, *range(895, 903), *range(25)]


async def test_ids_in_any_order_take_effect_once(database_url: str, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    sent = SENT
    for _ in range(2):  # the second member begins with what the first has logged
        async with member(database_url, redis_url, settings=SMALL):
            for start in range(0, len(sent), 7):
                await append(redis, sent[start : start + 7])
                await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    assert sorted(await logged(database_url)) == sorted(set(sent))
    row = await checkpoint(database_url)
    assert (row["applied"], row["duplicate"]) == (len(set(sent)), 2 * len(sent) - len(set(sent)))


async def test_a_group_without_a_log_takes_ids_in_any_order_once(
    database_url: str, redis_url: str
) -> None:
    redis, db = Redis.from_url(redis_url), await asyncpg.connect(database_url)
    for _ in range(2):
        async with member(database_url, redis_url, settings=SMALL, group=AGENT):
            for start in range(0, len(SENT), 7):
                await append(redis, SENT[start : start + 7])
                await wait_caught_up(database_url, redis_url, group="agent")
    seen = await db.fetch("SELECT event_id::text AS id FROM agent.seen_events")
    counts = await db.fetchrow(
        "SELECT sum(applied) AS applied, sum(duplicate) AS duplicate, sum(dead) AS dead"
        " FROM runtime.checkpoints WHERE group_name = 'agent'"
    )
    await redis.aclose()
    await db.close()
    once = set(SENT)
    assert sorted(row["id"] for row in seen) == sorted(str(event(n)["id"]) for n in once)
    assert counts is not None
    assert tuple(counts) == (len(once), 2 * len(SENT) - len(once), 0)
