"""What the outbox holds comes to its stream once, in order, whatever Redis forgets meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from events.envelope import Event
from events.errors import InvalidEvent
from events.payload import UnknownType
from events.publisher import Publisher
from events.sources import AGENT_RUNTIME
from projections.migrate import Database
from runtime.outbox import Relay, RelaySettings, append
from tests.consumers.members import member, wait_caught_up
from tests.projections.spec import event

ALL = range(16)
QUICK = RelaySettings(poll_s=0.02, resend_after_s=0.2)


class Told:
    def __init__(self) -> None:
        self.again = self.failures = 0

    def relayed(self, bodies: Sequence[str], again: int) -> None:
        self.again += again

    def relay_failed(self, error: str, wait_s: float) -> None:
        self.failures += 1

    def outbox_depth(self, rows: int, age_s: float) -> None:
        pass


def own(number: int, conversation: str = "c-1") -> Event:
    made = event("message.sent", conversation, number=number, message_id=f"out-{number}").event
    return Event(
        UUID(int=made.id.int),
        made.type,
        made.version,
        datetime.now(UTC),
        made.company_id,
        conversation,
        AGENT_RUNTIME,
        "cor-1",
        None,
        made.payload,
    )


@asynccontextmanager
async def relaying(
    database_url: str, redis_url: str, *, settings: RelaySettings = QUICK
) -> AsyncIterator[tuple[Relay, Told]]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2)
    redis = Redis.from_url(redis_url)
    told = Told()
    relay = Relay(pool, Publisher(redis), owned=lambda: ALL, observer=told, settings=settings)
    task = asyncio.create_task(relay.run(), name="relay")
    try:
        yield relay, told
    finally:
        task.cancel()
        await asyncio.wait({task})
        await redis.aclose()
        await pool.close()


async def put(database_url: str, *events: Event) -> None:
    conn = await asyncpg.connect(database_url)
    async with conn.transaction():
        for event in events:
            await append(conn, [event], partitions=16)
    await conn.close()


async def wait_empty(conn: Database) -> None:
    async with asyncio.timeout(30):
        while await conn.fetchval("SELECT count(*) FROM runtime.outbox"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def logged(conn: Database) -> list[str]:
    rows = await conn.fetch(
        "SELECT body->'payload'->>'message_id' AS id FROM runtime.event_log"
        " ORDER BY partition, position"
    )
    return [row["id"] for row in rows]


async def test_rows_leave_once_the_log_holds_them_and_not_before(
    database_url: str, redis_url: str
) -> None:
    conn = await asyncpg.connect(database_url)
    await put(database_url, own(1), own(2))
    async with relaying(database_url, redis_url, settings=RelaySettings(poll_s=0.02)):
        async with asyncio.timeout(30):
            while await conn.fetchval(  # noqa: ASYNC110 - a real condition
                "SELECT count(*) FROM runtime.outbox WHERE sent_at IS NULL"
            ):
                await asyncio.sleep(0.01)
        assert await conn.fetchval("SELECT count(*) FROM runtime.outbox") == 2
        async with member(database_url, redis_url):
            await wait_empty(conn)
    assert await logged(conn) == ["out-1", "out-2"]
    await conn.close()


async def test_what_redis_acknowledged_and_lost_is_sent_again_in_order(
    database_url: str, redis_url: str
) -> None:
    conn = await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    await put(database_url, *(own(n) for n in range(1, 6)))
    async with relaying(database_url, redis_url) as (_, told):
        async with asyncio.timeout(30):
            while await conn.fetchval(  # noqa: ASYNC110 - a real condition
                "SELECT count(*) FROM runtime.outbox WHERE sent_at IS NULL"
            ):
                await asyncio.sleep(0.01)
        await redis.flushall()
        await put(database_url, *(own(n) for n in range(6, 9)))
        async with member(database_url, redis_url):
            await wait_empty(conn)
            await wait_caught_up(database_url, redis_url)
    assert await logged(conn) == [f"out-{n}" for n in range(1, 9)]
    assert told.again >= 5
    await redis.aclose()
    await conn.close()


async def test_a_later_event_of_a_conversation_never_overtakes_one_on_its_way(
    database_url: str, redis_url: str
) -> None:
    conn = await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    async with relaying(database_url, redis_url, settings=RelaySettings(poll_s=0.01)):
        await put(database_url, own(1, "a"))
        async with asyncio.timeout(30):
            while not await conn.fetchval(  # noqa: ASYNC110 - a real condition
                "SELECT count(*) FROM runtime.outbox WHERE sent_at IS NOT NULL"
            ):
                await asyncio.sleep(0.01)
        await put(database_url, own(2, "a"), own(3, "b"))
        async with asyncio.timeout(30):
            while not await conn.fetchval(  # noqa: ASYNC110 - a real condition
                "SELECT count(*) FROM runtime.outbox WHERE conversation_id = 'b'"
                " AND sent_at IS NOT NULL"
            ):
                await asyncio.sleep(0.01)
        waits = await conn.fetchval(
            "SELECT sent_at IS NULL FROM runtime.outbox WHERE conversation_id = 'a'"
            " ORDER BY id DESC LIMIT 1"
        )
        assert waits
    await redis.aclose()
    await conn.close()


async def test_two_relays_at_once_have_one_effect(database_url: str, redis_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    async with (
        relaying(database_url, redis_url),
        relaying(database_url, redis_url),
        member(database_url, redis_url),
    ):
        for start in range(1, 101, 10):
            await put(database_url, *(own(n) for n in range(start, start + 10)))
        await wait_empty(conn)
        await wait_caught_up(database_url, redis_url)
    assert await logged(conn) == [f"out-{n}" for n in range(1, 101)]
    await conn.close()


async def test_events_of_two_conversations_are_not_told_as_of_one(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    with pytest.raises(ValueError, match="2 conversations"):
        await append(conn, [own(1, "a"), own(2, "b")], partitions=16)
    left = await conn.fetchval("SELECT count(*) FROM runtime.outbox")
    await conn.close()
    assert left == 0


async def test_concurrent_writers_of_a_conversation_commit_in_the_order_of_their_ids(
    database_url: str,
) -> None:
    first = await asyncpg.connect(database_url)
    second = await asyncpg.connect(database_url)
    opened = first.transaction()
    await opened.start()
    await append(first, [own(1)], partitions=16)

    async def later() -> None:
        async with second.transaction():
            await append(second, [own(2)], partitions=16)

    waiting = asyncio.create_task(later(), name="second-writer")
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    await opened.commit()
    await waiting
    ids = await first.fetch("SELECT event_id FROM runtime.outbox ORDER BY id")
    await first.close()
    await second.close()
    assert [row["event_id"] for row in ids] == [own(1).id, own(2).id]


async def test_an_event_that_may_not_be_published_is_refused_where_it_is_written(
    database_url: str,
) -> None:
    good = own(1)
    bad = Event(
        good.id,
        "message.imagined",
        1,
        good.occurred_at,
        good.company_id,
        "c-1",
        AGENT_RUNTIME,
        "cor-1",
        None,
        UnknownType(raw={}),
    )
    with pytest.raises(InvalidEvent, match="not in the catalogue"):
        await put(database_url, bad)


async def test_what_only_a_newer_build_can_publish_waits_and_holds_up_its_conversation_alone(
    database_url: str, redis_url: str
) -> None:
    newer = '{"type": "message.sung"}'
    conn = await asyncpg.connect(database_url)
    await conn.execute(
        "INSERT INTO runtime.outbox (partition, company_id, conversation_id, event_id, body)"
        " VALUES (0, $1, 'c-1', gen_random_uuid(), $2)",
        own(1).company_id,
        newer,
    )
    await put(database_url, own(1, "c-1"), own(2, "c-2"))
    async with relaying(database_url, redis_url) as (_, told), member(database_url, redis_url):
        async with asyncio.timeout(30):
            while await conn.fetchval(  # noqa: ASYNC110 - a real condition
                "SELECT EXISTS (SELECT FROM runtime.outbox WHERE conversation_id = 'c-2')"
            ):
                await asyncio.sleep(0.01)
    assert told.failures > 0
    left = await conn.fetch("SELECT conversation_id, sent_at FROM runtime.outbox ORDER BY id")
    assert [tuple(row) for row in left] == [("c-1", None), ("c-1", None)]
    await conn.close()
