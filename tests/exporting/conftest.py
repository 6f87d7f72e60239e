"""A connection to a migrated database, an operator beside it, and another system."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from runtime.embedded import EmbeddedServers
from tests.copies import Copies
from tests.runtime.operators import Operator


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    """At a migrated database and empty streams."""
    operator = Operator(database_url, redis_url, tmp_path)
    await operator.begin()
    return operator


@pytest.fixture
def other_database_url(servers: EmbeddedServers, migrated_copies: Copies) -> Iterator[str]:
    """A second migrated database."""
    name = migrated_copies.take()
    yield servers.postgres.url(name)
    migrated_copies.give_back(name)
