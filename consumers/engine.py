"""The consumer-group engine: one member of one group.

Start/stop contract: `run` is awaited once; it returns after `stop`, having finished the batch in
flight, handed its partitions over and left the group. Cancelling `run` is a crash on purpose:
nothing is handed over, the leases run out, nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic

import asyncpg

from consumers.accounts import Accounts
from consumers.backoff import Backoff
from consumers.catch_up import CatchUp
from consumers.detachment import detach, detached, fed_projections
from consumers.engine_settings import EngineSettings
from consumers.errors import TransientFault
from consumers.group import Basis, ConsumerGroup
from consumers.lane import Lane, LaneParts
from consumers.leased import Member
from consumers.leases import Leases, Snapshot
from consumers.observer import Observer
from consumers.parking import Mend, Parking
from consumers.partition_state import PartitionState
from consumers.recovery import Recovery
from consumers.redis_clients import RedisClients
from consumers.retention import Retention
from consumers.seen_basis import forget_seen
from consumers.shares import moves
from consumers.status import GroupState, GroupStatus, PartitionStatus
from consumers.stream import GroupStreams
from consumers.stream_watch import StreamWatch
from consumers.transaction import BatchTransactions
from consumers.trimming import Trimmer, held_back

_LOOK_FOR_DUE_S = 30.0
"""How often parked conversations are looked at for another try."""


class Engine:
    """Consumes a group's share of the partitions.

    `member_id` must be unique to this start of this process: it is the lease's owner and the name
    of the Redis consumer.
    """

    def __init__(
        self,
        group: ConsumerGroup,
        *,
        pool: asyncpg.Pool,
        redis: RedisClients,
        settings: EngineSettings,
        member_id: str,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._group = group
        self._fed: frozenset[tuple[str, int]] | None = None
        self._observer = observer
        self._member_id = member_id
        self._status = GroupStatus(group.name, member_id)
        self._leases = Leases(pool, group=group.name, member_id=member_id, settings=settings)
        self._streams = GroupStreams(
            redis, group=group.name, consumer=member_id, prefix=settings.stream_prefix
        )
        watch = StreamWatch(redis, group=group.name, prefix=settings.stream_prefix)
        member = Member(group.name, member_id, settings.lease_s)
        self._accounts = Accounts(pool, member=member)
        self._trimmer = Trimmer(pool, redis, prefix=settings.stream_prefix)
        self._parking = Parking(pool, group=group, member=member)
        parts = LaneParts(
            group=group,
            streams=self._streams,
            watch=watch,
            recovery=Recovery(
                group,
                streams=self._streams,
                watch=watch,
                accounts=self._accounts,
                observer=observer,
            ),
            parking=self._parking,
            detach=lambda name, detail: detach(pool, group, projection=name, detail=detail),
            leases=self._leases,
            transactions=BatchTransactions(pool, group=group, member=member),
            catch_up=CatchUp(pool, group=group, member=member, page_events=settings.batch_events),
            settings=settings,
            observer=observer,
        )
        self._lanes = [Lane(parts, on_change=self._changed) for _ in range(settings.lanes)]
        self._stopping = asyncio.Event()

    def status(self) -> GroupStatus:
        """What is known now; the object is live, read it without awaiting in between."""
        return self._status

    async def stop(self) -> None:
        """Ask `run` to finish; returns at once."""
        self._status.state = GroupState.STOPPING
        self._stopping.set()
        for lane in self._lanes:
            lane.stop()

    async def run(self) -> None:
        """Consume until `stop`. Faults of the surroundings are retried for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                name = self._status.group
                working = [
                    tasks.create_task(lane.run(), name=f"{name}-lane-{number}")
                    for number, lane in enumerate(self._lanes)
                ]
                tasks.create_task(self._keep_membership(), name=f"{name}-membership")
                tasks.create_task(self._keep_tails(), name=f"{name}-tails")
                tasks.create_task(self._keep_tidy(), name=f"{name}-upkeep")
                await self._stopping.wait()
                _, late = await asyncio.wait(working, timeout=self._settings.stop_grace_s)
                for lane in late:
                    lane.cancel()
            await self._hand_over()
        finally:
            self._status.state = GroupState.STOPPED
            self._status.partitions.clear()

    async def _keep_membership(self) -> None:
        prepared = False
        while not self._stopping.is_set():
            if not prepared:
                prepared = await self._try(lambda: self._leases.prepare(self._settings.partitions))
            if prepared and await self._try(self._tend_membership):
                self._tell_state()
            await self._wait(self._settings.heartbeat_s)

    async def _tend_membership(self) -> None:
        await self._leases.heartbeat()
        snapshot = await self._leases.snapshot()
        await self._drop_lost(snapshot)
        plan = moves(snapshot.owners, snapshot.living | {self._member_id}, self._member_id)
        if plan.release:
            await self._remove(plan.release, "handed_over")
            await self._leases.release(plan.release)
        taken = [await self._leases.take(partition) for partition in plan.take]
        await self._add([state for state in taken if state is not None])
        await self._adopt_orphans(snapshot)
        await self._leases.forget_the_dead()

    async def _drop_lost(self, snapshot: Snapshot) -> None:
        gone = [
            partition
            for lane in self._lanes
            for partition in lane.partitions
            if snapshot.owners.get(partition) != self._member_id
        ]
        if gone:
            await self._remove(gone, "lost")

    async def _adopt_orphans(self, snapshot: Snapshot) -> None:
        """Partitions that are ours in Postgres but in no lane (the answer to a take was lost)."""
        held = {partition for lane in self._lanes for partition in lane.partitions}
        for partition, owner in snapshot.owners.items():
            if owner == self._member_id and partition not in held:
                state = await self._leases.reload(partition)
                if state is not None:
                    await self._add([state])

    async def _add(self, states: list[PartitionState]) -> None:
        sizes = {lane: len(lane.partitions) for lane in self._lanes}
        dealt: dict[Lane, list[PartitionState]] = {}
        for state in states:
            lane = min(sizes, key=lambda lane: sizes[lane])
            sizes[lane] += 1
            dealt.setdefault(lane, []).append(state)
            self._changed(state.partition, state)
            self._observer.partition_taken(self._status.group, state.partition, state.epoch)
        for lane, mine in dealt.items():
            await lane.add(mine)

    async def _remove(self, partitions: list[int] | tuple[int, ...], reason: str) -> None:
        for lane in self._lanes:
            mine = [p for p in partitions if p in lane.partitions]
            if mine:
                await lane.remove(mine)
        for partition in partitions:
            if self._status.partitions.pop(partition, None) is not None:
                self._observer.partition_released(self._status.group, partition, reason)

    async def _keep_tidy(self) -> None:
        """Requests, retries, projections that come and go, losses: all by looking at Postgres."""
        next_due = next_trim = monotonic()
        while not self._stopping.is_set():
            await self._try(self._tend_requests)
            if monotonic() >= next_due:
                await self._try(self._tend_parked)
                next_due = monotonic() + _LOOK_FOR_DUE_S
            if monotonic() >= next_trim:
                await self._try(self._tend_retention)
                next_trim = monotonic() + self._settings.trim_every_s
            await self._try(self._tend_projections)
            await self._wait(self._settings.heartbeat_s)

    async def _tend_requests(self) -> None:
        owned = sorted(self._status.partitions)
        if owned:
            self._mend(await self._parking.wanted(owned))

    async def _tend_parked(self) -> None:
        owned = sorted(self._status.partitions)
        if owned:
            self._mend(await self._parking.due(owned))

    def _mend(self, mends: list[Mend]) -> None:
        for lane in self._lanes if mends else ():
            lane.mend(mends)

    async def _tend_retention(self) -> None:
        owned = sorted(self._status.partitions)
        if not owned:
            return
        if self._group.basis is not Basis.LOG:
            await forget_seen(
                self._pool, self._group.name, owned, older_than_s=self._settings.seen_keep_s
            )
            return
        retention = Retention(
            keep_ms=int(self._settings.stream_keep_s * 1000), logged_by=self._group.name
        )
        report = await self._trimmer.trim(owned, retention)
        for partition, (entries, below) in report.trimmed.items():
            self._observer.trimmed(self._group.name, partition, entries, str(below))
        self._status.held_back, self._status.forgotten = held_back(report)

    async def _tend_projections(self) -> None:
        fed = await fed_projections(self._pool, self._group)
        if self._fed is not None and fed != self._fed:
            for lane in self._lanes:
                lane.distrust_all()
        self._fed = fed
        self._status.detached = await detached(self._pool, self._group)
        self._status.losses = await self._accounts.open_losses()
        await self._accounts.remember_seen(
            [state for lane in self._lanes for state in lane.states.values()]
        )
        imbalances = await self._accounts.imbalances()
        for partition, owned in self._status.partitions.items():
            owned.imbalance = imbalances.get(partition)

    async def _keep_tails(self) -> None:
        while not self._stopping.is_set():
            await self._try(self._measure_tails)
            await self._wait(self._settings.heartbeat_s)

    async def _measure_tails(self) -> None:
        cursors = {p: status.cursor for p, status in self._status.partitions.items()}
        if not cursors:
            return
        try:
            tails = await self._streams.tails(cursors)
        except TransientFault:
            for status in self._status.partitions.values():
                status.lag_events = status.lag_s = None
            raise
        for partition, tail in tails.items():
            if (owned := self._status.partitions.get(partition)) is not None:
                owned.lag_events, owned.lag_s = tail.lag_events, tail.lag_s

    def _changed(self, partition: int, state: PartitionState | None) -> None:
        if state is None:
            if self._status.partitions.pop(partition, None) is not None:
                self._observer.partition_released(self._status.group, partition, "lost")
            return
        known = self._status.partitions.get(partition)
        if known is None:
            known = PartitionStatus(partition, state.epoch, state.position)
            self._status.partitions[partition] = known
        elif known.cursor != state.cursor:
            self._status.last_commit_at = datetime.now(UTC)
        known.epoch, known.position, known.cursor = state.epoch, state.position, state.cursor
        known.counts_by_type = state.counts_by_type
        known.generation, known.lost = state.generation, state.lost_total

    def _tell_state(self) -> None:
        faults = [lane.last_fault for lane in self._lanes if lane.last_fault]
        if self._stopping.is_set():
            return
        if faults:
            self._say_fault(faults[0])
        elif self._status.partitions:
            self._status.state = GroupState.RUNNING
        else:
            self._status.state = GroupState.WAITING

    def _say_fault(self, fault: str) -> None:
        self._status.last_error = fault
        self._status.last_error_at = datetime.now(UTC)
        if not self._stopping.is_set():
            self._status.state = GroupState.RETRYING

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        try:
            await step()
        except TransientFault as error:
            fault = error.fault
        except Exception as error:  # noqa: BLE001 - a defect here must not stop the consuming
            fault = f"{type(error).__name__}: {error}"
        else:
            return True
        self._say_fault(fault)
        self._observer.retrying(self._status.group, fault, 1, self._settings.heartbeat_s)
        return False

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _hand_over(self) -> None:
        cursors = {p: s.cursor for lane in self._lanes for p, s in lane.states.items()}
        backoff = Backoff(initial_s=0.05, max_s=0.5)
        for _ in range(3):
            try:
                await self._leases.release(sorted(cursors))
                await self._leases.leave()
                await self._streams.forget_self(sorted(cursors), cursors)
            except TransientFault as error:
                wait_s = backoff.next_s()
                self._observer.retrying(self._status.group, error.fault, backoff.attempt, wait_s)
                await asyncio.sleep(wait_s)
            else:
                break
        for partition in sorted(cursors):
            self._observer.partition_released(self._status.group, partition, "stopped")
