"""Standard output: JSON Lines for another program. It has no place to go on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from consumers.selection import Selection
from runtime.exporting.lines import as_lines
from runtime.exporting.state import Logged, State
from runtime.exporting.target import MOST


class PipeTarget:
    """Writes to an open file; waits while its reader is slow."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._state: State | None = None

    @property
    def most(self) -> int:
        """How many events one write takes."""
        return MOST

    @property
    def state(self) -> State:
        """What of the selection was written; before `begin` there is none."""
        if self._state is None:
            raise RuntimeError("not begun")
        return self._state

    async def found(self, selection: Selection) -> State | None:
        """Nothing: what a pipe was given is gone."""
        return None

    async def begin(self, state: State) -> None:
        """Begin; see `Target`."""
        self._state = state

    async def write(self, events: Sequence[Logged], state: State) -> None:
        """Append events; see `Target`."""
        lines, one_lined = as_lines(events)
        self._out.write(lines)
        self._out.flush()
        after = state.after(events, one_lined=one_lined)
        self._state = replace(after, written=state.written + len(lines))

    async def pause(self) -> None:
        """Nothing to keep."""

    async def finish(self) -> None:
        """Nothing to make whole."""
        self._out.flush()
