"""A message that comes again in another event keeps its first row, though nobody looked for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from tests.consumers.members import SETTINGS, member, wait_caught_up
from tests.consumers.one_stream import CONVERSATION, KEY, wait_for
from tests.consumers.test_dead_letters import body


async def _append(redis: Redis, event_numbers: range, message_numbers: Iterable[int]) -> None:
    async with redis.pipeline(transaction=True) as pipe:
        for number, message in zip(event_numbers, message_numbers, strict=True):
            payload = {
                **dict(body(number)["payload"]),  # type: ignore[call-overload]
                "message_id": f"m-{message}",
                "text": f"text of event {number}",
            }
            sent = body(number, conversation_id=CONVERSATION, payload=payload)
            pipe.xadd(KEY, {"event": orjson.dumps(sent)})
        await pipe.execute()


@pytest.mark.parametrize("size", [8, 80, 280], ids=["few", "some to copy", "too many to join"])
async def test_the_first_row_stays_and_only_the_first_refusal_costs_a_transaction(
    database_url: str, redis_url: str, size: int
) -> None:
    # So that a stream's share of a read is a whole batch.
    settings = replace(SETTINGS, batch_events=size * SETTINGS.partitions)
    redis, db = Redis.from_url(redis_url), await asyncpg.connect(database_url)
    half = size // 2
    batches = [
        range(size),
        # Fewer rows, and all of them stand.
        [*range(half), *range(half)],
        *(range(n * size - half, n * size + half) for n in (1, 2)),
    ]
    before = await _undone(db)
    async with member(database_url, redis_url, settings=settings):
        for number, messages in enumerate(batches):
            await _append(redis, range(number * size, (number + 1) * size), messages)
            await wait_caught_up(database_url, redis_url)
    # What a session did is counted for sure when it has ended.
    await wait_for(lambda: _is_alone(db))
    undone = await _undone(db) - before
    rows = await db.fetch("SELECT message_id, text FROM projections.messages")
    parked = await db.fetchval("SELECT count(*) FROM runtime.parked")
    await redis.aclose()
    await db.close()
    brought: dict[str, str] = {}
    for number, message in enumerate(message for messages in batches for message in messages):
        brought.setdefault(f"m-{message}", f"text of event {number}")
    assert {row["message_id"]: row["text"] for row in rows} == brought
    assert (undone, parked) == (1, 0)


async def _is_alone(db: asyncpg.Connection) -> bool:
    others = await db.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return bool(others == 0)


async def _undone(db: asyncpg.Connection) -> int:
    """Transactions rolled back in this database, as far as its sessions have told."""
    undone: int = await db.fetchval(
        "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    )
    return undone
