"""Members of the `projections` group for tests: in this process, or apart so that they can die."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from consumers.beats import Beats
from consumers.engine import Engine
from consumers.engine_settings import EngineSettings
from consumers.group import ConsumerGroup
from consumers.groups import PROJECTIONS
from consumers.leases import Leases
from consumers.observer import Observer, SilentObserver
from consumers.redis_clients import RedisClients
from events.partitioning import stream_key
from tests.forked_process import ForkedProcess, start_module

ROOT = Path(__file__).parent.parent.parent
SETTINGS = EngineSettings(
    partitions=16, lease_s=30.0, heartbeat_s=0.1, batch_events=500, block_ms=1000
)
"""A lease is long: only who dies loses a partition, or a batch, however slow the machine is."""
AMONG_THE_DYING = replace(SETTINGS, lease_s=2.0)
"""For who is to be killed, and for who is to take over from it soon."""


@asynccontextmanager
async def redis_clients(url: str) -> AsyncIterator[RedisClients]:
    """Clients by purpose, closed at the end."""
    reading = Redis.from_url(url, socket_timeout=10, retry=Retry(NoBackoff(), 0))
    commands = Redis.from_url(url, socket_timeout=5)
    try:
        yield RedisClients(reading=reading, commands=commands)
    finally:
        await reading.aclose()
        await commands.aclose()


async def beat(
    pool: asyncpg.Pool,
    member_id: str,
    *,
    group: str = "projections",
    lease_s: float = SETTINGS.lease_s,
) -> None:
    """One heart-beat of a member, as a process makes it."""
    await Beats(pool, member_id=member_id, lease_s=lease_s).beat(group, dict)


async def living_member(pool: asyncpg.Pool, member_id: str) -> Leases:
    """The leases of a member that has just beaten; every partition has its row."""
    leases = Leases(pool, group="projections", member_id=member_id, settings=SETTINGS)
    await leases.prepare(SETTINGS.partitions)
    await beat(pool, member_id)
    return leases


@dataclass
class Member:
    """A running engine in this process."""

    engine: Engine
    task: asyncio.Task[None] = field(repr=False)

    async def stop(self) -> None:
        await self.engine.stop()
        await self.task


@asynccontextmanager
async def member(
    database_url: str,
    redis_url: str,
    *,
    member_id: str = "member-1",
    observer: Observer | None = None,
    group: ConsumerGroup = PROJECTIONS,
    settings: EngineSettings = SETTINGS,
    is_beside_work: bool = False,
) -> AsyncIterator[Member]:
    """One member of a group, stopped cleanly at the end."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=6)
    async with redis_clients(redis_url) as clients:
        engine = Engine(
            group,
            pool=pool,
            redis=clients,
            settings=settings,
            member_id=member_id,
            observer=observer or SilentObserver(),
            is_beside_work=lambda: is_beside_work,
        )
        task = asyncio.create_task(engine.run(), name=member_id)
        try:
            yield Member(engine, task)
        finally:
            await engine.stop()
            await task
            await pool.close()


async def wait_caught_up(
    database_url: str, redis_url: str, *, group: str = "projections", within_s: float = 60
) -> None:
    """Until every stream's last entry is at or below the group's checkpoint in Postgres."""
    conn = await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    try:
        async with asyncio.timeout(within_s):
            while not await _caught_up(conn, redis, group):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)
    finally:
        await redis.aclose()
        await conn.close()


async def _caught_up(conn: asyncpg.Connection, redis: Redis, group: str) -> bool:
    rows = await conn.fetch(
        "SELECT partition, entry_id FROM runtime.checkpoints WHERE group_name = $1", group
    )
    cursors = {row["partition"]: _id(row["entry_id"]) for row in rows}
    async with redis.pipeline(transaction=False) as asked:
        for partition in range(SETTINGS.partitions):
            asked.xrevrange(stream_key(partition), count=1)
        newest: list[Any] = await asked.execute()
    return all(
        not last or _id(last[0][0].decode()) <= cursors.get(partition, (0, 0))
        for partition, last in enumerate(newest)
    )


def _id(text: str) -> tuple[int, int]:
    ms, seq = text.split("-")
    return int(ms), int(seq)


async def start_victim(
    database_url: str, redis_url: str, *, freeze_at: str, group: str = "projections"
) -> ForkedProcess | Process:
    """A member in a process of its own that says so and freezes at a point of its first batch.

    `freeze_at` is `before_commit` (everything written, nothing committed) or `before_ack`
    (committed, not acknowledged).
    """
    given = (database_url, redis_url, freeze_at, group)
    return await start_module("tests.consumers.victim", *given)
