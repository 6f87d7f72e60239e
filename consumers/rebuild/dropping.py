"""Drops a rebuild's own schema, when nobody holds its tables any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import asyncpg

from consumers.leased import Connection
from consumers.rebuild.giving_back import give_back
from consumers.rebuild.replacing import WaitsFor, whom_to_wait_for
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "dropping.sql")
_LOCK_WITHIN = "1s"
_PAUSE_S = 0.5

Hold = Callable[[], AbstractAsyncContextManager[Connection]]
"""A transaction that commits only while the run is ours."""


async def drop_now(hold: Hold, schema: str) -> None:
    """Drop the schema and all that is in it; what an unfinished undo took goes back.

    Raises:
        asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError: somebody holds its tables.
    """
    async with hold() as conn:
        await conn.execute(_SQL["bound waiting"], _LOCK_WITHIN)
        await give_back(conn, schema)
        await conn.execute(filled(_SQL["drop"], scratch=schema))


async def drop_when_free(pool: asyncpg.Pool, hold: Hold, schema: str, waits_for: WaitsFor) -> None:
    """The same, again and again until nobody holds its tables, telling who does."""
    while True:
        try:
            return await drop_now(hold, schema)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            async with pool.acquire() as conn:
                waits_for(await whom_to_wait_for(conn, [], schema=schema))
            await asyncio.sleep(_PAUSE_S)
