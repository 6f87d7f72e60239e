"""When a company that has much at work may begin its next turn. Pure but for the clock that is given.

Bursts that wait are taken up as turns end. Left alone, the turns of a flooded company begin and end
together, since all of them wait for the same model for as long: for a moment they take all that
the process and the database have, and whoever else's turn is at work then waits for them; afterwards
they take nothing. So they begin one after the other, a little closer than evenly over what a turn
takes: as many are done, and others find room in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from runtime.turns.claims import Pace

_CROWD = 0.5
"""From this part of what a company may have at once on, its turns begin one after the other."""
_CLOSER = 0.7
"""How long after the last one the next begins, as a part of even distances: never a brake."""
_MOST_S = 0.1
_REMEMBERED = 0.3
"""How much the last turn's length counts."""
_UNKNOWN_S = 0.02
"""The distance before any turn of the company has ended here."""


@dataclass(slots=True)
class _Crowd:
    """One company's turns in this process. Seconds of the clock, and of a turn's length."""

    running: int = 0
    began_at: float = 0.0
    takes_s: float | None = None


class Pacing:
    """The turns of one process, by company. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._crowds: dict[str, _Crowd] = {}

    def began(self, company_id: str) -> None:
        """A turn of the company begins."""
        crowd = self._crowds.setdefault(company_id, _Crowd())
        crowd.running += 1
        crowd.began_at = self._clock()

    def ended(self, company_id: str, took_s: float) -> None:
        """A turn that had begun is over, or was given back."""
        crowd = self._crowds[company_id]
        crowd.running -= 1
        if not crowd.running:
            del self._crowds[company_id]
        elif crowd.takes_s is None:
            crowd.takes_s = took_s
        else:
            crowd.takes_s += (took_s - crowd.takes_s) * _REMEMBERED

    def running(self, company_id: str) -> int:
        """How many turns of the company have begun here and not ended."""
        crowd = self._crowds.get(company_id)
        return 0 if crowd is None else crowd.running

    def waits_s(self, pace: Pace) -> float:
        """How long the company's next turn is to wait; 0 for one that has little at work."""
        crowd = self._crowds.get(pace.company_id)
        if crowd is None or crowd.running < _crowd_of(pace):
            return 0.0
        distance_s = _UNKNOWN_S
        if crowd.takes_s is not None:
            distance_s = min(_MOST_S, crowd.takes_s / pace.turns_at_once * _CLOSER)
        return max(0.0, crowd.began_at + distance_s - self._clock())

    def allowed(self, pace: Pace, elsewhere: int) -> Pace:
        """The pace with as many turns at once as the company may have now, `elsewhere` and here.

        None while its next one is to wait; else one more than it has, or what is no crowd.
        """
        if self.waits_s(pace) > 0:
            return replace(pace, turns_at_once=0)
        here = max(self.running(pace.company_id) + 1, _crowd_of(pace))
        return replace(pace, turns_at_once=min(pace.turns_at_once, elsewhere + here))


def _crowd_of(pace: Pace) -> int:
    return max(1, ceil(pace.turns_at_once * _CROWD))
