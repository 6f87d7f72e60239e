"""One lane: reads, commits and acknowledges batches of some partitions, one batch at a time.

A member runs a few lanes, so that one reads and folds while another waits for its commit; while batches
are short, one of them has all partitions (`consumers.spread`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from time import monotonic, time

from consumers.backoff import Backoff
from consumers.cancellation import raise_if_cancelled
from consumers.catch_up import behind
from consumers.errors import (
    CheckpointMoved,
    LeaseLost,
    ProjectionBroken,
    ProjectionRefused,
    told,
)
from consumers.group import Basis
from consumers.intake import Entry, Intake, take_in
from consumers.isolation import Isolation
from consumers.lane_parts import LaneParts
from consumers.mending import Mending
from consumers.outcome import adopt, keep_what_was_seen, tell
from consumers.parking import Mend
from consumers.partition_state import PartitionState
from consumers.reader import Found, Reader

_WORTH_IT = 50
"""A batch of more entries pays for itself: to rest would only make the next one longer, and turns
that run in the same loop wait for it."""
_MOVES = 3
"""How often in a row a checkpoint may have been moved before the next try waits. The swaps of a
rebuild move one after the other, and whoever rested after each would fall behind."""


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
        self._reader = Reader(
            parts.group,
            streams=parts.streams,
            watch=parts.watch,
            recovery=parts.recovery,
            settings=parts.settings,
            observer=parts.observer,
        )
        self._mending = Mending(parts.parking, group=parts.group.name, observer=parts.observer)
        self._disturbers = 0
        self._backoff = Backoff(
            initial_s=parts.settings.retry_initial_s, max_s=parts.settings.retry_max_s
        )
        self._isolation = Isolation(
            initial_s=parts.settings.retry_initial_s, max_s=parts.settings.retry_max_s
        )
        self._turn = 0
        self._moves = 0
        self._rest_s = 0.0
        self.last_fault: str | None = None

    @property
    def partitions(self) -> tuple[int, ...]:
        """What it owns now."""
        return tuple(self._states)

    @property
    def movable(self) -> tuple[int, ...]:
        """What another lane may have instead: a sick partition stays with who knows how it fares."""
        return tuple(self._isolation.well(self._states))

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
            partitions = list(partitions)
            self._reader.forget(partitions)
            self._drop(partitions)

    async def hand_to(self, other: Lane, partitions: Iterable[int]) -> None:
        """Let another lane work on partitions, after both lanes' batches in flight.

        They move at once, or not at all: nobody finds one in both lanes, or in none. One of two that
        give to each other at the same time would wait for ever.
        """
        async with self._undisturbed(), other._undisturbed():
            moving = [p for p in partitions if p in self._states]
            self._reader.forget(moving)
            for partition in moving:
                # As for a new owner: the pending list is settled, and an interrupted read made good.
                self._states[partition].unsync()
                other._states[partition] = self._states[partition]
            other._stale.update(self._stale.intersection(moving))
            self._drop(moving)
            if moving:
                other._has_partitions.set()

    def mend(self, mends: Iterable[Mend]) -> None:
        """Try parked events again (or discard them) between two batches."""
        if self._mending.add(mend for mend in mends if mend.partition in self._states):
            self._reader.interrupt()

    def distrust(self, partitions: Iterable[int]) -> None:
        """Load the state of partitions anew before the next batch."""
        before = len(self._stale)
        self._distrust(partitions)
        if len(self._stale) > before:
            self._reader.interrupt()

    def stop(self) -> None:
        """End `run` after the batch in flight."""
        self._stopping.set()
        self._has_partitions.set()
        self._reader.interrupt()

    async def run(self) -> None:
        """Work until `stop`; faults are retried for ever, with back-off."""
        try:
            while not self._stopping.is_set():
                await self._has_partitions.wait()
                wait_s = 0.0
                async with self._busy:
                    if self._states and not self._stopping.is_set():
                        wait_s = await self._guarded_step()
                raise_if_cancelled()
                await self._pause(max(wait_s, self._rest_s))
        finally:
            await self._reader.give_up()

    async def _guarded_step(self) -> float:
        """One step over all that are well, or one over each; returns how long to wait then."""
        isolation = self._isolation
        well = isolation.well(self._states)
        if isolation.apart or not well:
            return await self._step_apart([*well, *isolation.due(self._states)])
        for partition in isolation.due(self._states):
            await self._attempt_alone(partition)
        well = [p for p in well if p in self._states]
        fault = await self._attempt(well, alone=False)
        if fault is None:
            self._passed()
            return 0.0
        if len(well) > 1:
            isolation.joint_failed()
        return self._wait_after(fault)

    async def _step_apart(self, partitions: list[int]) -> float:
        for partition in partitions:
            if partition in self._states and await self._attempt_alone(partition):
                return self._wait_after(self.last_fault or "every partition fails")
        if not self._isolation.well(self._states):
            # All of them: it is not theirs, and what is common to them is tried as one again.
            self._isolation.forget()
            return self._wait_after(self.last_fault or "every partition fails")
        self._passed()
        return 0.0

    async def _attempt_alone(self, partition: int) -> bool:
        """Try one partition; True when its failure looks like everybody's."""
        fault = await self._attempt([partition], alone=True)
        if fault is None:
            self._isolation.passed_alone(partition)
            return False
        common, attempt, wait_s = self._isolation.failed_alone(partition)
        told_of = self.last_fault or fault
        self._parts.observer.retrying(self._parts.group.name, told_of, attempt, wait_s)
        return common

    def _passed(self) -> None:
        self._isolation.passed()
        if not self._isolation.sick:
            self._backoff.reset()
            self.last_fault = None

    async def _attempt(self, partitions: list[int], *, alone: bool) -> str | None:
        """A step over some partitions; the fault, or None when it went through."""
        try:
            await self._step({p: self._states[p] for p in partitions}, alone=alone)
        except LeaseLost as error:
            # The whole batch failed: what it read of the other partitions must be read again.
            self._lost(error.partitions)
            self._distrust(partitions)
            return None
        except CheckpointMoved as error:
            self._moves += 1
            if self._moves > _MOVES:
                return self._failed(told(error), partitions)
            self._distrust(partitions)
            return None
        except ProjectionBroken as error:
            return await self._detach(error, partitions)
        except Exception as error:  # noqa: BLE001 - a defect must not end the other partitions' work
            return self._failed(told(error), partitions)
        self._moves = 0
        return None

    async def _detach(self, error: ProjectionBroken, partitions: list[int]) -> str | None:
        """A broken projection leaves its group; where no log can feed it later, the group waits."""
        if self._parts.group.basis is not Basis.LOG:
            fault = f"projection {error.projection} is broken: {error.detail}"
            return self._failed(fault, partitions)
        try:
            done = await self._parts.detach(error.projection, error.detail)
        except Exception as fault:  # noqa: BLE001 - as in _attempt
            return self._failed(told(fault), partitions)
        if done:
            self._parts.observer.detached(self._parts.group.name, error.projection, error.detail)
        self._distrust(self._states)
        return None

    def _failed(self, fault: str, partitions: list[int]) -> str:
        self.last_fault = fault if len(partitions) > 1 else f"partition {partitions[0]}: {fault}"
        self._distrust(partitions)
        return fault

    def _wait_after(self, fault: str) -> float:
        wait_s = self._backoff.next_s()
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

    async def _step(self, states: dict[int, PartitionState], *, alone: bool) -> None:
        states = await self._reload_stale(states)
        if not states:
            return
        entries = await self._reader.read_gaps(states)
        is_gap = bool(entries)
        if not entries and not self._disturbers and not self._stopping.is_set():
            # What waits for a partition that is left out now does not hurry the others.
            hurried = alone or self._mending.waits_for(states)
            entries = await self._reader.read_new(states, hurried=hurried)
            if not (alone or self._disturbers or self._stopping.is_set()):
                self._reader.read_ahead(states, entries)
        for partition, state in states.items():
            # Looking at a stream may have settled its account, or begun a new generation.
            self._on_change(partition, state)
        intakes = await self._taken_in(entries)
        if intakes:
            await self._commit(intakes)
        await self._reader.acknowledge(entries, at_once=is_gap)
        is_late = await self._catch_up(states)
        await self._mending.one_page(states, owned=self._states)
        read = sum(intake.read for intake in intakes)
        if read:
            self._parts.spread.saw(read, leaves_work=self._reader.has_more or is_late)
        rests = 0 < read <= _WORTH_IT and not (self._reader.has_more or is_late or self._mending)
        self._rest_s = self._parts.gather_s if rests else 0.0

    async def _taken_in(self, entries: Found) -> list[Intake]:
        intakes, since = [], 0
        for partition, found in sorted(entries.items()):
            if (intake := self._take_in(partition, found)) is not None:
                intakes.append(intake)
            since += len(found)
            if since > _WORTH_IT:
                # A long batch lets others work in between: turns run in the same process.
                await asyncio.sleep(0)
                since = 0
        return intakes

    def _take_in(self, partition: int, entries: list[Entry]) -> Intake | None:
        return take_in(
            partition,
            entries,
            partitions=self._parts.settings.partitions,
            after=self._states[partition].cursor,
            decode=self._parts.decode,
        )

    async def _reload_stale(self, states: dict[int, PartitionState]) -> dict[int, PartitionState]:
        """The states, those that are not trusted loaded anew; without those that were lost."""
        for partition in sorted(self._stale & states.keys()):
            # Before the look: who distrusts it meanwhile wants another one.
            self._stale.discard(partition)
            state = await self._parts.leases.reload(partition)
            if state is None:
                self._lost({partition})
            else:
                keep_what_was_seen(self._states.get(partition), state)
                self._states[partition] = state
                self._on_change(partition, state)
        return {p: self._states[p] for p in states if p in self._states}

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
        for outcome in outcomes:
            state = self._states[outcome.partition]
            adopt(state, outcome)
            self._on_change(outcome.partition, state)
        oldest_ms = min(intake.ids[0].ms for intake in intakes)
        tell(
            self._parts.observer,
            self._parts.group.name,
            outcomes,
            commit_s=monotonic() - started,
            oldest_entry_age_s=max(0.0, time() - oldest_ms / 1000),
        )

    async def _catch_up(self, states: dict[int, PartitionState]) -> bool:
        """One page of one projection that is behind, in turn; live batches go on in between.

        Returns whether there was one.
        """
        late = [(s, p) for s in states.values() for p in behind(self._parts.group, s)]
        if not late:
            return False
        self._turn += 1
        state, projection = late[self._turn % len(late)]
        fed = await self._parts.catch_up.feed_page(state, projection)
        for waits in fed.parked:
            self._parts.observer.parked(
                self._parts.group.name, projection.name, state.partition, waits.reason, 1
            )
        return True

    def _distrust(self, partitions: Iterable[int]) -> None:
        self._stale.update(partition for partition in partitions if partition in self._states)

    def _lost(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._on_change(partition, None)
        self._drop(partitions)

    def _drop(self, partitions: Iterable[int]) -> None:
        partitions = list(partitions)
        for partition in partitions:
            self._states.pop(partition, None)
            self._stale.discard(partition)
        self._isolation.forget(partitions)
        if not self._states:
            # A lane without any has no fault to tell of, and begins anew with the next ones.
            self._backoff.reset()
            self.last_fault = None
            if not self._stopping.is_set():
                self._has_partitions.clear()

    @asynccontextmanager
    async def _undisturbed(self) -> AsyncIterator[None]:
        self._disturbers += 1
        try:
            self._reader.interrupt()
            async with self._busy:
                yield
        finally:
            self._disturbers -= 1
