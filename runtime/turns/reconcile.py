"""The worker `reconcile`: settles channels' reports of conversations in which no turn is under way."""

from __future__ import annotations

import asyncio

import asyncpg

from consumers.cancellation import raise_if_cancelled
from consumers.errors import faults_translated, told
from projections.statements import statements
from runtime.companies.config import Company
from runtime.companies.directory import Directory
from runtime.companies.errors import ConfigInvalid
from runtime.ids import new_id
from runtime.turns.emission import Emitter
from runtime.turns.observer import TurnObserver
from runtime.turns.reports import answerable_since, settle

NAME = "reconcile"
_SQL = statements("runtime.turns", "reports.sql")
_MOST = 100
_BOUNDS = ("2s", "5s", "5s")


class Reconcile:
    """`run` ticks until `stop`; a tick settles a bounded number of conversations."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        directory: Directory,
        observer: TurnObserver,
        partitions: int,
        tick_s: float = 5.0,
    ) -> None:
        self._pool = pool
        self._directory = directory
        self._observer = observer
        self._partitions = partitions
        self._tick_s = tick_s
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End `run` after the tick under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Tick until `stop`; a failing tick is told, and the next one comes."""
        while not self._stopping.is_set():
            try:
                full = await self.tick() == _MOST
            except Exception as error:  # noqa: BLE001 - the next tick comes
                full = False
                self._observer.tick_failed(NAME, told(error))
            else:
                self._observer.ticked(NAME)
            raise_if_cancelled()
            try:
                async with asyncio.timeout(0 if full else self._tick_s):
                    await self._stopping.wait()
            except TimeoutError:
                pass

    async def tick(self) -> int:
        """Settle what has waited; returns the number of conversations."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["conversations with reports"], _MOST)
        faults: list[Exception] = []
        for row in rows:
            try:
                await self._settle(row["company_id"], row["conversation_id"])
            except Exception as error:  # noqa: BLE001 - one conversation's fault is not another's
                faults.append(error)
        if faults:
            raise faults[0]
        return len(rows)

    async def _settle(self, company_id: str, conversation_id: str) -> None:
        company = await self._who_answers(company_id)
        with faults_translated():
            async with self._pool.acquire() as conn, conn.transaction():
                owner = await conn.fetchval(
                    _SQL["hold the conversation"], company_id, conversation_id, *_BOUNDS
                )
                now = await conn.fetchval(_SQL["now"])
                tell = Emitter(company_id, conversation_id, str(new_id()), None, now)
                await settle(
                    conn,
                    owner or "bot",
                    tell,
                    takes_over_since=None if company is None else answerable_since(company, now),
                    partitions=self._partitions,
                )

    async def _who_answers(self, company_id: str) -> Company | None:
        """The company, where it has a centurion that answers."""
        try:
            with faults_translated():
                company = await self._directory.company(company_id)
                return company if await self._directory.answers(company_id) else None
        except ConfigInvalid:
            return None
