"""A read that is begun before what it follows is committed: the processor need not wait for Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

from consumers.new_entries import NewEntries
from consumers.partition_state import PartitionState
from events.entry_id import EntryId


class ReadAhead:
    """At most `count` entries a stream behind `cursors`, up to which the `states` are to be committed.

    They are used where they turn out to be the next ones. Elsewhere the commit failed, or another
    goes on there; Redis believes that they were given, so that partition is unsynced.
    """

    def __init__(
        self,
        reading: Coroutine[Any, Any, NewEntries],
        states: Mapping[int, PartitionState],
        cursors: Mapping[int, EntryId],
        count: int,
    ) -> None:
        self._task = asyncio.create_task(reading, name="read-ahead")
        self._task.add_done_callback(_looked_at)
        self._states = dict(states)
        self.cursors = cursors
        self.count = count

    async def next_ones(self, states: Mapping[int, PartitionState]) -> NewEntries:
        """What was read of those of the partitions that stand where it began."""
        fits = {p for p, state in self._states.items() if states.get(p) is state and self._fits(p)}
        self.forget(self._states.keys() - fits)
        try:
            # Not for the task itself: who gives up waiting must not depend on its end.
            await asyncio.wait({self._task})
            read = self._task.result()
        except BaseException:
            self.forget(fits)
            self._task.cancel()
            raise
        return NewEntries(
            {p: found for p, found in read.found.items() if p in fits},
            {p: standing for p, standing in read.standing.items() if p in fits},
        )

    def forget(self, partitions: Iterable[int]) -> None:
        """Entries of these are not used."""
        for partition in partitions:
            state = self._states.pop(partition, None)
            if state is not None:
                state.unsync()

    async def give_up(self) -> None:
        """None of it is used."""
        self.forget(list(self._states))
        self._task.cancel()
        await asyncio.wait({self._task})

    def _fits(self, partition: int) -> bool:
        state = self._states[partition]
        return state.synced and state.cursor == self.cursors[partition]


def _looked_at(task: asyncio.Task[NewEntries]) -> None:
    """The fault of a read that nobody waits for any more is no complaint of the loop's."""
    if not task.cancelled():
        task.exception()
