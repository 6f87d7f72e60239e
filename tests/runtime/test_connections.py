"""What a new connection to Postgres knows."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from projections import groups
from projections.migrate import table_statement
from runtime.connections import Connections
from runtime.settings import load_settings
from tests.known_types import forget_known_types

ROOT = Path(__file__).parents[2]
ARRAY = re.compile(r"\b[a-z0-9_]+\[\]")


def arrays_in_statements() -> set[str]:
    """Each array type that a statement names."""
    texts = [
        file.read_text()
        for folder in ("consumers", "projections", "runtime")
        for file in (ROOT / folder).rglob("*.sql")
        if file.name != "postgres_connection.sql" and "migrations" not in file.parts
    ]
    texts += [
        table_statement(projection, table, kind)
        for group in groups.ALL
        for projection in group.projections
        for table in projection.tables
        for kind in ("load", "store")
        if kind == "store" or table.kind.name == "STATE"
    ]
    return {found for text in texts for found in ARRAY.findall(text)}


async def test_a_connection_of_the_pool_knows_every_array_that_statements_use(
    database_url: str, redis_url: str
) -> None:
    names = sorted(arrays_in_statements())
    assert "smallint[]" in names
    forget_known_types()
    connections = Connections(
        load_settings({"SUPABASE_DB_URL": database_url, "REDIS_URL": redis_url}, env_file=None)
    )
    asked: list[str] = []
    try:
        await connections.open_pool()
        pool = await connections.wait_open()
        async with pool.acquire() as conn:
            with conn.query_logger(lambda told: asked.append(told.query)):
                for name in names:
                    await conn.fetchval(f"SELECT $1::{name}", None)
                # The last of them is told in the loop's next round.
                await asyncio.sleep(0)
    finally:
        await connections.close()
    assert asked == [f"SELECT $1::{name}" for name in names]
