"""A database whose log holds events of every type, all consumed, and rebuilds of its read models."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from redis.asyncio import Redis

from consumers.rebuild.observing import SilentRebuildObserver
from consumers.rebuild.plan import Kind, Operator, Plan, RebuildSettings
from consumers.rebuild.report import Difference, Report
from consumers.rebuild.run import Rebuild
from consumers.selection import Selection
from events.catalogue import CATALOGUE
from events.publisher import Publisher, PublisherSettings
from projections.groups import group_named
from projections.registry import by_name
from tests.consumers.members import member, wait_caught_up
from tests.examples import EXAMPLES

GROUP = group_named("projections")
NAMES = tuple(p.name for p in GROUP.projections)
BEGAN = datetime(2026, 11, 2, 12, tzinfo=UTC)
SETTINGS = RebuildSettings(chunk_events=60, page_events=25, beat_s=0.05, stale_s=45)
ANA = Operator("ana", "here")
_VARIED = ("message_id", "lead_id", "handoff_id", "followup_id", "turn_id")


def mixed(count: int, *, conversations: int = 12, seed: int = 1, start: int = 0) -> list[bytes]:
    """Events of all types, in order; ids and order depend on `seed` and `start` alone."""
    drawn = random.Random(f"{seed} {start}")
    types = [*EXAMPLES, *["message_received.text", "message.sent"] * 12]
    return [_event(drawn, start + n, drawn.choice(types), conversations) for n in range(count)]


def _event(drawn: random.Random, number: int, type_: str, conversations: int) -> bytes:
    payload: dict[str, Any] = dict(EXAMPLES[type_])
    for name in _VARIED:
        if name in payload:
            payload[name] = f"{payload[name]}-{drawn.randrange(4)}"
    if "text" in payload:
        payload["text"] = f"text {number}"
    which = drawn.randrange(conversations)
    at = BEGAN + timedelta(seconds=7 * number)
    body = {
        "id": str(UUID(int=(0x0190A000 << 96) | (7 << 76) | (2 << 62) | number)),
        "type": type_,
        "version": CATALOGUE[type_].current,
        "occurred_at": at.isoformat(),
        "company_id": f"company-{which % 3}",
        "conversation_id": f"c-{which}",
        "source": "test",
        "correlation_id": f"k-{number}",
        "causation_id": None,
        "payload": payload,
    }
    return orjson.dumps(body)


async def publish(redis_url: str, bodies: list[bytes]) -> None:
    """Append them."""
    redis = Redis.from_url(redis_url)
    try:
        await Publisher(redis, settings=PublisherSettings()).publish_raw(bodies)
    finally:
        await redis.aclose()


async def consumed(database_url: str, redis_url: str, bodies: list[bytes]) -> None:
    """Append them and let a member consume them."""
    await publish(redis_url, bodies)
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)


class Watched(SilentRebuildObserver):
    """Keeps what a rebuild tells; `at` is awaited at a point of that name."""

    def __init__(self, **at: Callable[[], Awaitable[None]]) -> None:
        self.phases: list[tuple[str, str | None]] = []
        self.resumed: list[bool] = []
        self.points: list[str] = []
        self.differences: list[tuple[str, Difference]] = []
        self._at = at

    def began(self, title: str, *, resumed: bool) -> None:
        self.resumed.append(resumed)

    def phase(self, phase: str, projection: str | None) -> None:
        self.phases.append((phase, projection))

    def differs(self, projection: str, difference: Difference) -> None:
        self.differences.append((projection, difference))

    async def reached(self, point: str) -> None:
        self.points.append(point)
        if (then := self._at.get(point.replace(" ", "_"))) is not None:
            await then()


@asynccontextmanager
async def pool_of(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the command has it."""
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=6, statement_cache_size=0
    ) as pool:
        yield pool


async def rebuilt(
    database_url: str,
    *names: str,
    kind: Kind = Kind.REPLAY,
    selection: Selection | None = None,
    observer: Watched | None = None,
    keep_old_s: float = 3600,
    **more: Any,
) -> list[Report]:
    """Rebuild these read models, or all."""
    fail_fast = more.pop("fail_fast", False)
    plan = Plan(
        kind,
        more.pop("projections", None) or tuple(by_name(name) for name in names or NAMES),
        selection=selection,
        keep_old_s=keep_old_s,
        fail_fast=fail_fast,
    )
    async with pool_of(database_url) as pool:
        rebuild = Rebuild(
            pool,
            plan,
            more.pop("operator", ANA),
            group="projections",
            observer=observer or Watched(),
            settings=more.pop("settings", SETTINGS),
            **more,
        )
        return await rebuild.run()


async def rows_of(database_url: str, *names: str) -> dict[str, list[str]]:
    """All rows of read models' tables, as text, in order; without the engine's code."""
    conn = await asyncpg.connect(database_url)
    try:
        tables = [
            row["relname"]
            for row in await conn.fetch(
                "SELECT relname FROM pg_class WHERE relnamespace = 'projections'::regnamespace"
                " AND relkind = 'r' ORDER BY relname"
            )
            if not names or any(row["relname"].startswith(name) for name in names)
        ]
        return {
            table: sorted(
                row["text"]
                for row in await conn.fetch(f"SELECT t::text AS text FROM projections.{table} AS t")
            )
            for table in tables
        }
    finally:
        await conn.close()


async def schemas(database_url: str) -> list[str]:
    """Schemas that rebuilds made."""
    conn = await asyncpg.connect(database_url)
    try:
        rows = await conn.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(replay|replaced)_' ORDER BY 1"
        )
        return [row["nspname"] for row in rows]
    finally:
        await conn.close()
