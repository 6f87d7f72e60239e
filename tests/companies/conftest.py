"""A pool of a migrated database, and an operator beside it who has a key for secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.runtime.operators import Operator

KEY = "00" * 32


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    made = asyncpg.create_pool(database_url, min_size=1, max_size=4)
    async with made as opened:
        yield opened


@pytest.fixture
def operator(database_url: str, redis_url: str, tmp_path: Path) -> Operator:
    (tmp_path / ".env").write_text(f"CREDENTIALS_KEY={KEY}\n")
    return Operator(database_url, redis_url, tmp_path)
