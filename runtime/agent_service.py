"""The agent's part of one process: the outbox's relay, and the workers unless they are disabled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import asyncpg

from consumers.bounded_pool import bounded
from consumers.cancellation import raise_if_cancelled
from consumers.errors import told
from consumers.rhythm import until_next_s
from events.publisher import Publisher, PublisherSettings
from projections.statements import statements
from runtime.agent_metrics import AgentMetrics
from runtime.agent_observer import AgentObserver
from runtime.channels.registry import open_senders
from runtime.cipher import Cipher, NoKey
from runtime.companies.directory import Directory
from runtime.companies.knowledge import KnowledgeSearch
from runtime.connections import Connections
from runtime.extraction import extract, load_lists
from runtime.logs import get_logger
from runtime.openai.access import AccessSettings, OpenAIAccess
from runtime.openai.thinker import OpenAIThinker
from runtime.outbox import Relay
from runtime.settings import Settings
from runtime.turns import debounce, reconcile
from runtime.turns.claims import Claims
from runtime.turns.debounce import Debounce, DebounceSettings
from runtime.turns.deciding import Deciding
from runtime.turns.gathering import Gathering
from runtime.turns.parts import TurnParts
from runtime.turns.reconcile import Reconcile
from runtime.usage_events import UsageEvents

_SQL = statements("runtime", "standing.sql")
_LOOK_EVERY_S = 5.0
_log = get_logger(__name__)


class AgentService:
    """Start/stop contract as the engine's: `run` is awaited once and returns after `stop`.

    `owned` tells the partitions whose outbox this process relays. The relay goes on while the last
    turns end, so that what they did is told.
    """

    def __init__(
        self,
        settings: Settings,
        pool: asyncpg.Pool,
        connections: Connections,
        *,
        worker: str,
        owned: Callable[[], Collection[int]],
        metrics: AgentMetrics,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._worker = worker
        self._pool = bounded(pool, within_s=settings.turn_lease_s, at_once=settings.worker_share())
        self.observer = AgentObserver(metrics, _log, wake_relay=self._wake_relay)
        # What keeps the turns' leases, or tells how long customers wait, must not wait for a
        # connection behind the turns.
        self._unshared_pool = bounded(pool, within_s=settings.turn_lease_s)
        self._relay = Relay(
            self._unshared_pool,
            Publisher(
                connections.redis.commands,
                settings=PublisherSettings(
                    partitions=settings.partitions, prefix=settings.stream_prefix
                ),
            ),
            owned=owned,
            observer=self.observer,
        )
        self._debounce: Debounce | None = None
        self._reconcile: Reconcile | None = None
        self._stopping = asyncio.Event()
        self._began = time.monotonic()

    def wake(self, group: str) -> None:
        """A group has committed: bursts may be due, or the log may hold what was sent."""
        self._wake_relay()
        if self._debounce is not None and group == "agent":
            self._debounce.wake()

    def is_turning(self) -> bool:
        """Whether turns are at work in this process."""
        return self._debounce is not None and self._debounce.is_at_work

    def stop(self) -> None:
        """Ask `run` to finish."""
        self._stopping.set()
        self._stop_workers()

    def workers(self) -> dict[str, tuple[float, str | None]]:
        """Worker → seconds since its last tick that went through (or the start), and its fault."""
        if self._debounce is None:
            return {}
        now, ticks = time.monotonic(), self.observer.last_ticks
        return {
            name: (now - ticks.get(name, self._began), self.observer.tick_errors.get(name))
            for name in (debounce.NAME, reconcile.NAME)
        }

    async def run(self) -> None:
        """Relay and work until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._relay.run(), name="outbox-relay"),
                tasks.create_task(self._look(), name="agent-standing"),
            ]
            if self._settings.disable_workers:
                await self._stopping.wait()
            else:
                await self._work()
            for task in beside:
                task.cancel()

    async def _work(self) -> None:
        # In the middle of a turn it would hold up all others.
        await asyncio.to_thread(load_lists)
        settings = self._settings
        cipher = settings.cipher()
        directory = Directory(self._pool, cipher)
        async with AsyncExitStack() as stack:
            senders = await stack.enter_async_context(open_senders(now=lambda: datetime.now(UTC)))
            access = self._openai(cipher)
            stack.push_async_callback(access.aclose)
            self._metrics.breakers = access.breaker_states
            parts = TurnParts(
                self._pool,
                directory,
                Gathering(self._pool, KnowledgeSearch(self._pool)),
                Deciding(OpenAIThinker(access), extract),
                senders,
                self.observer,
                settings.partitions,
                settings.turn_lease_s,
            )
            self._debounce = Debounce(
                parts,
                Claims(self._unshared_pool, worker=self._worker, lease_s=settings.turn_lease_s),
                settings=DebounceSettings(
                    turns=settings.turns, stop_grace_s=settings.shutdown_grace_s
                ),
            )
            self._reconcile = Reconcile(
                self._pool,
                directory=directory,
                observer=self.observer,
                partitions=settings.partitions,
            )
            if self._stopping.is_set():
                self._stop_workers()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._debounce.run(), name="worker-debounce")
                tasks.create_task(self._reconcile.run(), name="worker-reconcile")

    def _openai(self, cipher: Cipher | None) -> OpenAIAccess:
        usages = UsageEvents(self._pool, self._metrics, _log, partitions=self._settings.partitions)
        return OpenAIAccess(
            self._pool,
            cipher or NoKey(),
            usages,
            settings=AccessSettings(prices=self._settings.openai_prices),
        )

    async def _look(self) -> None:
        """How long customers have been waiting, for the metrics."""
        while True:
            try:
                row = await self._unshared_pool.fetchrow(_SQL["unanswered"])
                if row is not None:
                    self._metrics.open_bursts.set(row["bursts"])
                    self._metrics.unanswered.set(row["age_s"])
            except Exception as error:  # noqa: BLE001 - the next look comes
                _log.debug("agent.look_failed", error=told(error))
            raise_if_cancelled()
            await asyncio.sleep(until_next_s(_LOOK_EVERY_S, time.monotonic()))

    def _stop_workers(self) -> None:
        for worker in (self._debounce, self._reconcile):
            if worker is not None:
                worker.stop()

    def _wake_relay(self) -> None:
        self._relay.wake()
