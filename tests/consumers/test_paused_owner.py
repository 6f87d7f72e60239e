"""An owner that is stopped in the middle of its work, and wakes when another has taken over.

Times are read from what Postgres wrote by its own clock, never measured here.
"""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from consumers.observer import SilentObserver
from events.partitioning import stream_key
from tests.consumers.members import member, wait_caught_up
from tests.consumers.paused_worker import (
    SETTINGS,
    STOLEN,
    WORKER,
    start_paused_worker,
    wait_stopped,
)
from tests.consumers.test_dead_letters import PARTITION, body
from tests.forked_process import ForkedProcess

KEY = stream_key(PARTITION)
TAKER = replace(SETTINGS, lease_s=2 * SETTINGS.lease_s)
"""Who takes over is not to complain of a slow machine; how soon it may is a matter of the other's lease."""


@dataclass
class Counting(SilentObserver):
    """Counts what the new owner complains of."""

    resyncs: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def resynced(self, group: str, partition: int, entries: int) -> None:
        self.resyncs[partition] += 1

    def retrying(self, group: str, error: str, attempt: int, wait_s: float) -> None:
        self.faults.append(error)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    made = await asyncpg.connect(database_url)
    yield made
    await made.close()


async def publish(redis: Redis, *numbers: int) -> None:
    """All at once, so that they are read together."""
    async with redis.pipeline(transaction=True) as pipe:
        for number in numbers:
            pipe.xadd(KEY, {"event": orjson.dumps(body(number))})
        await pipe.execute()


async def stopped_worker(
    database_url: str,
    redis_url: str,
    point: str,
    conn: asyncpg.Connection,
    redis: Redis,
    *,
    events: int = 1,
) -> ForkedProcess | Process:
    """A worker that owns everything and is stopped with the first events in its hands."""
    worker = await start_paused_worker(database_url, redis_url, point)
    try:
        async with asyncio.timeout(60):
            while await owned_by(conn, WORKER) < 16:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)
        await publish(redis, *range(events))
        await wait_stopped(worker)
    except BaseException:
        await end(worker)
        raise
    return worker


async def end(worker: ForkedProcess | Process) -> list[str]:
    """What it had said."""
    worker.kill()
    said, _ = await worker.communicate()
    return said.decode().splitlines()


async def owned_by(conn: asyncpg.Connection, member_id: str) -> int:
    count: int = await conn.fetchval(
        "SELECT count(*) FROM runtime.partition_owners WHERE owner = $1", member_id
    )
    return count


async def check_takeover(conn: asyncpg.Connection) -> None:
    """Every partition changed hands behind the lease, and soon: nothing that the worker held kept it."""
    async with asyncio.timeout(60):
        while await owned_by(conn, "taker") < 16:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)
    took_s = await conn.fetch(
        "SELECT extract(epoch FROM o.taken_at - m.heartbeat_at)::float8 AS s"
        "  FROM runtime.partition_owners AS o, runtime.members AS m"
        " WHERE m.member_id = $1 AND o.owner = 'taker'",
        WORKER,
    )
    assert max(row["s"] for row in took_s) <= SETTINGS.lease_s + 30
    assert min(row["s"] for row in took_s) >= SETTINGS.lease_s


async def check_exactly_once(conn: asyncpg.Connection, count: int) -> None:
    logged = await conn.fetch(
        "SELECT event_id::text AS id FROM runtime.event_log ORDER BY position"
    )
    assert [row["id"] for row in logged] == [body(n)["id"] for n in range(count)]
    accounts = await conn.fetchrow(
        "SELECT sum(read)::int, sum(applied)::int, sum(duplicate)::int FROM runtime.checkpoints"
    )
    assert accounts is not None
    assert tuple(accounts) == (count, count, 0)
    received = await conn.fetchval("SELECT received_count FROM projections.conversations")
    assert received == count


async def test_a_woken_owner_commits_nothing_and_costs_the_new_one_nothing(
    database_url: str, redis_url: str, conn: asyncpg.Connection, redis: Redis
) -> None:
    worker = await stopped_worker(database_url, redis_url, "read_in_hand", conn, redis)
    said: list[str] = []
    try:
        taker = Counting()
        async with member(
            database_url, redis_url, member_id="taker", observer=taker, settings=TAKER
        ):
            await wait_caught_up(database_url, redis_url)
            await check_takeover(conn)
            await publish(redis, 1)
            await wait_caught_up(database_url, redis_url)
            worker.send_signal(signal.SIGCONT)
            while await redis.xlen(KEY) <= STOLEN:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)
            await publish(redis, STOLEN + 1)
            await wait_caught_up(database_url, redis_url)
            async with asyncio.timeout(60):
                while await owned_by(conn, WORKER) < 8:  # noqa: ASYNC110 - a real condition
                    await asyncio.sleep(0.02)
            said = await end(worker)
    finally:
        if worker.returncode is None:
            await end(worker)
    await check_exactly_once(conn, STOLEN + 2)
    told = [line for line in said if line.startswith(("committed", f"released {PARTITION} "))]
    assert told[0] == f"released {PARTITION} lost"
    assert taker.faults == []
    # Once at the takeover, once for what the woken worker took; none of them comes again.
    assert taker.resyncs[PARTITION] <= 4
    assert sum(taker.resyncs.values()) == taker.resyncs[PARTITION]


# What is less is not worth a copy.
@pytest.mark.parametrize(("point", "events"), [("in_transaction", 1), ("in_copy", 260)])
async def test_an_owner_stopped_in_its_transaction_does_not_hold_the_takeover_up(
    database_url: str,
    redis_url: str,
    conn: asyncpg.Connection,
    redis: Redis,
    point: str,
    events: int,
) -> None:
    worker = await stopped_worker(database_url, redis_url, point, conn, redis, events=events)
    try:
        taker = Counting()
        async with member(
            database_url, redis_url, member_id="taker", observer=taker, settings=TAKER
        ):
            await wait_caught_up(database_url, redis_url)
            await check_takeover(conn)
            worker.send_signal(signal.SIGCONT)
            await publish(redis, events)
            await wait_caught_up(database_url, redis_url)
    finally:
        await end(worker)
    await check_exactly_once(conn, events + 1)
    assert taker.faults == []
