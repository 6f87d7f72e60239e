"""A database with the platform's tables, a model server, and a thinker between them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from runtime.openai.thinker import OpenAIThinker, ThinkerSettings
from tests.model_server.server import ModelServer
from tests.openai_calls.fakes import KeptUsages, TurnedClock
from tests.openai_calls.platform import TABLES, SealingCipher


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=5, statement_cache_size=0
    ) as made:
        await made.execute(TABLES)
        yield made


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as started:
        yield started


@pytest.fixture
def turned() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def usages() -> KeptUsages:
    return KeptUsages()


@pytest.fixture
async def thinker(
    pool: asyncpg.Pool, usages: KeptUsages, turned: TurnedClock
) -> AsyncIterator[OpenAIThinker]:
    made = OpenAIThinker(
        pool,
        SealingCipher(),
        usages,
        settings=ThinkerSettings(deadline_s=60, closing_s=5),
        clock=turned.clock,
    )
    yield made
    await made.aclose()
