"""Feeds events to a shadow and parks, in the rebuild's own accounts, what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from consumers.errors import ProjectionRefused
from consumers.failure_streak import FailureStreak
from consumers.feeding import Fed, feed
from consumers.leased import Connection
from consumers.parking import code_of
from consumers.partition_state import Conversation
from consumers.rebuild.errors import EventParked
from consumers.rebuild.scratch import Scratch
from consumers.rebuild.shadow import Shadow
from events.envelope import RecordedEvent
from projections.projection import Projection


class ShadowFeed:
    """One read model's shadow in a run, and which of its conversations wait."""

    def __init__(
        self,
        scratch: Scratch,
        projection: Projection,
        parked: set[Conversation],
        *,
        fail_fast: bool,
    ) -> None:
        self.scratch = scratch
        self.shadow: Shadow = scratch.shadow(projection)
        self.parked = parked
        self._code = code_of(projection)
        self._streak = FailureStreak()
        self._fail_fast = fail_fast

    async def feed(self, conn: Connection, events: Sequence[RecordedEvent]) -> Fed:
        """Load, fold and store within the caller's transaction; what is refused is parked.

        After the transaction is committed, `remember` what was parked.

        Raises:
            ProjectionBroken: it fails on everything.
            EventParked: under fail-fast.
        """
        try:
            async with conn.transaction():
                fed = await self._try(conn, events, careful=False)
        except ProjectionRefused:
            fed = await self._try(conn, events, careful=True)
        if fed.parked and self._fail_fast:
            first = fed.parked[0]
            event_id = first.recorded.event.id
            raise EventParked(
                f"{first.projection}: event {event_id}: {first.reason}: {first.detail}"
            )
        await self.scratch.park(conn, fed.parked, self._code)
        return fed

    @contextmanager
    def tentatively(self) -> Iterator[None]:
        """What is remembered within is forgotten again when the block, a transaction, fails."""
        before = set(self.parked)
        try:
            yield
        except BaseException:
            self.parked = before
            raise

    def remember(self, fed: Fed) -> None:
        """What was parked was committed: what follows it waits too."""
        for waits in fed.parked:
            event = waits.recorded.event
            self.parked.add((event.company_id, event.conversation_id))

    async def _try(
        self, conn: Connection, events: Sequence[RecordedEvent], *, careful: bool
    ) -> Fed:
        return await feed(
            conn,
            self.shadow,
            events,
            waits=lambda _, conversation: conversation in self.parked,
            careful=careful,
            streak=self._streak,
        )
