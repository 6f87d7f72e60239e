"""What tests of consumers are given besides their servers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """A few connections to the test's database, closed at its end."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as made:
        yield made
