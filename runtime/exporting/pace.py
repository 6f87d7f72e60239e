"""How fast events are handed on. Pure but for the clock and the waiting, which are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_A_SECOND = 10
"""Portions in a second, where the rate allows."""


class Pace:
    """So many events a second: in any `T` seconds at most `rate * T` and two portions.

    A wait that took too long is made up for by one portion, so that the rate holds over time; a
    target that was slow is not chased.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._portion = None if rate is None else max(1, int(rate / _A_SECOND))
        self._due: float | None = None

    def portions(self, events: Sequence[T], *, most: int) -> Iterator[Sequence[T]]:
        """The events in order, in portions that keep the rate even, of at most so many."""
        step = most if self._portion is None else min(self._portion, most)
        for start in range(0, len(events), step):
            yield events[start : start + step]

    async def wait_turn(self, events: int) -> None:
        """Wait until so many events may go."""
        if self._rate is None or self._portion is None:
            return
        now = self._clock()
        slack = self._portion / self._rate
        due = now if self._due is None else max(self._due, now - slack)
        if due > now:
            await self._sleep(due - now)
        self._due = due + events / self._rate
