"""One conversation's stream: events appended to it, and what Postgres says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import asyncpg
import orjson
from redis.asyncio import Redis

from events.partitioning import partition_of, stream_key
from tests.consumers.members import SETTINGS
from tests.consumers.test_dead_letters import body

CONVERSATION = "c-1"
PARTITION = partition_of("acme", CONVERSATION, 16)
KEY = stream_key(PARTITION)
SMALL = replace(SETTINGS, batch_events=10, block_ms=200)


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
    numbers = _numbers()
    return [numbers[row["id"]] for row in rows]


@cache
def _numbers() -> dict[str, int]:
    return {str(event(n)["id"]): n for n in range(2000)}


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
