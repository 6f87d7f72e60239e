"""Feeds a projection that is behind its group from the event log, until it rides live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from operator import attrgetter

import asyncpg

from consumers.batch_writes import ProjectionMove, move_projection_checkpoints, park
from consumers.errors import ProjectionRefused
from consumers.failure_streak import FailureStreak
from consumers.feeding import Fed, feed
from consumers.group import Basis, ConsumerGroup
from consumers.leased import Member, leased
from consumers.logged_events import from_log
from consumers.parking import code_of
from consumers.partition_state import PartitionState
from events.envelope import RecordedEvent
from projections.projection import Projection
from projections.statements import statements

_SQL = statements("consumers", "batch_writes.sql")
_POSITION = attrgetter("position")


def behind(group: ConsumerGroup, state: PartitionState) -> list[Projection]:
    """Projections of the group that lack something of the partition's log.

    One that stands in another version is not this build's to feed. A group that writes no log has
    nothing to feed them from: none of its projections is behind.
    """
    if group.basis is not Basis.LOG or not state.projections:
        return []
    # Asked of each partition with each batch, where hardly ever one is.
    if min(map(_POSITION, state.projections.values())) >= state.position:
        return []
    return [
        projection
        for projection in group.projections
        if (checkpoint := state.projections.get(projection.name)) is not None
        and checkpoint.version == projection.version
        and checkpoint.position < state.position
    ]


class CatchUp:
    """Feeds pages of the log, one transaction each, under the partition's lease."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        group: ConsumerGroup,
        member: Member,
        page_events: int,
        streaks: Mapping[str, FailureStreak],
    ) -> None:
        self._pool = pool
        self._group = group
        self._member = member
        self._page_events = page_events
        self._streaks = streaks
        self._codes = {p.name: code_of(p) for p in group.projections}

    async def feed_page(self, state: PartitionState, projection: Projection) -> Fed:
        """Feed the next page; afterwards `state` says where the projection stands.

        Raises:
            LeaseLost, CheckpointMoved, TransientFault: as for a live batch; nothing was committed,
                or with the last it is not known.
        """
        try:
            return await self._feed_page(state, projection, careful=False)
        except ProjectionRefused:
            return await self._feed_page(state, projection, careful=True)

    async def _feed_page(
        self, state: PartitionState, projection: Projection, *, careful: bool
    ) -> Fed:
        checkpoint = state.projections[projection.name]
        async with leased(self._pool, self._member, [state]) as (conn, _):
            page = await self._page(conn, state, checkpoint.position)
            position = page[-1].position if page else state.position
            fed = await feed(
                conn,
                projection,
                [r for r in page if r.event.type in projection.reads],
                waits=lambda _, conversation: conversation in state.parked.get(projection.name, ()),
                careful=careful,
                streak=self._streaks[projection.name],
            )
            await park(conn, self._group.name, fed.parked, codes=self._codes, bodies={})
            done = Counter(applied=len(fed.applied), parked=len(fed.parked))
            row = ProjectionMove(
                projection.name,
                checkpoint.version,
                state.partition,
                checkpoint.position,
                position,
                done["applied"],
                len(page) - done.total(),
                done["parked"],
                checkpoint.revision,
            )
            await move_projection_checkpoints(conn, [row])
        checkpoint.position = position
        for waits in fed.parked:
            event = waits.recorded.event
            state.parked.setdefault(projection.name, set()).add(
                (event.company_id, event.conversation_id)
            )
        return fed

    async def _page(
        self, conn: asyncpg.pool.PoolConnectionProxy, state: PartitionState, after: int
    ) -> list[RecordedEvent]:
        rows = await conn.fetch(
            _SQL["read the log"], state.partition, after, state.position, self._page_events
        )
        return [from_log(row, state.partition) for row in rows]
