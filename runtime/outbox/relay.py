"""Sends the outbox's rows to their streams, in order, until the log holds them.

The relay of a partition is run by whoever owns the partition in the group `agent`. Two of them for
a moment do no harm: each sends rows in the order of their ids, and a row twice is a duplicate.

Of a newer build's events, while both run, only those go out that this one knows; the rest waits for
the newer build, and so does what follows it in its conversation.

A row is deleted only when the event log holds its id. Redis may have acknowledged it and lost it:
then it is sent again, with what follows it in its conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

import asyncpg

from consumers.backoff import Backoff
from consumers.cancellation import raise_if_cancelled
from consumers.errors import faults_translated, told
from consumers.rhythm import until_next_s
from events.entry_id import EntryId
from events.errors import InvalidEvent
from events.publisher import Publisher, publishable
from projections.statements import statements

_SQL = statements("runtime.outbox", "outbox.sql")


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Durations in seconds. `resend_after_s` doubles with each send of a row, up to 15 minutes.

    `gather_s` is the least time from one round to the next: what several turns tell meanwhile goes
    out together, and is read together. Nobody waits for it who waits for an answer.
    """

    poll_s: float = 1.0
    gather_s: float = 0.05
    resend_after_s: float = 30.0
    batch_events: int = 500


class RelayObserver(Protocol):
    """Is told what the relay does."""

    def relayed(self, bodies: Sequence[str], again: int) -> None:
        """Events were appended to their streams for the first time, and `again` others once more."""

    def relay_failed(self, error: str, wait_s: float) -> None:
        """A round failed and is tried again."""

    def outbox_depth(self, rows: int, age_s: float) -> None:
        """How many rows wait for the log, and how old the oldest of them is."""


class Relay:
    """`run` works until it is cancelled; `wake` says that there are rows, or that the log grew."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        publisher: Publisher,
        *,
        owned: Callable[[], Collection[int]],
        observer: RelayObserver,
        settings: RelaySettings | None = None,
    ) -> None:
        self._pool = pool
        self._publisher = publisher
        self._owned = owned
        self._observer = observer
        self._settings = settings or RelaySettings()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once, instead of at the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Relay for ever; faults of the surroundings are retried with back-off."""
        backoff = Backoff(initial_s=0.1, max_s=5.0)
        while True:
            self._woken.clear()
            try:
                if await self.step() >= self._settings.batch_events:
                    continue
                backoff.reset()
            except Exception as error:  # noqa: BLE001 - a defect here must not stop the relay
                wait_s = backoff.next_s()
                self._observer.relay_failed(told(error), wait_s)
                raise_if_cancelled()
                await asyncio.sleep(wait_s)
                continue
            await asyncio.sleep(self._settings.gather_s)
            await self._wait(until_next_s(self._settings.poll_s, monotonic()))

    async def step(self) -> int:
        """One round over the owned partitions; returns how many events were sent.

        Raises:
            PublishFailed, TransientFault: what was not confirmed is sent again later.
        """
        owned = sorted(self._owned())
        if not owned:
            return 0
        with faults_translated():
            return await self._step(owned)

    async def _step(self, owned: list[int]) -> int:
        settings = self._settings
        [first, *_] = rows = await self._pool.fetch(
            _SQL["next"], owned, settings.resend_after_s, settings.batch_events
        )
        self._observer.outbox_depth(first["waiting"], first["age_s"])
        if first["id"] is None:
            return 0
        rows, entry_ids = await self._published(rows)
        await self._pool.execute(
            _SQL["sent"], [row["id"] for row in rows], [str(found) for found in entry_ids]
        )
        fresh = [row["body"] for row in rows if not row["sends"]]
        self._observer.relayed(fresh, len(rows) - len(fresh))
        return len(rows)

    async def _published(
        self, rows: list[asyncpg.Record]
    ) -> tuple[list[asyncpg.Record], list[EntryId]]:
        """Publish the rows, or those that this build knows, where a newer one has written others."""
        try:
            return rows, await self._publisher.publish_raw([r["body"].encode() for r in rows])
        except InvalidEvent as error:
            self._observer.relay_failed(told(error), self._settings.poll_s)
        known = _known(rows)
        return known, await self._publisher.publish_raw([r["body"].encode() for r in known])

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass


def _known(rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Without the events that this build cannot publish, and what follows them in a conversation."""
    held: set[tuple[str, str]] = set()
    known = []
    for row in rows:
        place = row["company_id"], row["conversation_id"]
        if place not in held:
            try:
                publishable(row["body"].encode())
            except InvalidEvent:
                held.add(place)
            else:
                known.append(row)
    return known
