"""Clients by purpose, made from the settings.

One redis-py client for all purposes loses entries: by default it re-sends any command ten times
after a time-out of 5 s. So blocking reads are never retried, idempotent commands a few times, and
the health client gives up at once.
"""

from __future__ import annotations

import asyncio
from functools import partial

import asyncpg
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from consumers.redis_clients import RedisClient, RedisClients
from runtime.capabilities import (
    POOLER,
    PostgresCapabilities,
    RedisCapabilities,
    detect_postgres,
    detect_redis,
)
from runtime.postgres_connection import StatelessConnection, connect, know_arrays
from runtime.redis_client import redis_client
from runtime.settings import Settings

PROBE_TIMEOUT_S = 2.0
"""How long one connection attempt or health probe may take."""


class Connections:
    """The process's Postgres pool and Redis clients. Making it opens nothing.

    `open_pool` is tried by the readiness probe until it succeeds; who needs the pool awaits
    `wait_open`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: asyncpg.Pool | None = None
        self._opened = asyncio.Event()
        self.postgres: PostgresCapabilities | None = None
        """What the database is, once the pool is open."""
        self.redis = RedisClients(
            reading=_reading(settings),
            commands=_commands(settings),
        )
        self.health = _client(settings, timeout_s=PROBE_TIMEOUT_S, retry=Retry(NoBackoff(), 0))

    @property
    def pool(self) -> asyncpg.Pool | None:
        """The pool, once it is open."""
        return self._pool

    async def open_pool(self) -> None:
        """Connect to Postgres once. Raises what asyncpg raises; does nothing when it is open."""
        if self._pool is not None:
            return
        settings, dsn = self._settings, self._settings.database_dsn()
        self.postgres = await self._detect_postgres(dsn)
        pool = asyncpg.create_pool(
            dsn,
            connection_class=StatelessConnection,
            init=partial(know_arrays, timeout_s=PROBE_TIMEOUT_S),
            min_size=settings.db_pool_min,
            max_size=settings.db_pool_max,
            # Behind a pooler, a name of ours may stand for another process's statement.
            statement_cache_size=(
                0 if self.postgres.route == POOLER else settings.db_statement_cache
            ),
            timeout=PROBE_TIMEOUT_S,
            server_settings={"application_name": "agent-runtime"},
        )
        try:
            await pool
            async with pool.acquire(timeout=PROBE_TIMEOUT_S) as conn:
                await conn.execute("SELECT 1")
        except BaseException:
            pool.terminate()
            raise
        self._pool = pool
        self._opened.set()

    async def detect_redis(self) -> RedisCapabilities:
        """What the Redis is. Raises what redis-py raises, and `WrongMode`."""
        return await detect_redis(self.redis.commands, self._settings.redis_dsn())

    async def _detect_postgres(self, dsn: str) -> PostgresCapabilities:
        conn = await connect(dsn, timeout_s=PROBE_TIMEOUT_S)
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await detect_postgres(conn, dsn)
        finally:
            await conn.close(timeout=PROBE_TIMEOUT_S)

    async def wait_open(self) -> asyncpg.Pool:
        """Wait until `open_pool` has succeeded."""
        await self._opened.wait()
        if self._pool is None:
            raise asyncpg.InterfaceError("the pool is closed")
        return self._pool

    async def probe_db(self) -> None:
        """Open the pool or ask it `SELECT 1`; raises when Postgres does not answer in time."""
        if self._pool is None:
            await self.open_pool()
            return
        async with self._pool.acquire(timeout=PROBE_TIMEOUT_S) as conn:
            await conn.fetchval("SELECT 1", timeout=PROBE_TIMEOUT_S)

    async def probe_redis(self) -> None:
        """PING; raises when Redis, or a primary of its cluster, does not answer in time."""
        if isinstance(self.health, RedisCluster):
            await self.health.ping(target_nodes=RedisCluster.PRIMARIES)
        else:
            await self.health.ping()

    async def close(self) -> None:
        """Close everything; waits a moment for connections in use, then cuts them."""
        for client in (self.redis.reading, self.redis.commands, self.health):
            await client.aclose()
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._pool.close()
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._pool.terminate()


def _reading(settings: Settings) -> RedisClient:
    """Blocking reads: the socket waits longer than BLOCK does, and nothing is sent twice."""
    return _client(settings, timeout_s=settings.block_ms / 1000 + 5, retry=Retry(NoBackoff(), 0))


def _commands(settings: Settings) -> RedisClient:
    backoff = ExponentialWithJitterBackoff(cap=1.0, base=0.05)
    return _client(settings, timeout_s=5.0, retry=Retry(backoff, 2))


def _client(settings: Settings, *, timeout_s: float, retry: Retry) -> RedisClient:
    return redis_client(
        settings.redis_dsn(),
        timeout_s=timeout_s,
        connect_timeout_s=PROBE_TIMEOUT_S,
        retry=retry,
        name="agent-runtime",
    )
