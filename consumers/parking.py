"""Parked events tried again, in order, by the partition's owner alone.

A conversation that is parked for a projection stays so until its last waiting event is applied;
live events join its end meanwhile. Since the lane that feeds the partition does both, nothing can
come between the last parked event and the first live one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import asyncpg

from consumers.errors import CheckpointMoved, faults_translated
from consumers.failure_streak import FailureStreak
from consumers.feeding import Fed, Parked, feed
from consumers.group import ConsumerGroup
from consumers.leased import Member, leased
from consumers.logged_events import from_log
from consumers.partition_state import Conversation, PartitionState
from events.catalogue import CATALOGUE
from projections.projection import Projection
from projections.registry import fingerprint
from projections.statements import statements

_SQL = statements("consumers", "parking.sql")
_PAGE = 500
RETRY, DISCARD = "retry_parked", "discard_parked"


@dataclass(frozen=True, slots=True)
class Mend:
    """One conversation's parked events to be tried again or discarded; None: nobody asked."""

    kind: str
    partition: int
    projection: str
    conversation: Conversation
    request: int | None


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of it.

    `outcome` is `drained`, `discarded`, `nothing_parked`, `still_refused: …`, `not_live` or
    `failed: …`.
    """

    moved: int
    left: int
    outcome: str


class Parking:
    """Requests and parked rows of one group."""

    def __init__(self, pool: asyncpg.Pool, *, group: ConsumerGroup, member: Member) -> None:
        self._pool = pool
        self._group = group
        self._member = member
        self._by_name = {p.name: p for p in group.projections}
        self._codes = {name: code_of(p) for name, p in self._by_name.items()}

    async def wanted(self, partitions: Iterable[int]) -> list[Mend]:
        """What operators asked for and nobody has done, oldest first."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["open requests"], self._group.name, list(partitions))
        return [self._mend(row, row["kind"], row["id"]) for row in rows]

    async def due(self, partitions: Iterable[int]) -> list[Mend]:
        """Conversations worth another try of their own accord.

        The code that refused them has changed, or some time has passed since the last try (1, 4,
        16, 64, 256 minutes, no more after that).
        """
        codes = self._codes
        with faults_translated():
            rows = await self._pool.fetch(
                _SQL["due heads"],
                self._group.name,
                list(partitions),
                list(codes),
                list(codes.values()),
            )
        return [self._mend(row, RETRY, None) for row in rows]

    async def carry_out(self, mend: Mend, state: PartitionState) -> Mended:
        """Do it, a page a transaction.

        Raises:
            LeaseLost, CheckpointMoved, TransientFault: come again; what was moved stays moved.
        """
        projection = self._by_name.get(mend.projection)
        if projection is None or mend.projection not in state.projections:
            return await self._close(mend, Mended(0, 0, "not_live"))
        if mend.kind == DISCARD:
            return await self._discard(mend, state)
        moved = 0
        while True:
            mended = await self._retry_page(mend, state, projection)
            moved += mended.moved
            if mended.outcome != "more":
                return await self._close(mend, Mended(moved, mended.left, mended.outcome))

    async def give_up(self, mend: Mend, fault: str) -> Mended:
        """Close a request that cannot be carried out; nothing was moved by its last page."""
        return await self._close(mend, Mended(0, 0, f"failed: {fault}"))

    async def _retry_page(
        self, mend: Mend, state: PartitionState, projection: Projection
    ) -> Mended:
        async with leased(self._pool, self._member, [state]) as (conn, _):
            rows = await conn.fetch(
                _SQL["parked events"],
                self._group.name,
                mend.projection,
                *mend.conversation,
                state.partition,
                _PAGE,
            )
            events = [from_log(row, state.partition) for row in rows]
            fed = await feed(
                conn, projection, events, waiting={}, careful=True, streak=FailureStreak()
            )
            await self._take_out(conn, mend, state, len(fed.applied), "applied")
            if fed.parked:
                await self._note(conn, mend, state, fed.parked[0])
            left = await self._left(conn, mend, state)
        return self._result(mend, state, rows, fed, left)

    def _result(
        self, mend: Mend, state: PartitionState, rows: list[asyncpg.Record], fed: Fed, left: int
    ) -> Mended:
        moved = len(fed.applied)
        if fed.parked:
            return Mended(moved, left, f"still_refused: {fed.parked[0].detail}")
        if left:
            return Mended(moved, left, "more")
        state.parked.get(mend.projection, set()).discard(mend.conversation)
        return Mended(moved, 0, "drained" if rows or mend.request is None else "nothing_parked")

    async def _discard(self, mend: Mend, state: PartitionState) -> Mended:
        async with leased(self._pool, self._member, [state]) as (conn, _):
            left = await self._left(conn, mend, state)
            await self._take_out(conn, mend, state, left, "discarded")
        state.parked.get(mend.projection, set()).discard(mend.conversation)
        outcome = "discarded" if left else "nothing_parked"
        return await self._close(mend, Mended(left, 0, outcome))

    async def _take_out(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        mend: Mend,
        state: PartitionState,
        count: int,
        into: str,
    ) -> None:
        """The first `count` parked events leave, and the projection's account says where to."""
        if count == 0:
            return
        checkpoint = state.projections[mend.projection]
        await conn.execute(
            _SQL["take out"],
            self._group.name,
            mend.projection,
            *mend.conversation,
            state.partition,
            count,
        )
        moved = await conn.fetch(
            _SQL["move account"],
            mend.projection,
            checkpoint.version,
            state.partition,
            count if into == "applied" else 0,
            count if into == "discarded" else 0,
        )
        if not moved:
            raise CheckpointMoved(frozenset({state.partition}))

    async def _note(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        mend: Mend,
        state: PartitionState,
        refused: Parked,
    ) -> None:
        await conn.execute(
            _SQL["note the refusal"],
            self._group.name,
            mend.projection,
            *mend.conversation,
            state.partition,
            refused.recorded.position,
            refused.reason,
            refused.detail.replace("\x00", "\ufffd"),
            self._codes[mend.projection],
        )

    async def _left(
        self, conn: asyncpg.pool.PoolConnectionProxy, mend: Mend, state: PartitionState
    ) -> int:
        left: int = await conn.fetchval(
            _SQL["how many wait"],
            self._group.name,
            mend.projection,
            *mend.conversation,
            state.partition,
        )
        return left

    async def _close(self, mend: Mend, mended: Mended) -> Mended:
        if mend.request is not None:
            with faults_translated():
                await self._pool.execute(
                    _SQL["close request"], mend.request, mended.outcome[:2000], mended.moved
                )
        return mended

    def _mend(self, row: asyncpg.Record, kind: str, request: int | None) -> Mend:
        conversation = (row["company_id"], row["conversation_id"])
        return Mend(kind, row["partition"], row["projection"], conversation, request)


def code_of(projection: Projection) -> str:
    """What tells one build's way with a projection from another's; '' where there is no telling.

    Its code, its SQL, and the versions of the events that it reads.
    """
    try:
        code = fingerprint(projection)
    except (OSError, TypeError):
        return ""
    versions = [f"{n} {CATALOGUE[n].current}" for n in sorted(projection.reads) if n in CATALOGUE]
    return sha256("\0".join([code, *versions]).encode()).hexdigest()


def parked_conversations(parked: Iterable[Parked]) -> Mapping[str, set[Conversation]]:
    """Projection → conversations of events that were just parked."""
    found: dict[str, set[Conversation]] = {}
    for waits in parked:
        event = waits.recorded.event
        found.setdefault(waits.projection, set()).add((event.company_id, event.conversation_id))
    return found
