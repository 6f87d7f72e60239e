"""Where events are handed on to, as the export sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from consumers.selection import Selection
from runtime.exporting.state import Logged, State

MOST = 500
"""Events of one write, where the target has no less of its own."""


class Target(Protocol):
    """A file, a pipe, or a stream. Calls come one at a time, in the order of the methods."""

    async def found(self, selection: Selection) -> State | None:
        """Where an earlier run for the same selection stopped; None where there was none.

        Raises:
            TargetRefused: it cannot be written, or an earlier run was for something else.
            PlaceUnusable: where that run stopped is known no more.
        """

    async def begin(self, state: State) -> None:
        """Go on from the state; what was written beyond it goes."""

    async def write(self, events: Sequence[Logged], state: State) -> None:
        """Hand on at most `most` events; `state` is the one before them."""

    async def pause(self) -> None:
        """Keep the place, because the run stops before its end."""

    async def finish(self) -> None:
        """All is written: make it whole."""

    @property
    def most(self) -> int:
        """How many events one write takes."""

    @property
    def state(self) -> State:
        """What of the selection was handed on."""
