"""What a rebuild stands on: an operator beside a consumed log, and what events come to elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from runtime.embedded import EmbeddedServers
from tests.copies import Copies
from tests.rebuild.ground import consumed, mixed, rows_of
from tests.runtime.operators import Operator

RowsAfter = Callable[[list[bytes]], Awaitable[dict[str, list[str]]]]


@pytest.fixture
async def bare_operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    """At a migrated database and empty streams, at a terminal of 80 columns."""
    operator = Operator(database_url, redis_url, tmp_path, columns=80)
    await operator.begin()
    return operator


@pytest.fixture
async def operator(bare_operator: Operator) -> Operator:
    """A log with events of every type; everything is consumed, nobody runs any more."""
    await consumed(bare_operator.database_url, bare_operator.redis_url, mixed(400))
    return bare_operator


@pytest.fixture
def rows_after(servers: EmbeddedServers, migrated_copies: Copies, redis_url: str) -> RowsAfter:
    """All rows after these events, consumed in a database and streams of their own."""
    streams_url = redis_url + ("&" if "?" in redis_url else "?") + "db=1"

    async def rows(bodies: list[bytes]) -> dict[str, list[str]]:
        async with Redis.from_url(streams_url) as redis:
            await redis.flushdb()
        name = migrated_copies.take()
        url = servers.postgres.url(name)
        try:
            await consumed(url, streams_url, bodies)
            return await rows_of(url)
        finally:
            migrated_copies.give_back(name)

    return rows
