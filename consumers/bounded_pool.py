"""A pool whose connections are cut when the server neither answers nor closes.

The server's own time-outs end nothing where the server is frozen or its network gone, and TCP waits
for many minutes. A time-out of asyncpg's would wait for its cancellation in turn. So the connection
is aborted from outside; who waits for it gets a fault that passes, and the pool connects anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, cast

import asyncpg

_TRANSACTION = 3.0
"""How many times longer a transaction may take than a statement alone: it has several."""


class BoundedPool:
    """What is used here of an asyncpg pool, each use bounded by `within_s`.

    With `at_once` no more of its connections are in use from here; others wait their turn.
    """

    def __init__(self, pool: asyncpg.Pool, *, within_s: float, at_once: int | None = None) -> None:
        self._pool = pool
        self._within_s = within_s
        self._turnstile = nullcontext() if at_once is None else asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """A connection for a transaction."""
        async with self._cut_after(self._within_s * _TRANSACTION) as conn:
            yield conn

    async def execute(self, query: str, *args: Any) -> str:
        """As a pool's."""
        async with self._cut_after(self._within_s) as conn:
            return await conn.execute(query, *args)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """As a pool's."""
        async with self._cut_after(self._within_s) as conn:
            return await conn.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """As a pool's."""
        async with self._cut_after(self._within_s) as conn:
            return await conn.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """As a pool's."""
        async with self._cut_after(self._within_s) as conn:
            return await conn.fetchval(query, *args)

    @asynccontextmanager
    async def _cut_after(self, seconds: float) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        async with self._turnstile, self._pool.acquire(timeout=self._within_s) as conn:
            cut = asyncio.get_running_loop().call_later(seconds, conn.terminate)
            try:
                yield conn
            finally:
                cut.cancel()


def bounded(pool: asyncpg.Pool, *, within_s: float, at_once: int | None = None) -> asyncpg.Pool:
    """The pool, bounded. Only the methods above may be used of it."""
    return cast("asyncpg.Pool", BoundedPool(pool, within_s=within_s, at_once=at_once))
