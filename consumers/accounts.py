"""A group's account with its streams in Postgres: generations, losses, conservation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import is_
from time import monotonic

import asyncpg

from consumers.columns import columns
from consumers.errors import CheckpointMoved, faults_translated
from consumers.leased import Member, leased
from consumers.lineage import Loss, Seen, StreamAccount
from consumers.partition_state import PartitionState
from events.entry_id import EntryId
from projections.statements import statements

_SQL = statements("consumers", "accounts.sql")
_TELL_AGAIN_S = 15.0
"""After so long it is told again what was seen, though it is the same."""


Conservation = dict[tuple[int, str, str], int]
"""(partition, projection, outcome) → events."""


@dataclass(frozen=True, slots=True)
class Losses:
    """A group's losses that nobody has acknowledged."""

    count: int = 0
    at_least: bool = False
    since: datetime | None = None
    entries: int = 0
    reasons: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of a partition's account. With `begins`, a new generation begins."""

    base: int
    cursor: EntryId
    entry_hash: bytes | None
    seen: Seen
    server_id: str | None
    begins: str | None = None
    """Why the old generation ended."""
    loss: Loss | None = field(default=None)


class Accounts:
    """Writes accounts under the partition's lease, one transaction each. `now` is monotonic."""

    def __init__(
        self, pool: asyncpg.Pool, *, member: Member, now: Callable[[], float] = monotonic
    ) -> None:
        self._pool = pool
        self._member = member
        self._now = now
        self._group = member.group
        self._told: object = None
        self._told_of: list[PartitionState] = []
        self._tell_again_at = 0.0

    async def others_have_read(self, partition: int) -> bool:
        """Whether another group has read something of the partition."""
        with faults_translated():
            found: bool = await self._pool.fetchval(
                _SQL["has another group read"], self._group, partition
            )
        return found

    async def newest_of_the_log(self, partition: int, count: int) -> dict[EntryId, bytes]:
        """The last logged entries and their bodies."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["newest of the log"], partition, count)
        return {EntryId.parse(row["entry_id"]): row["body"].encode() for row in rows}

    async def newest_seen(self, partition: int, count: int) -> dict[EntryId, bytes]:
        """The last entries of a group without a log, and the hashes of their bodies."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["newest seen"], self._group, partition, count)
        return {EntryId.parse(row["entry_id"]): row["body_hash"] for row in rows}

    async def settle(self, state: PartitionState, settlement: Settlement) -> None:
        """Commit the settlement; afterwards `state` says so.

        Raises:
            LeaseLost, CheckpointMoved: nothing was committed; the state is stale.
        """
        async with leased(self._pool, self._member, [state]) as (conn, _):
            generation = await self._generation(conn, state, settlement)
            await self._write(conn, state, settlement, generation)
        self._adopt(state, settlement, generation)

    async def remember_seen(self, states: Iterable[PartitionState]) -> None:
        """Write what the last looks showed, of partitions that are still the member's own.

        What was told of the same states a moment ago, and has not changed, is not told again.
        """
        of = sorted(states, key=lambda state: state.partition)
        rows = [
            (s.partition, s.generation, s.epoch, base, seen.added, str(seen.last_id), seen.at)
            for s in of
            if (seen := s.account.seen) is not None and (base := s.account.base) is not None
        ]
        telling = [row[:-1] for row in rows]
        # A state that was read anew is another one, however equal: Postgres may be of an earlier moment.
        same = len(of) == len(self._told_of) and all(map(is_, of, self._told_of))
        if not rows or (same and telling == self._told and self._now() < self._tell_again_at):
            return
        with faults_translated():
            await self._pool.execute(
                _SQL["remember seen"], self._group, self._member.member_id, *columns(rows)
            )
        self._told, self._told_of = telling, of
        self._tell_again_at = self._now() + _TELL_AGAIN_S

    async def conservation(self, partitions: Iterable[int]) -> Conservation:
        """(partition, projection, outcome) → events; the group's own under projection ''.

        For the group `read = applied + duplicate + dead`, for each projection
        `position = applied + filtered + parked + discarded`.
        """
        with faults_translated():
            rows = await self._pool.fetch(_SQL["conservation"], self._group, list(partitions))
        return {(row["partition"], row["projection"], row["outcome"]): row["count"] for row in rows}

    async def imbalances(self) -> dict[int, int]:
        """Partition → by how much its accounts do not add up; 0 everywhere, or there is a defect."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["imbalances"], self._group)
        return {row["partition"]: abs(row["difference"]) + row["projections"] for row in rows}

    async def _generation(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        state: PartitionState,
        settlement: Settlement,
    ) -> int:
        """The present one, or the next: the one that another group noticed first, or one more."""
        if settlement.begins is None:
            return state.generation
        newest: int = await conn.fetchval(_SQL["newest generation"], state.partition)
        generation = newest if newest > state.generation else state.generation + 1
        await conn.execute(
            _SQL["begin generation"],
            state.partition,
            generation,
            settlement.server_id,
            settlement.begins,
        )
        return generation

    async def _write(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        state: PartitionState,
        settlement: Settlement,
        generation: int,
    ) -> None:
        loss, seen = settlement.loss, settlement.seen
        moved = await conn.fetch(
            _SQL["settle account"],
            self._group,
            state.partition,
            state.generation,
            str(state.cursor),
            generation,
            str(settlement.cursor),
            settlement.entry_hash,
            settlement.base,
            loss.count if loss else 0,
            generation != state.generation,
            seen.added,
            str(seen.last_id),
            seen.at,
            settlement.server_id,
            state.lost_total,
        )
        if not moved:
            raise CheckpointMoved(frozenset({state.partition}))
        if loss is not None:
            await conn.execute(
                _SQL["record loss"],
                self._group,
                state.partition,
                state.generation,
                loss.count,
                loss.at_least,
                loss.reason,
                str(state.cursor),
                loss.since,
            )

    def _adopt(self, state: PartitionState, settlement: Settlement, generation: int) -> None:
        lost = settlement.loss.count if settlement.loss else 0
        state.lost_total += lost
        same = generation == state.generation
        state.account = StreamAccount(
            base=settlement.base,
            read=state.account.read if same else 0,
            lost=state.account.lost + lost if same else 0,
            entry_hash=settlement.entry_hash,
            server_id=settlement.server_id,
            seen=settlement.seen,
        )
        state.cursor, state.generation = settlement.cursor, generation
