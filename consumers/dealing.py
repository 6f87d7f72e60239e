"""Deals the partitions that a member owns to its lanes, and moves them from one to another.

The lease is the member's, whichever lane works: a move changes nothing in Postgres, and no other
member sees it. A partition is always in exactly one lane, and moves between two batches.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from consumers.lane import Lane
from consumers.partition_state import PartitionState
from consumers.spread import Spread, evened_out


class Dealing:
    """All that adds to lanes and takes from them goes through here, one at a time."""

    def __init__(self, lanes: Sequence[Lane], spread: Spread) -> None:
        self._lanes = lanes
        self._spread = spread
        self._one_at_a_time = asyncio.Lock()

    @property
    def partitions(self) -> set[int]:
        """What any lane has."""
        return {partition for lane in self._lanes for partition in lane.partitions}

    async def deal(self, states: Iterable[PartitionState]) -> None:
        """Give each to the lane that has the fewest, of those that are to have any."""
        async with self._one_at_a_time:
            lanes = self._lanes[: self._spread.lanes]
            sizes = {lane: len(lane.partitions) for lane in lanes}
            dealt: dict[Lane, list[PartitionState]] = defaultdict(list)
            for state in states:
                lane = min(sizes, key=lambda lane: sizes[lane])
                sizes[lane] += 1
                dealt[lane].append(state)
            for lane, mine in dealt.items():
                await lane.add(mine)

    async def remove(self, partitions: Collection[int]) -> None:
        """Stop working on partitions, after the batches in flight."""
        async with self._one_at_a_time:
            for lane in self._lanes:
                if mine := [p for p in partitions if p in lane.partitions]:
                    await lane.remove(mine)

    async def follow(self) -> None:
        """Move partitions whenever they are to be spread over more lanes, or fewer; until cancelled."""
        while True:
            await self._spread.changed.wait()
            self._spread.changed.clear()
            await self.even_out()

    async def even_out(self) -> None:
        """Move what stands in a lane that is to have none, or fewer; waits for batches in flight."""
        async with self._one_at_a_time:
            owners = {p: n for n, lane in enumerate(self._lanes) for p in lane.movable}
            moving: dict[tuple[int, int], list[int]] = defaultdict(list)
            for partition, taker in evened_out(owners, self._spread.lanes).items():
                moving[owners[partition], taker].append(partition)
            for (giver, taker), partitions in moving.items():
                await self._lanes[giver].hand_to(self._lanes[taker], partitions)
