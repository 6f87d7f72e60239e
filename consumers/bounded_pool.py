"""A pool whose connections are cut when the server neither answers nor closes.

The server's own time-outs end nothing where the server is frozen or its network gone, and TCP waits
for many minutes. A time-out of asyncpg's would wait for its cancellation in turn. So the connection
is aborted from outside; who waits for it gets a fault that passes, and the pool connects anew. A
cancellation waits for such a server's answer no longer than a moment either.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from consumers.turnstile import Turnstile

_TRANSACTION = 3.0
"""How many times longer a transaction may take than a statement alone: it has several."""
_CANCELLED_S = 0.3
"""How long a cancelled statement may take to end by the server's hand."""


class _Cancellable:
    """A connection that is cut where the end of a cancelled transaction is not answered."""

    def __init__(self, conn: asyncpg.pool.PoolConnectionProxy) -> None:
        self._conn = conn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[None]:
        """As a connection's."""
        cancelled: asyncio.CancelledError | None = None
        cut: asyncio.TimerHandle | None = None
        try:
            async with self._conn.transaction(**options):
                try:
                    yield
                except asyncio.CancelledError as error:
                    cancelled, cut = error, _cut_soon(self._conn)
                    raise
        except Exception:
            if cancelled is None:
                raise
            # What became of the rollback is not the news.
            raise cancelled from None
        finally:
            if cut is not None:
                cut.cancel()


def _cut_soon(conn: asyncpg.pool.PoolConnectionProxy) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(_CANCELLED_S, conn.terminate)


class BoundedPool:
    """What is used here of an asyncpg pool, each use bounded by `within_s`.

    With `at_once` no more of its connections are in use from here; others wait their turn, fairly
    over those for whom they work (`consumers.turnstile.on_behalf_of`).
    """

    def __init__(self, pool: asyncpg.Pool, *, within_s: float, at_once: int | None = None) -> None:
        self._pool = pool
        self._within_s = within_s
        self._turnstile = None if at_once is None else Turnstile(at_once)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """A connection for a transaction."""
        async with self._use(self._within_s * _TRANSACTION) as conn:
            yield cast("asyncpg.pool.PoolConnectionProxy", _Cancellable(conn))

    async def execute(self, query: str, *args: Any) -> str:
        """As a pool's."""
        async with self._use(self._within_s) as conn:
            return await conn.execute(query, *args)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """As a pool's."""
        async with self._use(self._within_s) as conn:
            return await conn.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        """As a pool's."""
        async with self._use(self._within_s) as conn:
            return await conn.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """As a pool's."""
        async with self._use(self._within_s) as conn:
            return await conn.fetchval(query, *args)

    def _use(self, cut_after_s: float) -> _Use:
        return _Use(self._pool, self._turnstile, self._within_s, cut_after_s)


class _Use:
    """One connection, for as long as it is used. A class: each statement passes here."""

    __slots__ = ("_conn", "_cut", "_cut_after_s", "_pool", "_turnstile", "_who", "_within_s")

    def __init__(
        self, pool: asyncpg.Pool, turnstile: Turnstile | None, within_s: float, cut_after_s: float
    ) -> None:
        self._pool = pool
        self._turnstile = turnstile
        self._within_s = within_s
        self._cut_after_s = cut_after_s
        self._who = ""

    async def __aenter__(self) -> asyncpg.pool.PoolConnectionProxy:
        if self._turnstile is not None:
            self._who = await self._turnstile.enter()
        try:
            self._conn = await self._pool.acquire(timeout=self._within_s)
        except BaseException:
            self._leave()
            raise
        self._cut = asyncio.get_running_loop().call_later(self._cut_after_s, self._conn.terminate)
        return self._conn

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is not None and issubclass(kind, asyncio.CancelledError):
                self._cut.cancel()
                self._cut = _cut_soon(self._conn)
            try:
                await self._pool.release(self._conn)
            finally:
                self._cut.cancel()
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._turnstile is not None:
            self._turnstile.leave(self._who)


def bounded(pool: asyncpg.Pool, *, within_s: float, at_once: int | None = None) -> asyncpg.Pool:
    """The pool, bounded. Only the methods above may be used of it."""
    return cast("asyncpg.Pool", BoundedPool(pool, within_s=within_s, at_once=at_once))
