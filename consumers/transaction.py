"""One batch, one transaction: lease, log, read models, checkpoints, or nothing at all.

Source: Postgres' row locks, https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import cast

import asyncpg

from consumers.batch_writes import SOBER_BATCHES, BatchWrites
from consumers.errors import faults_translated
from consumers.failure_streak import FailureStreak
from consumers.group import Basis, ConsumerGroup
from consumers.intake import Intake
from consumers.joined_writes import Forms, JoinedWrites, LoneWrites, NotAlone, NotTogether, TooFew
from consumers.leased import SQL as LEASES
from consumers.leased import Connection, Member, bound_s, holding, leased
from consumers.outcome import Outcome
from consumers.partition_state import PartitionState
from consumers.row_copy import WORTH_A_COPY
from consumers.server_clock import ServerClock

_SMALL = WORTH_A_COPY - 1
"""Events: what so many write goes in one statement, as its round trips take longer than its work."""


class BatchTransactions:
    """Commits batches of one group for one member."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        group: ConsumerGroup,
        member: Member,
        streaks: Mapping[str, FailureStreak],
        clock: ServerClock | None = None,
    ) -> None:
        self._pool = pool
        self._group = group
        self._member = member
        self._streaks = streaks
        self._writes = BatchWrites(group, streaks=streaks)
        self._forms = Forms()
        self._lone_forms = Forms(guard=LEASES["hold leases"])
        self._clock = clock or ServerClock()
        self._apart = 0

    async def commit(
        self,
        intakes: Sequence[Intake],
        states: Mapping[int, PartitionState],
        *,
        careful: frozenset[str] = frozenset(),
    ) -> list[Outcome]:
        """Log and apply what was read behind the states' cursors.

        `careful` names projections that are bisected and parked instead of failing the batch.

        Raises:
            LeaseLost, CheckpointMoved: nothing was committed; the partitions' state is stale.
            ProjectionRefused: nothing was committed; come again with the projection careful.
            TransientFault: it is not known whether it was committed; reload before going on.
        """
        self._apart -= 1
        read = sum(intake.read for intake in intakes)
        if read <= _SMALL and not careful and self._apart < 0:
            try:
                with suppress(NotAlone):
                    return await self._commit_alone(intakes, states)
                return await self._commit(intakes, states, careful, together=True)
            except TooFew:
                # One by one it will show which checkpoints have moved.
                pass
            except NotTogether:
                # One by one it will show what was refused; most likely what was taken for new.
                self._apart = SOBER_BATCHES
                self._writes.sober()
        return await self._commit(intakes, states, careful, together=False)

    async def _commit_alone(
        self, intakes: Sequence[Intake], states: Mapping[int, PartitionState]
    ) -> list[Outcome]:
        """By one statement that holds the leases and moves the checkpoints itself."""
        recorded_at = self._clock.shows()
        guard = holding(self._member, [states[i.partition] for i in intakes])
        if self._group.basis is not Basis.LOG or recorded_at is None or guard is None:
            # Another group's loads lock what others write too.
            raise NotAlone
        with faults_translated():
            async with self._pool.acquire() as held:
                within_s = bound_s(self._member.lease_s)
                conn = LoneWrites(held, self._lone_forms, guard=guard, within_s=within_s)
                outcomes, applied = await self._writes.write(
                    cast("Connection", conn), intakes, states, frozenset(), recorded_at
                )
                asked = self._clock.asked()
                at = await conn.send_alone()
                self._clock.heard(at, asked=asked)
                for name in applied:
                    self._streaks[name].applied()
        return outcomes

    async def _commit(
        self,
        intakes: Sequence[Intake],
        states: Mapping[int, PartitionState],
        careful: frozenset[str],
        *,
        together: bool,
    ) -> list[Outcome]:
        touched = [states[i.partition] for i in intakes]
        asked = self._clock.asked()
        async with leased(self._pool, self._member, touched) as (held, recorded_at):
            self._clock.heard(recorded_at, asked=asked)
            conn = cast("Connection", JoinedWrites(held, self._forms)) if together else held
            outcomes, applied = await self._writes.write(
                conn, intakes, states, careful, recorded_at
            )
            if isinstance(conn, JoinedWrites):
                await conn.send()
                for name in applied:
                    self._streaks[name].applied()
        return outcomes
