"""The consumer-group engine: one member of one group.

Start/stop contract: `run` is awaited once; it returns after `stop`, having finished the batch in
flight, handed its partitions over and left the group, or not much later than the grace is over:
then the leases run out. Cancelling `run` is a crash on purpose:
nothing is handed over, the leases run out, nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from time import monotonic

import asyncpg

from consumers.accounts import Accounts
from consumers.backoff import Backoff
from consumers.beats import Beats, Known, Looks
from consumers.bounded_pool import bounded
from consumers.cancellation import raise_if_cancelled
from consumers.catch_up import CatchUp
from consumers.dealing import Dealing
from consumers.decoded_once import Decode
from consumers.detachment import detach
from consumers.engine_settings import EngineSettings
from consumers.errors import TransientFault, told
from consumers.failure_streak import FailureStreak
from consumers.group import ConsumerGroup
from consumers.lane import Lane
from consumers.lane_parts import LaneParts
from consumers.leased import Member
from consumers.leases import Leases
from consumers.membership import Membership
from consumers.observer import Observer
from consumers.parking import Parking
from consumers.partition_state import PartitionState
from consumers.recovery import Recovery
from consumers.redis_clients import RedisClients
from consumers.rhythm import until_next_s
from consumers.spread import Spread
from consumers.status import GroupState, GroupStatus, PartitionStatus
from consumers.stream import GroupStreams
from consumers.stream_watch import StreamWatch
from consumers.topology import restore_topology
from consumers.transaction import BatchTransactions
from consumers.trimming import Trimmer
from consumers.upkeep import Upkeep
from events.entry_id import EntryId
from events.stream_bodies import event_of

_HAND_OVER_S = 1.0
"""How long handing over may take at least, where the batches in flight took the whole grace."""
_IDLE_BEATS = 15
"""Between two looks for what is unread, where there was nothing and nothing has come."""


class Engine:
    """Consumes a group's share of the partitions.

    `member_id` must be unique to this start of this process: it is the lease's owner and the name
    of the Redis consumer. `is_beside_work` tells whether others are at work in the process now.
    `beats` is shared by the engines of one member, whose heart-beats then go together; `decode` by two
    that read the same streams.
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
        is_beside_work: Callable[[], bool] = lambda: False,
        beats: Beats | None = None,
        decode: Decode = event_of,
    ) -> None:
        pool = bounded(pool, within_s=settings.lease_s)
        self._settings = settings
        self._observer = observer
        self._member_id = member_id
        self._status = GroupStatus(group.name, member_id)
        self._leases = Leases(pool, group=group.name, member_id=member_id, settings=settings)
        self._streams = GroupStreams(
            redis, group=group.name, consumer=member_id, prefix=settings.stream_prefix
        )
        watch = StreamWatch(redis, group=group.name, prefix=settings.stream_prefix)
        member = Member(group.name, member_id, settings.lease_s)
        accounts = Accounts(pool, member=member)
        parking = Parking(pool, group=group, member=member)
        # One for both ways of feeding: what is applied in the one ends the row of the other.
        streaks = {projection.name: FailureStreak() for projection in group.projections}
        spread = Spread(lanes=settings.lanes, batch_events=settings.batch_events)
        parts = LaneParts(
            group=group,
            streams=self._streams,
            watch=watch,
            recovery=Recovery(
                group,
                streams=self._streams,
                watch=watch,
                accounts=accounts,
                restore_topology=lambda: restore_topology(pool, redis.commands),
                observer=observer,
            ),
            parking=parking,
            detach=lambda name, detail: detach(pool, group, projection=name, detail=detail),
            leases=self._leases,
            transactions=BatchTransactions(pool, group=group, member=member, streaks=streaks),
            catch_up=CatchUp(
                pool,
                group=group,
                member=member,
                page_events=settings.batch_events,
                streaks=streaks,
            ),
            settings=settings,
            observer=observer,
            is_beside_work=is_beside_work,
            spread=spread,
            decode=decode,
        )
        self._lanes = [Lane(parts, on_change=self._changed) for _ in range(settings.lanes)]
        self._dealing = Dealing(self._lanes, spread)
        self._membership = Membership(
            self._leases,
            dealing=self._dealing,
            partitions=settings.partitions,
            member_id=member_id,
            observer=observer,
            status=self._status,
            on_change=self._changed,
        )
        self._upkeep = Upkeep(
            pool,
            group,
            lanes=self._lanes,
            accounts=accounts,
            parking=parking,
            streaks=streaks,
            trimmer=Trimmer(pool, redis, prefix=settings.stream_prefix),
            settings=settings,
            observer=observer,
            status=self._status,
        )
        self._beats = beats or Beats(pool, member_id=member_id, lease_s=settings.lease_s)
        self._looks = Looks()
        self._idle_at: dict[int, EntryId] | None = None
        self._measure_at = 0.0
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()

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
                # Who acts on looks waits for the first of them before it is begun.
                steps = {
                    "membership": (self._tend_membership, self._stopping, 0.0),
                    "upkeep": (self._look_after, self._stopping, 0.0),
                    # It lives on until the last batch is done.
                    "heartbeat": (self._beat, self._drained, self._settings.heartbeat_s),
                    "tails": (self._measure_tails, self._stopping, self._settings.heartbeat_s),
                }
                beating = [
                    tasks.create_task(self._keep(*step), name=f"{name}-{what}")
                    for what, step in steps.items()
                ]
                spreading = tasks.create_task(self._dealing.follow(), name=f"{name}-spreading")
                await self._stopping.wait()
                spreading.cancel()
                self._looks.close()
                until = monotonic() + self._settings.stop_grace_s
                await _end_by(until, working)
                self._drained.set()
                await _end_by(until, beating)
            await self._hand_over_within(max(until - monotonic(), _HAND_OVER_S))
        finally:
            self._status.state = GroupState.STOPPED
            self._status.partitions.clear()

    async def _keep(
        self, step: Callable[[], Awaitable[None]], until: asyncio.Event, every_s: float
    ) -> None:
        """Take a step so often until the event (0: it waits itself); faults are retried with back-off.

        Never so slowly that the lease would run out between two steps.
        """
        settings = self._settings
        longest_s = max(settings.heartbeat_s, min(settings.retry_max_s, settings.lease_s / 4))
        backoff = Backoff(initial_s=settings.heartbeat_s, max_s=longest_s)
        while not until.is_set():
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - a defect here must not stop the consuming
                wait_s = backoff.next_s()
                self._say_fault(told(error))
                self._observer.retrying(self._status.group, told(error), backoff.attempt, wait_s)
            else:
                backoff.reset()
                wait_s = until_next_s(every_s, monotonic()) if every_s else 0.0
            raise_if_cancelled()
            if wait_s:
                await _wait(until, wait_s)

    async def _beat(self) -> None:
        number = self._looks.begin()
        look = await self._beats.beat(self._status.group, self._known)
        self._status.answered_at = monotonic()
        self._looks.arrive(number, look)

    def _known(self) -> Known:
        return {
            partition: (state.generation, state.cursor)
            for lane in self._lanes
            for partition, state in lane.states.items()
        }

    async def _tend_membership(self) -> None:
        if (look := await self._looks.next()) is not None:
            await self._membership.step(look.snapshot)
            self._tell_state()

    async def _look_after(self) -> None:
        if (look := await self._looks.next()) is not None:
            await self._upkeep.step(look)

    async def _measure_tails(self) -> None:
        cursors = {p: status.cursor for p, status in self._status.partitions.items()}
        if not cursors or (cursors == self._idle_at and monotonic() < self._measure_at):
            return
        self._idle_at = None
        try:
            tails = await self._streams.tails(cursors)
        except TransientFault:
            for status in self._status.partitions.values():
                status.lag_events = status.lag_s = None
            raise
        for partition, tail in tails.items():
            if (owned := self._status.partitions.get(partition)) is not None:
                owned.lag_events, owned.lag_s = tail.lag_events, tail.lag_s
        if all(tail.lag_events == 0 for tail in tails.values()):
            # A blocked read tells what comes; that it does not is looked for less often.
            self._idle_at = cursors
            self._measure_at = monotonic() + _IDLE_BEATS * self._settings.heartbeat_s

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

    async def _hand_over_within(self, seconds: float) -> None:
        """A stop ends, also where a server neither answers nor closes."""
        try:
            async with asyncio.timeout(seconds) as limit:
                await self._hand_over()
        except TimeoutError:
            if not limit.expired():
                raise
            fault = f"not handed over within {seconds:.1f} s: the leases run out"
            self._observer.retrying(self._status.group, fault, 0, self._settings.lease_s)

    async def _hand_over(self) -> None:
        cursors = {p: s.cursor for lane in self._lanes for p, s in lane.states.items()}
        backoff = Backoff(initial_s=0.05, max_s=0.5)
        for _ in range(3):
            try:
                await self._leases.release(sorted(cursors))
                await self._leases.leave()
                await self._streams.forget_self(sorted(cursors), cursors)
            except Exception as error:  # noqa: BLE001 - a stop ends, whatever stands in its way
                wait_s = backoff.next_s()
                self._observer.retrying(self._status.group, told(error), backoff.attempt, wait_s)
                raise_if_cancelled()
                await asyncio.sleep(wait_s)
            else:
                break
        for partition in sorted(cursors):
            self._observer.partition_released(self._status.group, partition, "stopped")


async def _end_by(until: float, tasks: Collection[asyncio.Task[None]]) -> None:
    """Let the tasks end until a moment of the monotonic clock; then cancel those that have not."""
    _, late = await asyncio.wait(tasks, timeout=max(0.0, until - monotonic()))
    for task in late:
        task.cancel()


async def _wait(until: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        pass
