"""When bursts are to be claimed, as the last look told. Pure but for the clock that is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from runtime.turns.claims import Pace, Waiting
from runtime.turns.pacing import Pacing

_GRAIN_S = 0.005
"""A timer may come so much too early; what is not due yet is not claimed."""


@dataclass(frozen=True, slots=True)
class _Row:
    pace: Pace
    at_s: deque[float]
    is_whole: bool
    """Nothing of it is due later that is not in the row."""


class Dues:
    """By company and centurion; seconds of the clock, which never goes back.

    What is written after the look is due no earlier than its debounce after that; a burst that goes
    on is found not to be due yet by who claims it.
    """

    def __init__(self, pacing: Pacing, clock: Callable[[], float]) -> None:
        self._pacing = pacing
        self._clock = clock
        self._rows: list[_Row] = []

    def looked(self, found: Sequence[tuple[Pace, Waiting]]) -> None:
        """A look told this just now; what an earlier one told counts no more."""
        now_s = self._clock()
        self._rows = [
            _Row(pace, deque(now_s + s for s in one.due_s(pace)), one.is_whole)
            for pace, one in found
        ]

    def next_s(self) -> float:
        """In how many seconds the next is to be claimed; at most 0 when one is, `inf` without any."""
        now_s = self._clock()
        return min((self._at_s(row, now_s) - now_s for row in self._rows), default=inf)

    def due(self) -> list[Pace]:
        """Of whom something is to be claimed now."""
        now_s = self._clock()
        return [row.pace for row in self._rows if self._at_s(row, now_s) <= now_s + _GRAIN_S]

    def claimed(self, paces: Sequence[Pace], number: int) -> bool:
        """So much was claimed of what was due of these; whether the look still tells what is next."""
        until_s = self._clock() + _GRAIN_S
        rows = [row for row in self._rows if row.pace in paces]
        taken = 0
        for row in rows:
            while row.at_s and row.at_s[0] <= until_s:
                row.at_s.popleft()
                taken += 1
        return number >= taken and all(row.at_s or row.is_whole for row in rows)

    def _at_s(self, row: _Row, now_s: float) -> float:
        if not row.at_s:
            return inf
        return max(row.at_s[0], now_s + self._pacing.waits_s(row.pace))
