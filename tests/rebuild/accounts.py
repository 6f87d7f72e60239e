"""Whether everything still adds up, and what a rebuild has in its own schema."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from runtime.queries.conservation import WRONG, recount
from tests.rebuild.test_drift import DRIFTED


async def unbalanced(database_url: str) -> list[Any]:
    """The checks of the conservation audit that do not hold."""
    conn = await asyncpg.connect(database_url)
    try:
        return [check for check in (await recount(conn)).checks if check.state == WRONG]
    finally:
        await conn.close()


async def forge(database_url: str, where: str = "true") -> None:
    """Change rows in every table of read models."""
    conn = await asyncpg.connect(database_url)
    for table, change in DRIFTED.items():
        await conn.execute(f"UPDATE projections.{table}_v1 SET {change} WHERE {where}")
    await conn.close()


async def value(database_url: str, sql: str, *given: Any) -> Any:
    """The only value of a query."""
    conn = await asyncpg.connect(database_url)
    try:
        return await conn.fetchval(sql, *given)
    finally:
        await conn.close()


async def wait_true(database_url: str, sql: str, *given: Any) -> None:
    """Wait until the database says yes."""
    conn = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(60):
            while not await conn.fetchval(sql, *given):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.01)
    finally:
        await conn.close()
