"""The servers of a bench: private ones, or given ones that hold nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from consumers.redis_clients import RedisClient
from consumers.topology import record_topology
from events.partitioning import stream_key, topology_key
from projections.migrate import migrate
from projections.statements import statements
from runtime.bench.settling import settle_postgres, settle_redis
from runtime.capabilities import detect_postgres, detect_redis
from runtime.postgres_connection import connect
from runtime.redis_client import redis_client
from runtime.settings import Settings

_SQL = statements("runtime.bench", "servers.sql")


class NotEmpty(Exception):
    """A given server holds something; nothing was touched."""


class BenchServers:
    """A Postgres and a Redis that this bench has for itself, by the settings' URLs."""

    def __init__(self, settings: Settings, db: asyncpg.Connection, redis: RedisClient) -> None:
        self._settings = settings
        self.db = db
        self.redis = redis

    async def refuse_unless_empty(self) -> None:
        """Raises `NotEmpty` where there is a table of anybody's, or a key."""
        if not await self.db.fetchval(_SQL["is empty"]):
            raise NotEmpty(
                "the database is not empty: a bench drops what it finds; give it its own"
            )
        if await self.redis.dbsize():
            raise NotEmpty("the Redis is not empty: a bench deletes what it finds; give it its own")

    async def start_anew(self) -> None:
        """Empty both of what an earlier run left, to be done by them as well, and migrate."""
        await self.empty()
        await settle_redis(self.redis)
        await settle_postgres(self.db)
        settings = self._settings
        await migrate(self.db, partitions=settings.partitions, stream_prefix=settings.stream_prefix)
        await record_topology(self.db, self.redis)

    async def empty(self) -> None:
        """Leave both as they were found."""
        settings = self._settings
        await self.db.execute(_SQL["empty"])
        prefix = settings.stream_prefix
        for key in (
            topology_key(prefix),
            *(stream_key(p, prefix) for p in range(settings.partitions)),
        ):
            await self.redis.delete(key)

    async def owned_partitions(self) -> int:
        """How many partitions have an owner, over all groups."""
        return int(await self.db.fetchval(_SQL["owned partitions"]))

    async def versions(self) -> tuple[str, str]:
        """Redis' name and version, and Postgres' version."""
        found = await detect_redis(self.redis, self._settings.redis_dsn())
        postgres = await detect_postgres(self.db, self._settings.database_dsn())
        return f"{found.server.capitalize()} {found.version}", postgres.version


@asynccontextmanager
async def bench_servers(settings: Settings) -> AsyncIterator[BenchServers]:
    """The servers, found empty, and left so.

    Raises:
        NotEmpty: nothing was touched.
    """
    db = await connect(settings.database_dsn())
    redis = redis_client(settings.redis_dsn(), timeout_s=30)
    try:
        servers = BenchServers(settings, db, redis)
        await servers.refuse_unless_empty()
        try:
            yield servers
        finally:
            await servers.empty()
    finally:
        await redis.aclose()
        await db.close()
