"""A pool of a migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    made = asyncpg.create_pool(database_url, min_size=1, max_size=4)
    async with made as opened:
        yield opened
