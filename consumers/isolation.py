"""Keeps what one partition suffers from stopping the others of its lane: pure but for the clock.

After a fault of a joint step the partitions are tried one by one; those that fail alone are *sick*
and left out until their own back-off is over. Two failures in a row mean that it is not the
partitions but their surroundings, and the lane backs off as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic

from consumers.backoff import Backoff

_IN_A_ROW = 2
_TRY_EVERY = 4
"""While everything fails, how often partitions are tried one by one again: each fourth time."""


class Isolation:
    """Which partitions of a lane may be worked on, and whether together."""

    def __init__(
        self, *, initial_s: float, max_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._initial_s = initial_s
        self._max_s = max_s
        self._clock = clock
        self._sick: dict[int, tuple[Backoff, float]] = {}
        self._apart = False
        self._failures = 0
        self._in_a_row = 0

    @property
    def sick(self) -> tuple[int, ...]:
        """Partitions that are left out or tried alone."""
        return tuple(sorted(self._sick))

    @property
    def apart(self) -> bool:
        """Whether partitions are to be tried one by one."""
        return self._apart

    def well(self, partitions: Iterable[int]) -> list[int]:
        """Those that nothing is known against."""
        return [p for p in partitions if p not in self._sick]

    def due(self, partitions: Iterable[int]) -> list[int]:
        """Sick ones whose time for another try has come."""
        now = self._clock()
        return [p for p in partitions if p in self._sick and self._sick[p][1] <= now]

    def joint_failed(self) -> None:
        """A step over several partitions failed: try them apart, not each time when all fail."""
        self._apart = self._failures % _TRY_EVERY == 0
        self._failures += 1
        self._in_a_row = 0

    def failed_alone(self, partition: int) -> tuple[bool, int, float]:
        """One partition failed by itself.

        Returns whether it is not the partition's own fault, how often it has failed, and after how
        many seconds it is due again.
        """
        backoff = self._sick.get(partition, (None, 0.0))[0] or Backoff(
            initial_s=self._initial_s, max_s=self._max_s
        )
        wait_s = backoff.next_s()
        self._sick[partition] = (backoff, self._clock() + wait_s)
        self._in_a_row += 1
        return self._in_a_row >= _IN_A_ROW, backoff.attempt, wait_s

    def passed_alone(self, partition: int) -> None:
        """One partition went through by itself."""
        self._sick.pop(partition, None)
        self._in_a_row = 0

    def passed(self) -> None:
        """Everything that is well went through."""
        self._apart = False
        self._failures = self._in_a_row = 0

    def forget(self, partitions: Iterable[int] | None = None) -> None:
        """Hold nothing against these, or against any."""
        for partition in list(self._sick) if partitions is None else partitions:
            self._sick.pop(partition, None)
        if partitions is None:
            self._apart = False
            self._in_a_row = 0
