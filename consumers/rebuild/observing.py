"""What a rebuild tells of itself while it works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from consumers.rebuild.replacing import Reader
from consumers.rebuild.report import Difference, Report


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the filling is. `expected` is about right: the log grows, and an old type may lack.

    `live_lag_s` is how far the live group was behind at the last look, None where that is not known;
    `live_alone` says that nobody consumes.
    """

    read: int
    expected: int
    filled: int
    partitions: int
    live_lag_s: float | None = None
    live_alone: bool = False


class RebuildObserver(Protocol):
    """Gets what happens, in order. None of it may raise."""

    def began(self, title: str, *, resumed: bool) -> None:
        """A run begins, or goes on."""

    def phase(self, phase: str, projection: str | None) -> None:
        """What is being done, and for which read model."""

    def progress(self, progress: Progress) -> None:
        """At every beat, and once the past is filled in."""

    def retrying(self, fault: str, wait_s: float) -> None:
        """The surroundings failed; it goes on where it stood after the wait."""

    def paused(self, lag_s: float | None) -> None:
        """Live traffic is behind, so the filling waits; None: it goes on."""

    def differs(self, projection: str, difference: Difference) -> None:
        """A row that differs; told where all of them are asked for."""

    def compared(self, report: Report) -> None:
        """Old and new rows of one read model."""

    def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
        """The swap is put off; None: so is the end, which drops the rebuild's own tables."""

    def swapped(self, projection: str) -> None:
        """New rows are live."""

    async def reached(self, point: str) -> None:
        """A point that matters to who wants to see what a crash does there."""


class SilentRebuildObserver:
    """Tells nobody."""

    def began(self, title: str, *, resumed: bool) -> None:
        """Nothing."""

    def phase(self, phase: str, projection: str | None) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""

    def retrying(self, fault: str, wait_s: float) -> None:
        """Nothing."""

    def paused(self, lag_s: float | None) -> None:
        """Nothing."""

    def differs(self, projection: str, difference: Difference) -> None:
        """Nothing."""

    def compared(self, report: Report) -> None:
        """Nothing."""

    def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
        """Nothing."""

    def swapped(self, projection: str) -> None:
        """Nothing."""

    async def reached(self, point: str) -> None:
        """Nothing."""
