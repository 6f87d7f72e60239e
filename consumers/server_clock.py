"""Postgres' clock, by its last answers: asking it again would be a round trip of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

_PRECISE_S = 0.02
"""An answer that took longer tells too little of when the time was read."""
_FRESH_S = 1.0


class ServerClock:
    """What the server's clock shows, less at most the time that the last answer took to come.

    It never goes back from one call to the next. `now` is the process's monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._heard: tuple[datetime, float] | None = None
        self._shown: datetime | None = None

    def asked(self) -> float:
        """When a question begins, for `heard`."""
        return self._now()

    def heard(self, at: datetime, *, asked: float) -> None:
        """The server's time, read since `asked`, has just come."""
        now = self._now()
        if now - asked <= _PRECISE_S:
            self._heard = at, now

    def shows(self) -> datetime | None:
        """The time; None where the server did not tell a moment ago."""
        if self._heard is None:
            return None
        at, since = self._heard
        passed_s = self._now() - since
        if passed_s > _FRESH_S:
            return None
        shown = at + timedelta(seconds=passed_s)
        if self._shown is not None and shown < self._shown:
            shown = self._shown
        self._shown = shown
        return shown
