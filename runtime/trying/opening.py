"""Opens what a trial needs, once somebody asks: its own few connections, apart from the workers'."""

from __future__ import annotations

import asyncio
from typing import Any

from runtime.cipher import NoKey
from runtime.companies.directory import Directory
from runtime.companies.knowledge import KnowledgeSearch
from runtime.connections import Connections
from runtime.extraction import extract
from runtime.openai.access import AccessSettings, OpenAIAccess
from runtime.openai.thinker import OpenAIThinker
from runtime.openai.usages import CallCompleted, CallFailed
from runtime.settings import Settings
from runtime.trying.trial import Asked, Trial
from runtime.turns.deciding import Deciding
from runtime.turns.gathering import Gathering

_POOL = {"db_pool_min": 0, "db_pool_max": 2}


class _ToldNobody:
    """A trial's calls are no events; what they cost stands in its audit row and in the budget."""

    async def completed(self, call: CallCompleted) -> None:
        """Nothing."""

    async def failed(self, call: CallFailed) -> None:
        """Nothing."""


class Trials:
    """Trials on demand. Making it opens nothing; `close` when the service ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connections: Connections | None = None
        self._openai: OpenAIAccess | None = None
        self._trial: Trial | None = None
        self._opening = asyncio.Lock()

    async def run(self, asked: Asked, *, by: str) -> dict[str, Any]:
        """As `Trial.run`; raises what connecting raises, too."""
        async with self._opening:
            trial = self._trial or await self._open()
        return await trial.run(asked, by=by)

    async def close(self) -> None:
        """Close what was opened."""
        if self._openai is not None:
            await self._openai.aclose()
        if self._connections is not None:
            await self._connections.close()

    async def _open(self) -> Trial:
        settings = self._settings
        if self._connections is None:
            self._connections = Connections(settings.model_copy(update=_POOL))
        await self._connections.open_pool()
        pool = await self._connections.wait_open()
        cipher = settings.cipher()
        self._openai = OpenAIAccess(
            pool,
            cipher or NoKey(),
            _ToldNobody(),
            settings=AccessSettings(prices=settings.openai_prices),
        )
        self._trial = Trial(
            pool,
            directory=Directory(pool, cipher),
            gathering=Gathering(pool, KnowledgeSearch(pool)),
            thinker=Deciding(OpenAIThinker(self._openai), extract),
        )
        return self._trial
