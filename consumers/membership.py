"""A member's share of the partitions: taking and releasing them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from consumers.dealing import Dealing
from consumers.leases import Leases, Snapshot
from consumers.observer import Observer
from consumers.partition_state import PartitionState
from consumers.shares import moves
from consumers.status import GroupStatus


class Membership:
    """Takes and releases what is the member's, and has it dealt to its lanes."""

    def __init__(
        self,
        leases: Leases,
        *,
        dealing: Dealing,
        partitions: int,
        member_id: str,
        observer: Observer,
        status: GroupStatus,
        on_change: Callable[[int, PartitionState | None], None],
    ) -> None:
        self._leases = leases
        self._dealing = dealing
        self._partitions = partitions
        self._member_id = member_id
        self._observer = observer
        self._status = status
        self._on_change = on_change

    async def step(self, snapshot: Snapshot) -> None:
        """What follows from a look at the shares; waits for batches in flight.

        The look must have begun after the last step. Raises `TransientFault` when Postgres does not answer.
        """
        if len(snapshot.owners) < self._partitions:
            # The first start, or a Postgres that went back to before it.
            await self._leases.prepare(self._partitions)
            snapshot = await self._leases.snapshot()
        await self._drop_lost(snapshot)
        plan = moves(snapshot.owners, snapshot.living | {self._member_id}, self._member_id)
        if plan.release:
            await self._remove(plan.release, "handed_over")
            await self._leases.release(plan.release)
        await self._take(plan.take)
        await self._adopt_orphans(snapshot)
        # What could not move when the spread changed, or was dealt meanwhile.
        await self._dealing.even_out()
        if snapshot.dead:
            await self._leases.forget_the_dead()

    async def _take(self, partitions: Sequence[int]) -> None:
        """Work on what was taken, also when taking the next one fails."""
        taken: list[PartitionState] = []
        try:
            for partition in partitions:
                if (state := await self._leases.take(partition)) is not None:
                    taken.append(state)
        finally:
            await self._add(taken)

    async def _drop_lost(self, snapshot: Snapshot) -> None:
        gone = [p for p in self._dealing.partitions if snapshot.owners.get(p) != self._member_id]
        if gone:
            await self._remove(gone, "lost")

    async def _adopt_orphans(self, snapshot: Snapshot) -> None:
        """Partitions that are ours in Postgres but in no lane (the answer to a take was lost)."""
        held = self._dealing.partitions
        for partition, owner in snapshot.owners.items():
            if owner == self._member_id and partition not in held:
                state = await self._leases.reload(partition)
                if state is not None:
                    await self._add([state])

    async def _add(self, states: Collection[PartitionState]) -> None:
        for state in states:
            self._on_change(state.partition, state)
            self._observer.partition_taken(self._status.group, state.partition, state.epoch)
        await self._dealing.deal(states)

    async def _remove(self, partitions: Collection[int], reason: str) -> None:
        await self._dealing.remove(partitions)
        for partition in partitions:
            if self._status.partitions.pop(partition, None) is not None:
                self._observer.partition_released(self._status.group, partition, reason)
