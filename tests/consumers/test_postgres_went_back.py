"""Postgres goes back to an earlier moment under a member that waits for entries and meets no error."""

from __future__ import annotations

import asyncpg
from redis.asyncio import Redis

from tests.consumers.members import member, wait_caught_up
from tests.consumers.one_stream import SMALL, append, logged, losses, wait_logged

_TABLES = """
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname = 'projections'
        OR (schemaname = 'runtime' AND tablename IN
            ('event_log', 'checkpoints', 'projection_checkpoints', 'event_counts'))
     ORDER BY 1
"""


async def keep(conn: asyncpg.Connection) -> list[str]:
    """Copies of everything that a batch writes."""
    await conn.execute("CREATE SCHEMA earlier")
    names = [row["name"] for row in await conn.fetch(_TABLES)]
    for number, name in enumerate(names):
        await conn.execute(f"CREATE TABLE earlier.t{number} AS SELECT * FROM {name}")
    return names


async def go_back(conn: asyncpg.Connection, names: list[str]) -> None:
    """What a restore to that moment leaves."""
    async with conn.transaction():
        for number, name in enumerate(names):
            await conn.execute(f"DELETE FROM {name}")
            await conn.execute(f"INSERT INTO {name} SELECT * FROM earlier.t{number}")


async def test_an_idle_member_notices_that_postgres_went_back_and_reads_the_rest_again(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    conn = await asyncpg.connect(database_url)
    async with member(database_url, redis_url, settings=SMALL):
        await append(redis, range(10))
        await wait_caught_up(database_url, redis_url)
        names = await keep(conn)
        await append(redis, range(10, 30))
        await wait_caught_up(database_url, redis_url)
        await go_back(conn, names)
        await wait_logged(database_url, range(30))
        await wait_caught_up(database_url, redis_url)
    received = await conn.fetchval("SELECT received_count FROM projections.conversations")
    await conn.close()
    await redis.aclose()
    assert await logged(database_url) == list(range(30))
    assert received == 30
    assert await losses(database_url) == []
