"""What outlives a seed: the servers, a migrated template database, the parent of the workers."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
from redis.asyncio import Redis

from projections.migrate import migrate
from runtime.embedded.directory import SocketsDirectory
from tests.in_memory import in_memory
from tests.simulator.nursery import Nursery
from tests.simulator.schedule import PARTITIONS
from tests.simulator.servers import postgres_server, redis_server

_TEMPLATE = "simulator_template"
USER = "agent_runtime"


class Arena:
    """Servers for one seed at a time. Enter it from the main thread, outside an event loop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self._sockets = SocketsDirectory()
        self._held = os.open(self.directory / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self.redis = redis_server(self.directory / "valkey", self._sockets.path, self._held)
        self.postgres = postgres_server(self.directory / "postgres", self._sockets.path, self._held)
        self.nursery = Nursery(self.directory)
        asyncio.run(self._prepare())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.nursery.close()
        self.redis.crash(signal.SIGKILL)
        self.postgres.crash(signal.SIGQUIT)
        self._sockets.remove()
        os.close(self._held)

    @property
    def redis_socket(self) -> Path:
        """Where Redis listens."""
        return self._sockets.path / "valkey.sock"

    @property
    def postgres_socket(self) -> Path:
        """Where PostgreSQL listens."""
        return self._sockets.path / ".s.PGSQL.5432"

    @property
    def redis_url(self) -> str:
        """Straight to Redis."""
        return f"unix://{self.redis_socket}"

    def database_url(self, database: str) -> str:
        """Straight to PostgreSQL."""
        return f"postgresql://{USER}@/{database}?host={self._sockets.path}"

    async def fresh(self) -> str:
        """Empty Redis; the name of a fresh migrated database."""
        name = f"seed_{next(self._numbers)}"
        redis = Redis.from_url(self.redis_url)
        await redis.flushall()
        await redis.aclose()
        admin = await asyncpg.connect(self.database_url("postgres"))
        strategy = "FILE_COPY" if in_memory(self.directory) else "WAL_LOG"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY {strategy}")
        await admin.close()
        return name

    async def drop(self, database: str) -> None:
        """Drop a seed's database."""
        admin = await asyncpg.connect(self.database_url("postgres"))
        await admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
        await admin.close()

    async def _prepare(self) -> None:
        await self.redis.start()
        await self.postgres.start()
        admin = await asyncpg.connect(self.database_url("postgres"))
        await admin.execute(f"CREATE DATABASE {_TEMPLATE}")
        await admin.close()
        conn = await asyncpg.connect(self.database_url(_TEMPLATE))
        await migrate(conn, partitions=PARTITIONS, stream_prefix="domain-events")
        await conn.close()
