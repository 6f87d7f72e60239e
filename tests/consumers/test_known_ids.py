"""Ids that a group may have had are looked up one by one, whatever Postgres knew when it planned that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy

from consumers.dedup import Key
from consumers.seen_basis import seen_already

_ADD = """
    INSERT INTO runtime.seen_events (group_name, partition, event_id, body_hash, entry_id)
    SELECT 'agent', n % 16, gen_random_uuid(), 'a hash', '1-1' FROM generate_series(1, $1::int) AS n
    RETURNING partition, event_id
"""
_READ = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
     WHERE relid = 'runtime.seen_events'::regclass
"""


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One that keeps its plans."""
    conn = await asyncpg.connect(database_url)
    yield conn
    await conn.close()


async def _look(db: asyncpg.Connection, keys: list[Key]) -> tuple[dict[Key, bytes], int]:
    """What was found, and how many rows were read for it."""
    async with db.transaction():
        before = await db.fetchval(_READ)
        found = await seen_already(cast("PoolConnectionProxy", db), "agent", keys)
        return found, await db.fetchval(_READ) - before


@pytest.mark.parametrize("analyzed", ["never", "while few stood there", "now"])
async def test_no_more_rows_are_read_than_ids_are_asked_for(
    db: asyncpg.Connection, analyzed: str
) -> None:
    few = [tuple(row) for row in await db.fetch(_ADD, 2)]
    if analyzed == "while few stood there":
        await db.execute("ANALYZE runtime.seen_events")
    for _ in range(10):
        await _look(db, few)
    many = [tuple(row) for row in await db.fetch(_ADD, 20_000)][:50]
    if analyzed == "now":
        await db.execute("ANALYZE runtime.seen_events")
    unknown = [(99, event_id) for _, event_id in many]
    found, read = await _look(db, many + unknown)
    assert found == dict.fromkeys(many, b"a hash")
    assert read <= len(many)


async def test_how_other_statements_are_planned_is_left_as_it_was(db: asyncpg.Connection) -> None:
    async with db.transaction():
        await _look(db, [tuple(row) for row in await db.fetch(_ADD, 2)])
        assert await db.fetchval("SHOW plan_cache_mode") == "auto"
