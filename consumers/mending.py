"""What a lane is asked to mend: parked conversations, tried again or discarded a page at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping

from consumers.errors import ConsumerError, told
from consumers.observer import Observer
from consumers.parking import MORE, Mend, Mended, Parking
from consumers.partition_state import PartitionState


class Mending:
    """A lane's mends, in the order in which they were asked for. False when there is none."""

    def __init__(self, parking: Parking, *, group: str, observer: Observer) -> None:
        self._parking = parking
        self._group = group
        self._observer = observer
        self._mends: deque[Mend] = deque()

    def __len__(self) -> int:
        return len(self._mends)

    def add(self, mends: Iterable[Mend]) -> bool:
        """Take those that are not known yet; whether there was one."""
        known = set(map(_what, self._mends))
        new = [mend for mend in mends if _what(mend) not in known]
        self._mends.extend(new)
        return bool(new)

    def waits_for(self, partitions: Collection[int]) -> bool:
        """Whether something is to be mended there."""
        return any(mend.partition in partitions for mend in self._mends)

    async def one_page(
        self, states: Mapping[int, PartitionState], *, owned: Collection[int]
    ) -> None:
        """One page of the first conversation; live batches go on in between.

        `states` are those of this step, `owned` the partitions that the lane has.
        """
        if not self._mends:
            return
        mend = self._mends[0]
        if mend.partition in owned and mend.partition not in states:
            # It is not this step's partition: the next one comes first.
            self._mends.rotate(-1)
            return
        if (state := states.get(mend.partition)) is not None:
            mended = await self._carry_out(mend, state)
            self._observer.drained(
                self._group, mend.projection, mend.partition, mended.moved, mended.outcome
            )
            if mended.outcome == MORE:
                self._mends.rotate(-1)
                return
        self._mends.popleft()

    async def _carry_out(self, mend: Mend, state: PartitionState) -> Mended:
        try:
            return await self._parking.carry_out(mend, state)
        except ConsumerError:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be mended must not hold the lane
            return await self._parking.give_up(mend, told(error))


def _what(mend: Mend) -> tuple[object, ...]:
    return mend.partition, mend.projection, mend.conversation, mend.kind
