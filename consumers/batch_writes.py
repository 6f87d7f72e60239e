"""What a batch writes: log, read models, what is kept aside, checkpoints, through the connection it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from consumers.columns import columns
from consumers.dedup import Fresh
from consumers.errors import CheckpointMoved, TransientFault
from consumers.failure_streak import FailureStreak
from consumers.feeding import Fed, Parked, are_plain, feed
from consumers.group import Basis, ConsumerGroup
from consumers.intake import Intake
from consumers.joined_writes import JoinedWrites
from consumers.known_rows import Recall, kept_table
from consumers.leased import Connection
from consumers.log_basis import LogBasis
from consumers.outcome import Outcome, checkpoint_row, record
from consumers.parking import code_of
from consumers.partition_state import Conversation, PartitionState, ProjectionCheckpoint
from consumers.seen_basis import SeenBasis
from events.envelope import RecordedEvent
from projections.projection import Projection
from projections.statements import statements

_SQL = statements("consumers", "batch_writes.sql")
_ACCOUNTS = statements("consumers", "accounts.sql")
SOBER_BATCHES = 100
"""So many batches after a refusal a projection looks for every row: a producer that says the same
again and again would have each batch made twice."""


class ProjectionMove(NamedTuple):
    """How a batch moves a projection's checkpoint; the counts are of events."""

    projection: str
    version: int
    partition: int
    before: int
    after: int
    applied: int
    filtered: int
    parked: int
    revision: int


@dataclass(slots=True)
class Share:
    """What a projection gets of a batch: its events in stream order.

    `live` has the partitions in which it rides with the batch, in their order, each with where it stands
    there and with how many of the events.
    """

    projection: Projection
    wanted: list[RecordedEvent] = field(default_factory=list)
    live: list[tuple[Outcome, ProjectionCheckpoint, int]] = field(default_factory=list)


class BatchWrites:
    """Writes batches of one group."""

    def __init__(self, group: ConsumerGroup, *, streaks: Mapping[str, FailureStreak]) -> None:
        self._group = group
        self._streaks = streaks
        self._basis = LogBasis() if group.basis is Basis.LOG else SeenBasis(group.name)
        self._codes = {p.name: code_of(p) for p in group.projections}
        # Rows of another group's are locked when they are loaded: others write them too.
        self._kept = {
            p.name: kept_table(p) if group.basis is Basis.LOG else None for p in group.projections
        }
        self._without_hope: dict[str, int] = {}

    def sober(self) -> None:
        """Take no row for new in the next batches: one that was, most likely, has just been refused."""
        names = (projection.name for projection in self._group.projections)
        self._without_hope.update(dict.fromkeys(names, SOBER_BATCHES))

    async def write(
        self,
        conn: Connection,
        intakes: Sequence[Intake],
        states: Mapping[int, PartitionState],
        careful: frozenset[str],
        recorded_at: datetime,
    ) -> tuple[list[Outcome], list[str]]:
        """Write it, or have it kept; also the names of the projections that took something.

        `careful` names projections that are bisected and parked instead of failing the batch.
        """
        fresh = await self._basis.fresh(conn, intakes, states)
        outcomes = [
            record(intake, left, states[intake.partition], recorded_at)
            for intake, left in zip(intakes, fresh, strict=True)
        ]
        await self._basis.remember(conn, fresh, [o.recorded for o in outcomes])
        await self._count(conn, outcomes)
        applied = await self._project(conn, outcomes, states, careful)
        await self._keep_aside(conn, fresh, outcomes, states)
        await self._record_losses(conn, outcomes, states)
        await self._move_checkpoints(conn, outcomes, states)
        return outcomes, applied

    async def _count(self, conn: Connection, outcomes: Sequence[Outcome]) -> None:
        if self._group.basis is not Basis.LOG:
            return
        counted = [(o.partition, t, n) for o in outcomes for t, n in sorted(o.counts.items())]
        if counted:
            await conn.execute(_SQL["count events"], *columns(counted))

    async def _project(
        self,
        conn: Connection,
        outcomes: Sequence[Outcome],
        states: Mapping[int, PartitionState],
        careful: frozenset[str],
    ) -> list[str]:
        """Feed them all; returns the names of those that took something."""
        moved: list[ProjectionMove] = []
        applied: list[str] = []
        for name in self._without_hope:
            self._without_hope[name] -= 1
        self._without_hope.update(dict.fromkeys(careful, SOBER_BATCHES))
        plain = all(are_plain(o.recorded) for o in outcomes)
        for share in self._shared_out(outcomes, states):
            name = share.projection.name
            held: Counter[int] = Counter()
            # Of most projections no event of a batch is, and their checkpoints move with the others.
            if share.wanted:
                fed = await self._fed(conn, share, states, careful, plain=plain)
                if fed.applied:
                    applied.append(name)
                held.update(p.recorded.partition for p in fed.parked)
                _hold(share, fed.parked)
            for outcome, checkpoint, wanted in share.live:
                outcome.projections[name] = position = outcome.position
                waits = held[outcome.partition] if held else 0
                done = wanted - waits
                # A queue that was just installed begins here: what came before is not for it.
                filtered = position - checkpoint.position - wanted
                moved.append(
                    ProjectionMove(
                        name,
                        checkpoint.version,
                        outcome.partition,
                        checkpoint.position,
                        position,
                        done,
                        filtered,
                        waits,
                        checkpoint.revision,
                    )
                )
        await move_projection_checkpoints(conn, moved)
        return applied

    async def _fed(
        self,
        conn: Connection,
        share: Share,
        states: Mapping[int, PartitionState],
        careful: frozenset[str],
        *,
        plain: bool,
    ) -> Fed:
        name = share.projection.name
        parked_before = {
            o.partition: states[o.partition].parked.get(name) for o, _, _ in share.live
        }
        is_careful = name in careful
        recall, kept = None, self._kept[name]
        if kept is not None and not is_careful:
            known = {o.partition: states[o.partition].known.of(name) for o, _, _ in share.live}
            recall = Recall(kept, known, share.wanted)
        fed = await feed(
            conn,
            share.projection,
            share.wanted,
            waits=None if plain and not any(parked_before.values()) else _waiting(parked_before),
            careful=is_careful,
            streak=self._streaks[name],
            hopeful=self._hopes(name),
            written=not isinstance(conn, JoinedWrites),
            recall=recall,
        )
        if kept is not None:
            for outcome, _, _ in share.live:
                outcome.rows[name] = recall.written[outcome.partition] if recall else None
        return fed

    def _hopes(self, projection: str) -> bool:
        """Whether rows that its events bring are taken for new: not where that was just refused."""
        return self._without_hope.get(projection, 0) <= 0

    def _shared_out(
        self, outcomes: Sequence[Outcome], states: Mapping[int, PartitionState]
    ) -> list[Share]:
        """Each projection's part of the batch."""
        shares = [Share(projection) for projection in self._group.projections]
        for o in outcomes:
            if not o.recorded:
                continue
            types, state = o.counts.keys(), states[o.partition]
            for share in shares:
                if (checkpoint := self._rides(state, share.projection)) is None:
                    continue
                reads = share.projection.reads
                # Mostly all events of a partition are of a type, and the projection reads it or does not.
                if types <= reads:
                    wanted = o.recorded
                elif types.isdisjoint(reads):
                    wanted = []
                else:
                    wanted = [r for r in o.recorded if r.event.type in reads]
                share.wanted += wanted
                share.live.append((o, checkpoint, len(wanted)))
        return shares

    def _rides(self, state: PartitionState, projection: Projection) -> ProjectionCheckpoint | None:
        """Where the projection stands, if it is fed by this batch.

        A group without a log cannot feed a projection later: all of them ride, or it waits.
        """
        checkpoint = state.projections.get(projection.name)
        if self._group.basis is Basis.LOG:
            # It must have everything that the partition's log holds. One of another version is another
            # build's to feed, or a rebuild's.
            rides = (
                checkpoint is not None
                and checkpoint.position == state.position
                and checkpoint.version == projection.version
            )
            return checkpoint if rides else None
        known = {projection.name for projection in self._group.projections}
        if unknown := set(state.projections) - known:
            raise TransientFault(f"a newer build feeds {', '.join(sorted(unknown))}: it must go on")
        if checkpoint is None:
            raise TransientFault(
                f"{projection.name} is not live: run `agent-runtime migrate`, or attach it"
            )
        if checkpoint.version != projection.version:
            raise TransientFault(
                f"{projection.name} stands in version {checkpoint.version}, "
                f"this build feeds {projection.version}"
            )
        return checkpoint

    async def _keep_aside(
        self,
        conn: Connection,
        fresh: Sequence[Fresh],
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
            await conn.execute(_SQL["keep dead letters"], self._group.name, *columns(dead))
        parked = [p for o in outcomes for p in o.parked]
        bodies: dict[UUID, str] = {}
        if parked and self._group.basis is not Basis.LOG:
            bodies = {c.event.id: c.raw.decode() for left in fresh for c in left.candidates}
        await park(conn, self._group.name, parked, codes=self._codes, bodies=bodies)

    async def _record_losses(
        self,
        conn: Connection,
        outcomes: Sequence[Outcome],
        states: Mapping[int, PartitionState],
    ) -> None:
        for o in outcomes:
            if o.loss is not None:
                state = states[o.partition]
                await conn.execute(
                    _ACCOUNTS["record loss"],
                    self._group.name,
                    o.partition,
                    state.generation,
                    o.loss.count,
                    o.loss.at_least,
                    o.loss.reason,
                    str(state.cursor),
                    o.loss.since,
                )

    async def _move_checkpoints(
        self,
        conn: Connection,
        outcomes: Sequence[Outcome],
        states: Mapping[int, PartitionState],
    ) -> None:
        rows = [
            checkpoint_row(o, states[o.partition])
            for o in sorted(outcomes, key=lambda o: o.partition)
        ]
        if isinstance(conn, JoinedWrites):
            args = (self._group.name, *columns(rows))
            conn.expect(_SQL["move checkpoints"], args, rows=len(rows))
            return
        moved = await conn.fetch(_SQL["move checkpoints"], self._group.name, *columns(rows))
        if stuck := frozenset(row[0] for row in rows) - {row["partition"] for row in moved}:
            raise CheckpointMoved(stuck)


def _waiting(
    parked: Mapping[int, AbstractSet[Conversation] | None],
) -> Callable[[int, Conversation], bool]:
    """Whether a conversation of a partition waits."""
    return lambda partition, conversation: conversation in (parked[partition] or ())


def _hold(share: Share, parked: Sequence[Parked]) -> None:
    """Each of them to the partition's outcome."""
    if parked:
        outcomes = {o.partition: o for o, _, _ in share.live}
        for waits in parked:
            outcomes[waits.recorded.partition].parked.append(waits)


async def park(
    conn: Connection,
    group: str,
    parked: Sequence[Parked],
    *,
    codes: Mapping[str, str],
    bodies: Mapping[UUID, str],
) -> None:
    """Write events that wait, in their log order, with the code that refused them.

    `bodies` is for groups whose events no log holds.
    """
    if not parked:
        return
    rows = [
        (*p.values(), bodies.get(p.recorded.event.id), codes.get(p.projection, "")) for p in parked
    ]
    await conn.execute(_SQL["park"], group, *columns(rows))


async def move_projection_checkpoints(conn: Connection, rows: Sequence[ProjectionMove]) -> None:
    """Compare-and-set of projections' checkpoints, all or none.

    Raises:
        CheckpointMoved: a row did not stand where it was left.
    """
    if not rows:
        return
    if isinstance(conn, JoinedWrites):
        conn.expect(_SQL["move projection checkpoints"], columns(rows), rows=len(rows))
        return
    moved = await conn.fetch(_SQL["move projection checkpoints"], *columns(rows))
    if len(moved) != len(rows):
        raise CheckpointMoved(frozenset(row.partition for row in rows))
