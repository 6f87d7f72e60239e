"""One lane: reads, commits and acknowledges batches of some partitions, one batch at a time.

A member runs a few lanes, so that one reads and folds while another waits for its commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic, time

from consumers.backoff import Backoff
from consumers.catch_up import CatchUp, behind
from consumers.engine_settings import EngineSettings
from consumers.errors import CheckpointMoved, LeaseLost, ProjectionRefused, TransientFault
from consumers.group import ConsumerGroup
from consumers.intake import Entry, Intake, take_in
from consumers.leases import Leases
from consumers.observer import BatchCommitted, Observer
from consumers.partition_state import PartitionState
from consumers.stream import GroupStreams
from consumers.transaction import BatchTransactions, Outcome


@dataclass(frozen=True, slots=True)
class LaneParts:
    """What all lanes of a member share."""

    group: ConsumerGroup
    streams: GroupStreams
    leases: Leases
    transactions: BatchTransactions
    catch_up: CatchUp
    settings: EngineSettings
    observer: Observer


class Lane:
    """Owns some of the member's partitions. `run` never ends by itself but by `stop`.

    `on_change` is called after every commit and every reload with the partition's state, and with
    None in its place when the partition is lost.
    """

    def __init__(
        self, parts: LaneParts, *, on_change: Callable[[int, PartitionState | None], None]
    ) -> None:
        self._parts = parts
        self._on_change = on_change
        self._states: dict[int, PartitionState] = {}
        self._stale: set[int] = set()
        self._busy = asyncio.Lock()
        self._has_partitions = asyncio.Event()
        self._stopping = asyncio.Event()
        self._blocked: asyncio.Timeout | None = None
        self._disturbers = 0
        self._backoff = Backoff(
            initial_s=parts.settings.retry_initial_s, max_s=parts.settings.retry_max_s
        )
        self.last_fault: str | None = None

    @property
    def partitions(self) -> tuple[int, ...]:
        """What it owns now."""
        return tuple(self._states)

    @property
    def states(self) -> dict[int, PartitionState]:
        """The partitions' states; not to be changed."""
        return self._states

    async def add(self, states: Iterable[PartitionState]) -> None:
        """Start working on partitions."""
        async with self._undisturbed():
            self._states.update({state.partition: state for state in states})
            self._has_partitions.set()

    async def remove(self, partitions: Iterable[int]) -> None:
        """Stop working on partitions, after the batch in flight."""
        async with self._undisturbed():
            self._drop(partitions)

    def stop(self) -> None:
        """End `run` after the batch in flight."""
        self._stopping.set()
        self._has_partitions.set()
        self._interrupt()

    async def run(self) -> None:
        """Work until `stop`; faults are retried for ever, with back-off."""
        while not self._stopping.is_set():
            await self._has_partitions.wait()
            wait_s = 0.0
            async with self._busy:
                if self._states and not self._stopping.is_set():
                    wait_s = await self._guarded_step()
            await self._pause(wait_s)

    async def _guarded_step(self) -> float:
        try:
            await self._step()
        except LeaseLost as error:
            # The whole batch failed: what it read of the other partitions must be read again.
            self._lost(error.partitions)
            self._distrust(self._states)
        except CheckpointMoved:
            self._distrust(self._states)
        except TransientFault as error:
            return self._failed(error.fault)
        except Exception as error:  # noqa: BLE001 - a defect must not end the other partitions' work
            return self._failed(f"{type(error).__name__}: {error}")
        else:
            self._backoff.reset()
            self.last_fault = None
        return 0.0

    def _failed(self, fault: str) -> float:
        wait_s = self._backoff.next_s()
        self.last_fault = fault
        self._distrust(self._states)
        self._parts.observer.retrying(self._parts.group.name, fault, self._backoff.attempt, wait_s)
        return wait_s

    async def _pause(self, wait_s: float) -> None:
        if wait_s <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(wait_s):
                await self._stopping.wait()
        except TimeoutError:
            pass

    async def _step(self) -> None:
        await self._reload_stale()
        if not self._states:
            return
        entries = await self._read_gaps()
        if not entries:
            entries = await self._read_live()
        intakes = [
            intake
            for partition, found in sorted(entries.items())
            if (intake := self._take_in(partition, found)) is not None
        ]
        if intakes:
            await self._commit(intakes)
        await self._acknowledge(entries)
        self._settle_gaps()
        await self._catch_up()

    def _take_in(self, partition: int, entries: list[Entry]) -> Intake | None:
        return take_in(
            partition,
            entries,
            partitions=self._parts.settings.partitions,
            after=self._states[partition].cursor,
        )

    async def _reload_stale(self) -> None:
        for partition in sorted(self._stale):
            state = await self._parts.leases.reload(partition)
            if state is None:
                self._lost({partition})
            else:
                self._states[partition] = state
                self._on_change(partition, state)
            self._stale.discard(partition)

    async def _read_gaps(self) -> dict[int, list[Entry]]:
        """A page of what lies between the checkpoint and Redis' cursor, of unsynced partitions."""
        found: dict[int, list[Entry]] = {}
        for partition, state in self._states.items():
            if state.synced:
                continue
            if state.read_up_to is None:
                await self._find_gap(state)
            if state.read_up_to is None or state.read_up_to <= state.cursor:
                await self._synced(state)
                continue
            entries = await self._parts.streams.read_range(
                partition,
                after=state.cursor,
                up_to=state.read_up_to,
                count=self._parts.settings.batch_events,
            )
            if not entries:
                await self._synced(state)
                continue
            self._parts.observer.resynced(self._parts.group.name, partition, len(entries))
            found[partition] = entries
            break
        return found

    async def _find_gap(self, state: PartitionState) -> None:
        streams, name = self._parts.streams, self._parts.group.name
        if await streams.ensure_group(state.partition, state.cursor):
            self._parts.observer.group_recreated(name, state.partition, str(state.cursor))
        state.read_up_to = await streams.last_delivered(state.partition)

    async def _synced(self, state: PartitionState) -> None:
        await self._parts.streams.forget_other_consumers(state.partition, state.cursor)
        state.synced, state.read_up_to = True, None

    def _settle_gaps(self) -> None:
        for state in self._states.values():
            if state.read_up_to is not None and state.read_up_to <= state.cursor:
                state.read_up_to = state.cursor

    async def _read_live(self) -> dict[int, list[Entry]]:
        if self._disturbers or self._stopping.is_set():
            return {}
        partitions = tuple(self._states)
        settings = self._parts.settings
        is_behind = any(behind(self._parts.group, s) for s in self._states.values())
        try:
            async with asyncio.timeout(None) as self._blocked:
                found = await self._parts.streams.read_new(
                    partitions,
                    count=-(-settings.batch_events // len(partitions)),
                    block_ms=1 if is_behind else settings.block_ms,
                )
        except TimeoutError:
            # Interrupted: entries may have been given to us that nobody saw.
            self._unsync(partitions)
            return {}
        finally:
            self._blocked = None
        if held := await self._parts.streams.held_by_others(partitions):
            self._unsync(held)
        return {p: entries for p, entries in found.items() if p not in held}

    async def _commit(self, intakes: list[Intake]) -> None:
        careful: frozenset[str] = frozenset()
        started = monotonic()
        while True:
            try:
                outcomes = await self._parts.transactions.commit(
                    intakes, self._states, careful=careful
                )
                break
            except ProjectionRefused as error:
                if error.projection in careful:
                    raise
                careful |= {error.projection}
        self._adopt(outcomes)
        self._tell(outcomes, monotonic() - started, min(_first_ms(i) for i in intakes))

    def _adopt(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            state = self._states[outcome.partition]
            state.cursor, state.position = outcome.cursor, outcome.position
            for name, position in outcome.projections.items():
                state.projections[name].position = position
            for type_, count in outcome.counts.items():
                state.counts_by_type[type_] = state.counts_by_type.get(type_, 0) + count
            for waits in outcome.parked:
                event = waits.recorded.event
                state.parked.setdefault(waits.projection, set()).add(
                    (event.company_id, event.conversation_id)
                )
            self._on_change(outcome.partition, state)

    def _tell(self, outcomes: list[Outcome], commit_s: float, oldest_ms: int) -> None:
        name, observer = self._parts.group.name, self._parts.observer
        observer.batch_committed(
            BatchCommitted(
                group=name,
                partitions=tuple(o.partition for o in outcomes),
                read=sum(o.read for o in outcomes),
                applied=sum(len(o.recorded) for o in outcomes),
                duplicate=sum(o.duplicates for o in outcomes),
                dead=sum(len(o.dead) for o in outcomes),
                commit_s=commit_s,
                oldest_entry_age_s=max(0.0, time() - oldest_ms / 1000),
            )
        )
        for outcome in outcomes:
            for dead in outcome.dead:
                observer.dead_letter(name, dead.partition, str(dead.entry_id), dead.reason)
            for waits in outcome.parked:
                observer.parked(name, waits.projection, outcome.partition, waits.reason, 1)

    async def _acknowledge(self, entries: dict[int, list[Entry]]) -> None:
        ids = {
            partition: [entry.id for entry in found]
            for partition, found in entries.items()
            if found
        }
        if ids:
            await self._parts.streams.acknowledge(ids)

    async def _catch_up(self) -> None:
        for state in list(self._states.values()):
            for projection in behind(self._parts.group, state):
                fed = await self._parts.catch_up.feed_page(state, projection)
                for waits in fed.parked:
                    self._parts.observer.parked(
                        self._parts.group.name, projection.name, state.partition, waits.reason, 1
                    )

    def _unsync(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._states[partition].unsync()

    def _distrust(self, partitions: Iterable[int]) -> None:
        self._stale.update(partition for partition in partitions if partition in self._states)

    def _lost(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._on_change(partition, None)
        self._drop(partitions)

    def _drop(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._states.pop(partition, None)
            self._stale.discard(partition)
        if not self._states and not self._stopping.is_set():
            self._has_partitions.clear()

    @asynccontextmanager
    async def _undisturbed(self) -> AsyncIterator[None]:
        self._disturbers += 1
        try:
            self._interrupt()
            async with self._busy:
                yield
        finally:
            self._disturbers -= 1

    def _interrupt(self) -> None:
        blocked, self._blocked = self._blocked, None
        if blocked is not None:
            blocked.reschedule(asyncio.get_running_loop().time())


def _first_ms(intake: Intake) -> int:
    ids = [c.entry_id for c in intake.candidates] + [d.entry_id for d in intake.dead]
    return min(ids).ms
