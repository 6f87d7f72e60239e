"""Where scenarios run, and the fresh surroundings of each of their runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from events.publisher import Publisher, PublisherSettings
from runtime.bench.companies import load
from runtime.bench.ledger import Ledger, Place
from runtime.bench.log_events import LogShape
from runtime.bench.progress import Bar, Progress
from runtime.bench.servers import BenchServers
from runtime.bench.service import ServiceUnderTest, serving
from runtime.bench.traffic import Traffic
from runtime.bench.world import World, world
from runtime.settings import Settings

ANSWERS_WITHIN_S = 30.0
"""How long the last answers are waited for."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all runs have in common.

    `scale` shortens them: 1 is the full length. `log` is what a rebuild's log holds then.
    """

    settings: Settings
    servers: BenchServers
    folder: Path
    progress: Progress
    scale: float = 1.0
    log: LogShape = field(default_factory=LogShape)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run needs. `written` gives the companies' file, which names the world's addresses."""

    title: str
    messages: int
    debounce_ms: int
    model_delay_ms: int
    written: Callable[[World], dict[str, Any]]
    uses_model: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A service that runs over companies that stand, and customers who may write."""

    service: ServiceUnderTest
    world: World
    ledger: Ledger
    traffic: Traffic

    async def warm_up(self, places: Sequence[Place]) -> None:
        """One message a place, answered before anything else begins: the service is at work."""
        await self.traffic.flood(places, len(places))
        companies = {company for company, _ in places}
        await self._wait(lambda: self.ledger.waiting(*companies) == 0)

    async def wait_answered(self, *companies: str) -> None:
        """Until all counted messages are answered, or no longer than `ANSWERS_WITHIN_S`."""
        with suppress(TimeoutError):
            await self._wait(lambda: self.ledger.unanswered(*companies) == 0)

    async def _wait(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while not holds():
                self.service.refuse_if_gone()
                await asyncio.sleep(0.02)


@asynccontextmanager
async def fresh(ground: Ground, plan: Plan) -> AsyncIterator[Run]:
    """Empty servers, companies, a world and a service of this run's own.

    Raises:
        ServiceFailed, TimeoutError: the service did not start, or ended.
    """
    ledger = Ledger(
        debounce_ms=plan.debounce_ms,
        expected_ms=plan.debounce_ms + (plan.model_delay_ms if plan.uses_model else 0),
    )
    settings = ground.settings
    await ground.servers.start_anew()
    with ground.progress.bar(plan.title, plan.messages) as bar:
        delay_s = plan.model_delay_ms / 1000
        async with world(ledger.received, ledger.thought, model_delay_s=delay_s) as outside:
            await load(ground.servers.db, settings, ground.folder, plan.written(outside))
            async with serving(settings, ground.servers, ground.folder) as service:
                yield Run(service, outside, ledger, _traffic(ground, ledger, bar))


def _traffic(ground: Ground, ledger: Ledger, bar: Bar) -> Traffic:
    settings = ground.settings
    publisher = Publisher(
        ground.servers.redis,
        settings=PublisherSettings(partitions=settings.partitions, prefix=settings.stream_prefix),
    )
    return Traffic(publisher, ledger, sent=bar.advance)
