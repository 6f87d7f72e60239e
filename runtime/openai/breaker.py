"""A circuit breaker: leaves alone a server that failed repeatedly. Pure.

closed → (so many failures in a row) → open → (its time is over) → half-open, with one trial →
closed again, or open for twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """`failures` in a row open it, for `first_s` seconds, doubling to `max_s`."""

    failures: int = 5
    first_s: float = 5.0
    max_s: float = 300.0


class Breaker:
    """One credential set's. Times are seconds of the caller's clock."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._openings = 0
        self._open_until_s: float | None = None
        self._trial_runs = False

    def state(self, now_s: float) -> State:
        """Where it stands."""
        if self._open_until_s is None:
            return State.CLOSED
        return State.OPEN if now_s < self._open_until_s else State.HALF_OPEN

    def opens_in_s(self, now_s: float) -> float:
        """How long until a trial is let through; 0 when one is."""
        return max(0.0, (self._open_until_s or 0.0) - now_s)

    def admit(self, now_s: float) -> bool:
        """Whether a call may go. Who gets True tells how it went, or that it was not made."""
        state = self.state(now_s)
        if state is State.HALF_OPEN and not self._trial_runs:
            self._trial_runs = True
            return True
        return state is State.CLOSED

    def succeeded(self) -> None:
        """The server answered."""
        self._failures = self._openings = 0
        self._open_until_s = None
        self._trial_runs = False

    def failed(self, now_s: float) -> None:
        """The server failed or did not answer."""
        self._failures += 1
        trial, self._trial_runs = self._trial_runs, False
        if trial or (self._open_until_s is None and self._failures >= self._settings.failures):
            pause = self._settings.first_s * 2.0 ** min(self._openings, 30)
            self._open_until_s = now_s + min(self._settings.max_s, pause)
            self._openings += 1

    def not_made(self) -> None:
        """The admitted call never went out: another may be the trial."""
        self._trial_runs = False
