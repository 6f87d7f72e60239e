"""A database with the platform's tables, a model server, and a thinker between them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from runtime.openai import calling
from runtime.openai.access import AccessSettings, OpenAIAccess
from runtime.openai.breaker import BreakerSettings
from runtime.openai.thinker import OpenAIThinker
from tests.model_server.server import ModelServer
from tests.openai_calls.fakes import KeptUsages, TurnedClock
from tests.openai_calls.platform import SealingCipher


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=5, statement_cache_size=0
    ) as made:
        yield made


@pytest.fixture(autouse=True)
def _tells_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was reported is looked at right after the call."""
    monkeypatch.setattr(calling, "_TELLS_AFTER_S", 0)


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
async def access(
    pool: asyncpg.Pool, usages: KeptUsages, turned: TurnedClock
) -> AsyncIterator[OpenAIAccess]:
    settings = AccessSettings(closing_s=20, breaker=BreakerSettings(failures=5))
    made = OpenAIAccess(pool, SealingCipher(), usages, settings=settings, clock=turned.clock)
    yield made
    await made.aclose()


@pytest.fixture
def thinker(access: OpenAIAccess) -> OpenAIThinker:
    return OpenAIThinker(access, deadline_s=60)
