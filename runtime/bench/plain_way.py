"""The plain way to consume: one event, one transaction, all read models, one acknowledgement."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
from redis.exceptions import ResponseError

from consumers.log_rows import log_row
from consumers.projector import apply
from events.codec import decode
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from events.partitioning import stream_key
from projections.groups import group_named
from projections.statements import statements
from runtime.postgres_connection import connect
from runtime.redis_client import redis_client
from runtime.settings import Settings

GROUP = "bench-plain"
_SQL = statements("runtime.bench", "ways.sql")
_BLOCK_MS = 200


async def consume(settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop`. Positions are counted here: nobody else writes the log."""
    keys = [stream_key(p, settings.stream_prefix) for p in range(settings.partitions)]
    redis = redis_client(settings.redis_dsn(), timeout_s=30)
    db = await connect(settings.database_dsn())
    unread: Any = dict.fromkeys(keys, ">")
    positions = dict.fromkeys(range(settings.partitions), 0)
    try:
        for key in keys:
            await make_group(redis, key, GROUP)
        while not stop.is_set():
            found: Any = await redis.xreadgroup(GROUP, "one", unread, count=1, block=_BLOCK_MS)
            for key, entries in found or []:
                partition = keys.index(key.decode())
                for entry_id, fields in entries:
                    positions[partition] += 1
                    at = (partition, positions[partition], EntryId.parse(entry_id))
                    await _take(db, fields[b"event"], *at)
                    await redis.xack(key, GROUP, entry_id)
    finally:
        await db.close()
        await redis.aclose()


async def make_group(redis: Any, key: str, group: str) -> None:
    """The group on the stream, which is made where it is missing."""
    try:
        await redis.xgroup_create(key, group, id="0", mkstream=True)
    except ResponseError as error:
        # Another process has made it already.
        if not str(error).startswith("BUSYGROUP"):
            raise


async def _take(
    db: asyncpg.Connection, raw: bytes, partition: int, position: int, entry_id: EntryId
) -> None:
    event = decode(raw)
    recorded = RecordedEvent(event, partition, position, entry_id, datetime.now(UTC))
    async with db.transaction():
        if await db.fetchval(_SQL["log one"], *log_row(recorded, raw)) is None:
            return
        for projection in group_named("projections").projections:
            if event.type in projection.reads:
                await apply(db, projection, [recorded])
