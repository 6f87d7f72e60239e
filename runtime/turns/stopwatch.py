"""How long a turn took, and how much of it was somebody else's time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Stopwatch:
    """Runs from its making on. Seconds."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._elsewhere_s = 0.0

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """The time inside is the thinker's, the channel's, or a pause on purpose."""
        began = monotonic()
        try:
            yield
        finally:
            self._elsewhere_s += monotonic() - began

    @property
    def took_s(self) -> float:
        """All of it."""
        return monotonic() - self._began

    @property
    def own_s(self) -> float:
        """Without what was elsewhere."""
        return self.took_s - self._elsewhere_s
