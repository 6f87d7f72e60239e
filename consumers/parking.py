"""Parked events tried again, in order, by the partition's owner alone.

A conversation that is parked for a projection stays so until its last waiting event is applied;
live events join its end meanwhile. Since the lane that feeds the partition does both, nothing can
come between the last parked event and the first live one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from consumers.errors import CheckpointMoved, faults_translated
from consumers.failure_streak import FailureStreak
from consumers.feeding import Parked, feed
from consumers.group import ConsumerGroup
from consumers.leased import Connection, Member, leased
from consumers.logged_events import from_log
from consumers.partition_state import Conversation, PartitionState
from projections.fingerprints import fingerprint
from projections.projection import Projection
from projections.statements import statements

_SQL = statements("consumers", "parking.sql")
_PAGE = 500
RETRY, DISCARD = "retry_parked", "discard_parked"
AT_ONCE = 100
"""How many conversations are tried of their own accord before others are looked for."""
MORE = "more"
"""The outcome of a page behind which others wait."""


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

    `outcome` is `more` (come again), `done_before`, `drained`, `discarded`, `nothing_parked`, `still_refused: …`, `not_live` or
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

    def wanted(self, requests: Iterable[Mapping[str, Any]]) -> list[Mend]:
        """What operators asked for, in the order given."""
        return [self._mend(row, row["kind"], row["id"]) for row in requests]

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
                AT_ONCE,
            )
        return [self._mend(row, RETRY, None) for row in rows]

    async def carry_out(self, mend: Mend, state: PartitionState) -> Mended:
        """Do it, or a page of it, in one transaction with what the request says of it.

        Raises:
            LeaseLost, CheckpointMoved, TransientFault: nothing was moved; come again.
        """
        state.known.forget(mend.projection)
        async with leased(self._pool, self._member, [state]) as (conn, _):
            if mend.request is not None and not await conn.fetchval(
                _SQL["is request open"], mend.request
            ):
                return Mended(0, 0, "done_before")
            mended = await self._step(conn, mend, state)
            await self._tell_request(conn, mend, mended)
        if mended.outcome in {"drained", "discarded", "nothing_parked"}:
            state.parked.get(mend.projection, set()).discard(mend.conversation)
        return mended

    async def give_up(self, mend: Mend, fault: str) -> Mended:
        """Close a request that cannot be carried out; nothing was moved by its last page.

        What was tried waits as after any other try that failed, so that others have their turn.
        """
        mended = Mended(0, 0, f"failed: {fault}")
        with faults_translated():
            async with self._pool.acquire() as conn, conn.transaction():
                await self._tell_request(conn, mend, mended)
                if mend.kind == RETRY:
                    await conn.execute(
                        _SQL["note the try"],
                        self._group.name,
                        mend.projection,
                        *mend.conversation,
                        mend.partition,
                        self._codes.get(mend.projection, ""),
                    )
        return mended

    async def _step(self, conn: Connection, mend: Mend, state: PartitionState) -> Mended:
        projection = self._by_name.get(mend.projection)
        if projection is None or mend.projection not in state.projections:
            return Mended(0, 0, "not_live")
        if mend.kind == DISCARD:
            rows = await conn.fetch(
                _SQL["parked positions"],
                self._group.name,
                mend.projection,
                *mend.conversation,
                state.partition,
            )
            positions = [row["position"] for row in rows]
            await self._take_out(conn, mend, state, positions, "discarded")
            return Mended(len(rows), 0, "discarded" if rows else "nothing_parked")
        return await self._retry_page(conn, mend, state, projection)

    async def _retry_page(
        self, conn: Connection, mend: Mend, state: PartitionState, projection: Projection
    ) -> Mended:
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
            conn, projection, events, waits=lambda *_: False, careful=True, streak=FailureStreak()
        )
        moved = len(fed.applied)
        positions = [recorded.position for recorded in fed.applied]
        await self._take_out(conn, mend, state, positions, "applied")
        left = await self._left(conn, mend, state)
        if fed.parked:
            await self._note(conn, mend, state, fed.parked[0])
            return Mended(moved, left, f"still_refused: {fed.parked[0].detail}")
        if left:
            # Whoever goes on, should this member not, finds the conversation by its head.
            await conn.execute(
                _SQL["mark the head"],
                self._group.name,
                mend.projection,
                *mend.conversation,
                state.partition,
            )
            return Mended(moved, left, MORE)
        return Mended(moved, 0, "drained" if rows else "nothing_parked")

    async def _tell_request(self, conn: Connection, mend: Mend, mended: Mended) -> None:
        if mend.request is not None:
            outcome = None if mended.outcome == MORE else mended.outcome[:2000]
            await conn.execute(_SQL["tell request"], mend.request, outcome, mended.moved)

    async def _take_out(
        self,
        conn: Connection,
        mend: Mend,
        state: PartitionState,
        positions: list[int],
        into: str,
    ) -> None:
        """Parked events leave, and the projection's account says where to.

        Raises:
            CheckpointMoved: they are not all there any more; nothing is moved.
        """
        count = len(positions)
        if count == 0:
            return
        checkpoint = state.projections[mend.projection]
        gone = await conn.fetch(
            _SQL["take out"],
            self._group.name,
            mend.projection,
            *mend.conversation,
            state.partition,
            positions,
        )
        moved = await conn.fetch(
            _SQL["move account"],
            mend.projection,
            checkpoint.version,
            state.partition,
            count if into == "applied" else 0,
            count if into == "discarded" else 0,
        )
        if len(gone) != count or not moved:
            raise CheckpointMoved(frozenset({state.partition}))

    async def _note(
        self,
        conn: Connection,
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
            refused.detail.replace("\x00", "\ufffd")[:2000],
            self._codes[mend.projection],
        )

    async def _left(self, conn: Connection, mend: Mend, state: PartitionState) -> int:
        left: int = await conn.fetchval(
            _SQL["how many wait"],
            self._group.name,
            mend.projection,
            *mend.conversation,
            state.partition,
        )
        return left

    def _mend(
        self, row: Mapping[str, Any] | asyncpg.Record, kind: str, request: int | None
    ) -> Mend:
        conversation = (row["company_id"], row["conversation_id"])
        return Mend(kind, row["partition"], row["projection"], conversation, request)


def code_of(projection: Projection) -> str:
    """What tells one build's way with a projection from another's; '' where there is no telling."""
    try:
        return fingerprint(projection)
    except (OSError, TypeError):
        return ""
