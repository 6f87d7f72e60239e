"""Readers of the public views that hold every answer against the last: nothing may go back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

import asyncpg

GROWING = (
    "SELECT count(*) FROM projections.conversations",
    "SELECT sum(received_count) FROM projections.conversations",
    "SELECT sum(sent_count) FROM projections.conversations",
    "SELECT count(*) FROM projections.messages",
    "SELECT max(position) FROM projections.messages",
    "SELECT count(*) FROM projections.message_statuses",
    "SELECT count(*) FROM projections.leads",
    "SELECT count(*) FROM projections.handoffs",
    "SELECT count(*) FROM projections.rag_queries",
    "SELECT count(*) FROM projections.followups",
    "SELECT sum(calls) FROM projections.openai_usage",
    "SELECT sum(inbound) FROM projections.company_activity",
    "SELECT sum(count) FROM projections.daily_counts",
)
"""With events that only add, each of these only grows."""


@dataclass
class Seen:
    """What watchers saw. Seconds."""

    beats: int = 0
    longest_s: float = 0.0
    last: dict[str, int] = field(default_factory=dict)


@asynccontextmanager
async def watching(database_url: str, *, every_s: float = 0.05) -> AsyncIterator[Seen]:
    """Three clients until the end of the block; the first that is shown less than before fails it.

    One keeps its statements prepared, one does not, and one reads all in one snapshot a beat.
    """
    seen, done = Seen(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for cache, snapshot in ((100, False), (0, False), (100, True)):
            group.create_task(_watch(database_url, seen, done, cache, snapshot, every_s))
        try:
            yield seen
        finally:
            done.set()


async def _watch(
    database_url: str, seen: Seen, done: asyncio.Event, cache: int, snapshot: bool, every_s: float
) -> None:
    conn = await asyncpg.connect(
        database_url,
        statement_cache_size=cache,
        server_settings={"application_name": "a dashboard"},
    )
    last = dict.fromkeys(GROWING, -1)
    try:
        while not done.is_set():
            began = monotonic()
            if snapshot:
                async with conn.transaction(isolation="repeatable_read", readonly=True):
                    await _beat(conn, last, seen)
            else:
                await _beat(conn, last, seen)
            seen.beats += 1
            await asyncio.sleep(max(0.0, every_s - (monotonic() - began)))
    finally:
        await conn.close()


async def _beat(conn: asyncpg.Connection, last: dict[str, int], seen: Seen) -> None:
    for query in GROWING:
        began = monotonic()
        found = int(await conn.fetchval(query) or 0)
        seen.longest_s = max(seen.longest_s, monotonic() - began)
        assert found >= last[query], f"{query}: {found} after {last[query]}"
        last[query] = seen.last[query] = found
