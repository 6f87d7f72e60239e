"""What a member looks after beside its batches, at each heart-beat: all by what the beat's look shows.

Requests of operators and parked conversations whose time has come, projections that were attached
or detached, a Postgres that went back in time, losses, conservation, retention, and what replays replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic

import asyncpg

from consumers.accounts import Accounts
from consumers.beats import Look
from consumers.engine_settings import EngineSettings
from consumers.errors import faults_translated
from consumers.failure_streak import FailureStreak
from consumers.group import Basis, ConsumerGroup
from consumers.lane import Lane
from consumers.observer import Observer
from consumers.parking import AT_ONCE, Mend, Parking
from consumers.partition_state import PartitionState
from consumers.rebuild.kept import drop_expired
from consumers.retention import Retention
from consumers.seen_basis import forget_seen
from consumers.status import GroupStatus
from consumers.trimming import Trimmer, held_back
from events.entry_id import ZERO

_NOWHERE = (0, ZERO)
_SLOWLY_S = 30.0
"""How often parked conversations are looked at for another try, and the accounts added up."""


class Upkeep:
    """Works on one member's lanes and tells its status."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        group: ConsumerGroup,
        *,
        lanes: Sequence[Lane],
        accounts: Accounts,
        parking: Parking,
        streaks: Mapping[str, FailureStreak],
        trimmer: Trimmer,
        settings: EngineSettings,
        observer: Observer,
        status: GroupStatus,
    ) -> None:
        self._pool = pool
        self._group = group
        self._lanes = lanes
        self._accounts = accounts
        self._parking = parking
        self._streaks = streaks
        self._trimmer = trimmer
        self._settings = settings
        self._observer = observer
        self._status = status
        self._slow_at = self._trim_at = 0.0

    async def step(self, look: Look) -> None:
        """What follows from a look. Raises `TransientFault` for everything that will pass."""
        states = self._states()
        self._look_at_standing(look)
        if not states:
            return
        self._find_what_went_back(look)
        await self._accounts.remember_seen(states.values())
        self._mend(self._parking.wanted(look.requests))
        if monotonic() >= self._slow_at:
            due = await self._parking.due(states)
            self._mend(due)
            await self._add_up()
            # What is due at once is asked for at each step, a bounded number at a time.
            self._slow_at = monotonic() + (_SLOWLY_S if len(due) < AT_ONCE else 0.0)
        if monotonic() >= self._trim_at:
            await self._retain(sorted(states))
            self._trim_at = monotonic() + self._settings.trim_every_s

    def _states(self) -> dict[int, PartitionState]:
        return {p: state for lane in self._lanes for p, state in lane.states.items()}

    def _look_at_standing(self, look: Look) -> None:
        self._status.detached = dict(look.detached)
        self._status.losses = look.losses
        # Attached or detached projections; or a server that may be of an earlier moment. Held
        # against what each partition knows, not against the last look: one that was detached and
        # attached again in between looks as before.
        fed = look.fed
        self._begin_anew({name for state in self._states().values() for name in fed - state.fed()})
        for lane in self._lanes:
            lane.distrust(
                partition
                for partition, state in lane.states.items()
                if state.fed() != fed or state.server_started != look.server_started
            )

    def _begin_anew(self, attached: set[str]) -> None:
        """What projections refused before they were attached does not count from now on."""
        for projection in self._group.projections:
            if f"{projection.name} v{projection.version}" in attached:
                self._streaks[projection.name].begin_anew()

    def _find_what_went_back(self, look: Look) -> None:
        """Checkpoints only grow; one below what was committed is a Postgres of an earlier moment.

        A lane that waits for entries would never notice: it meets no error.
        """
        back = {p for p, place in look.known.items() if look.stands.get(p, _NOWHERE) < place}
        for lane in self._lanes if back else ():
            lane.distrust(back)

    def _mend(self, mends: list[Mend]) -> None:
        for lane in self._lanes if mends else ():
            lane.mend(mends)

    async def _add_up(self) -> None:
        imbalances = await self._accounts.imbalances()
        for partition, owned in self._status.partitions.items():
            owned.imbalance = imbalances.get(partition)
        self._status.conservation = await self._accounts.conservation(self._status.partitions)

    async def _retain(self, partitions: list[int]) -> None:
        if self._group.basis is not Basis.LOG:
            await forget_seen(
                self._pool, self._group.name, partitions, older_than_s=self._settings.seen_keep_s
            )
            return
        retention = Retention(
            keep_ms=int(self._settings.stream_keep_s * 1000),
            logged_by=self._group.name,
            declared=self._settings.declared_groups,
        )
        report = await self._trimmer.trim(partitions, retention)
        for partition, (entries, below) in report.trimmed.items():
            self._observer.trimmed(self._group.name, partition, entries, str(below))
        self._status.held_back, self._status.forgotten = held_back(report)
        # Of all members one, whoever owns that partition.
        if 0 in partitions:
            with faults_translated():
                dropped = await drop_expired(self._pool)
            for name in dropped:
                self._observer.replaced_dropped(self._group.name, name)
