"""One batch, one transaction: lease, log, read models, checkpoints, or nothing at all.

Source: Postgres' row locks, https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from consumers.dedup import Fresh, without_duplicates
from consumers.engine_settings import EngineSettings
from consumers.errors import CheckpointMoved, LeaseLost, faults_translated
from consumers.feeding import Parked, feed
from consumers.group import ConsumerGroup
from consumers.intake import DeadLetter, Intake
from consumers.log_rows import COLUMNS, log_row
from consumers.partition_state import PartitionState
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from events.payload import UnknownType
from projections.statements import statements

_SQL = statements("consumers", "transaction.sql")
UNKNOWN = "unknown"


@dataclass(slots=True)
class Outcome:
    """What a batch did to one partition; becomes the partition's state once committed."""

    partition: int
    cursor: EntryId
    position: int
    read: int
    duplicates: int
    recorded: list[RecordedEvent]
    dead: list[DeadLetter]
    projections: dict[str, int] = field(default_factory=dict)
    """Projection → its new position."""
    parked: list[Parked] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class BatchTransactions:
    """Commits batches of one group for one member."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        group: ConsumerGroup,
        member_id: str,
        settings: EngineSettings,
    ) -> None:
        self._pool = pool
        self._group = group
        self._member_id = member_id
        # Shorter than the lease, so that a frozen owner cannot hold its rows against a takeover.
        self._bounds = [f"{int(settings.lease_s * share)}ms" for share in (400, 800, 500)]

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
        with faults_translated():
            async with self._pool.acquire() as conn, conn.transaction():
                recorded_at = await self._lock(conn, [states[i.partition] for i in intakes])
                fresh = await without_duplicates(conn, intakes)
                outcomes = [
                    _record(intake, left, states[intake.partition], recorded_at)
                    for intake, left in zip(intakes, fresh, strict=True)
                ]
                await self._log(conn, fresh, outcomes)
                await self._project(conn, outcomes, states, careful)
                await self._keep_aside(conn, outcomes, states)
                await self._move_checkpoints(conn, outcomes, states)
        return outcomes

    async def _lock(
        self, conn: asyncpg.pool.PoolConnectionProxy, states: Sequence[PartitionState]
    ) -> datetime:
        await conn.execute(_SQL["bound the transaction"], *self._bounds)
        wanted = {state.partition: state.epoch for state in states}
        rows = await conn.fetch(
            _SQL["lock leases"], self._group.name, list(wanted), self._member_id
        )
        held = {row["partition"] for row in rows if wanted[row["partition"]] == row["epoch"]}
        if lost := frozenset(wanted) - held:
            raise LeaseLost(lost)
        recorded_at: datetime = rows[0]["recorded_at"]
        return recorded_at

    async def _log(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        fresh: Sequence[Fresh],
        outcomes: Sequence[Outcome],
    ) -> None:
        rows = [
            log_row(recorded, candidate.raw)
            for left, outcome in zip(fresh, outcomes, strict=True)
            for recorded, candidate in zip(outcome.recorded, left.candidates, strict=True)
        ]
        if rows:
            await conn.copy_records_to_table(
                "event_log", schema_name="runtime", columns=COLUMNS, records=rows
            )
        counted = [(o.partition, t, n) for o in outcomes for t, n in sorted(o.counts.items())]
        if counted:
            await conn.execute(_SQL["count events"], *map(list, zip(*counted, strict=True)))

    async def _project(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        outcomes: Sequence[Outcome],
        states: Mapping[int, PartitionState],
        careful: frozenset[str],
    ) -> None:
        moved: list[tuple[str, int, int, int, int, int, int, int]] = []
        for projection in self._group.projections:
            name = projection.name
            live = [o for o in outcomes if o.recorded and rides_live(states[o.partition], name)]
            wanted = [r for o in live for r in o.recorded if r.event.type in projection.reads]
            waiting = [states[o.partition].parked.get(name, set()) for o in live]
            fed = await feed(
                conn,
                projection,
                wanted,
                waiting={name: set().union(*waiting)},
                careful=name in careful,
            )
            applied = Counter(r.partition for r in fed.applied)
            parked = Counter(p.recorded.partition for p in fed.parked)
            by_partition = {o.partition: o for o in live}
            for waits in fed.parked:
                by_partition[waits.recorded.partition].parked.append(waits)
            for o in live:
                o.projections[name] = o.position
                checkpoint = states[o.partition].projections[name]
                done, held = applied[o.partition], parked[o.partition]
                filtered = len(o.recorded) - done - held
                moved.append(
                    (
                        name,
                        checkpoint.version,
                        o.partition,
                        checkpoint.position,
                        o.position,
                        done,
                        filtered,
                        held,
                    )
                )
        await move_projection_checkpoints(conn, moved)

    async def _keep_aside(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        outcomes: Sequence[Outcome],
        states: Mapping[int, PartitionState],
    ) -> None:
        dead = [
            (
                d.partition,
                str(d.entry_id),
                states[d.partition].generation,
                d.raw,
                str(d.reason),
                d.detail.replace("\x00", "�")[:2000],
                d.event_id,
            )
            for o in outcomes
            for d in o.dead
        ]
        if dead:
            await conn.execute(
                _SQL["keep dead letters"], self._group.name, *map(list, zip(*dead, strict=True))
            )
        await park(conn, self._group.name, [p for o in outcomes for p in o.parked])

    async def _move_checkpoints(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        outcomes: Sequence[Outcome],
        states: Mapping[int, PartitionState],
    ) -> None:
        rows = [
            (
                o.partition,
                states[o.partition].position,
                str(states[o.partition].cursor),
                str(o.cursor),
                o.position,
                o.read,
                len(o.recorded),
                o.duplicates,
                len(o.dead),
            )
            for o in sorted(outcomes, key=lambda o: o.partition)
        ]
        moved = await conn.fetch(
            _SQL["move checkpoints"], self._group.name, *map(list, zip(*rows, strict=True))
        )
        if stuck := frozenset(row[0] for row in rows) - {row["partition"] for row in moved}:
            raise CheckpointMoved(stuck)


def rides_live(state: PartitionState, projection: str) -> bool:
    """Whether the projection has everything that the partition's log holds."""
    checkpoint = state.projections.get(projection)
    return checkpoint is not None and checkpoint.position == state.position


async def park(
    conn: asyncpg.pool.PoolConnectionProxy, group: str, parked: Sequence[Parked]
) -> None:
    """Write events that wait, in their log order."""
    if not parked:
        return
    rows = [
        (
            p.projection,
            p.recorded.event.company_id,
            p.recorded.event.conversation_id,
            p.recorded.partition,
            p.recorded.position,
            p.recorded.event.id,
            p.reason,
            p.detail.replace("\x00", "�"),
        )
        for p in parked
    ]
    await conn.execute(_SQL["park"], group, *map(list, zip(*rows, strict=True)))


async def move_projection_checkpoints(
    conn: asyncpg.pool.PoolConnectionProxy,
    rows: Sequence[tuple[str, int, int, int, int, int, int, int]],
) -> None:
    """Compare-and-set of (projection, version, partition, before, after, applied, filtered, parked).

    Raises:
        CheckpointMoved: a row did not stand where it was left.
    """
    if not rows:
        return
    moved = await conn.fetch(
        _SQL["move projection checkpoints"], *map(list, zip(*rows, strict=True))
    )
    if len(moved) != len(rows):
        raise CheckpointMoved(frozenset(row[2] for row in rows))


def _record(intake: Intake, fresh: Fresh, state: PartitionState, recorded_at: datetime) -> Outcome:
    recorded = [
        RecordedEvent(c.event, intake.partition, state.position + offset, c.entry_id, recorded_at)
        for offset, c in enumerate(fresh.candidates, start=1)
    ]
    return Outcome(
        partition=intake.partition,
        cursor=intake.last,
        position=state.position + len(recorded),
        read=intake.read,
        duplicates=fresh.duplicates,
        recorded=recorded,
        dead=fresh.dead,
        counts=Counter(
            UNKNOWN if type(r.event.payload) is UnknownType else r.event.type for r in recorded
        ),
    )
