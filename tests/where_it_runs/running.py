"""The whole service in this process against some servers, and a producer that does not give up."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg

from events.errors import PublishFailed
from events.publisher import Publisher, PublisherSettings
from runtime.redis_client import redis_client
from runtime.service import Service
from runtime.settings import Settings, load_settings
from tests.oracle import check_read_models


def settings_for(database_url: str, redis_url: str, **others: str) -> Settings:
    quick = {"BATCH_EVENTS": "1000", "BLOCK_MS": "1000", "HEARTBEAT_S": "0.3", "LEASE_S": "3"}
    urls = {"SUPABASE_DB_URL": database_url, "REDIS_URL": redis_url}
    return load_settings({**quick, **urls, **others}, env_file=None)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Service]:
    """The service, stopped cleanly at the end."""
    service, stop = Service(settings, process_metrics=False), asyncio.Event()
    task = asyncio.create_task(service.run(stop), name="service")
    try:
        yield service
    finally:
        stop.set()
        await task


def corpus_lines(corpus: Path) -> list[bytes]:
    with gzip.open(corpus / "sgd-events.jsonl.gz") as lines:
        return [line.rstrip(b"\n") for line in lines]


def expected_events(corpus: Path) -> int:
    loaded: dict[str, Any] = json.loads((corpus / "sgd-expected.json").read_text())
    return int(loaded["events"])


@asynccontextmanager
async def producer(redis_url: str) -> AsyncIterator[Publisher]:
    """A publisher that tries each batch once: the first failure ends its pass."""
    redis = redis_client(redis_url, timeout_s=5)
    try:
        yield Publisher(redis, settings=PublisherSettings(attempts=1))
    finally:
        await redis.aclose()


async def publish(redis_url: str, bodies: Sequence[bytes]) -> None:
    async with producer(redis_url) as publisher:
        await publisher.publish_raw(bodies)


async def publish_until_confirmed(publisher: Publisher, bodies: Sequence[bytes]) -> int:
    """Publish all of them again from the first, until a pass succeeds; how many failed."""
    failed = 0
    while True:
        try:
            await publisher.publish_raw(bodies)
        except PublishFailed:
            failed += 1
            await asyncio.sleep(0.05)
        else:
            return failed


async def wait_logged(database_url: str, events: int, *, still_s: float = 60) -> None:
    """Until the log holds so many events, however slowly it grows; not once it stands still."""
    found, grew_at = -1, monotonic()
    while (now := await logged(database_url)) < events:
        if now > found:
            found, grew_at = now, monotonic()
        assert monotonic() - grew_at < still_s, f"the log stands at {found} of {events} events"
        await asyncio.sleep(0.05)


async def logged(database_url: str) -> int:
    conn = await asyncpg.connect(database_url)
    try:
        found: int = await conn.fetchval("SELECT count(*) FROM runtime.event_log")
        return found
    finally:
        await conn.close()


async def check(database_url: str, corpus: Path) -> None:
    """The read models are exactly what the corpus gives."""
    conn = await asyncpg.connect(database_url)
    try:
        await check_read_models(conn, corpus)
    finally:
        await conn.close()
