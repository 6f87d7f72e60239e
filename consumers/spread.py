"""Over how many of its lanes a member spreads its partitions: one while batches are short, else all.

One lane writes what came on all streams in one transaction, where several write one each and wait for
each other's turn on the processor. Long batches are another matter: of them a commit is the least part,
and while one lane waits for Postgres, another folds.

Pure but for the event that tells of a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from consumers.shares import moves

_LONG = 2
"""At least a half of the most that one transaction holds is long."""
_SHORT = 8
"""At most an eighth is short. Several lanes have less in a batch than one has at the same load: what
is short for one of three must not be long for one alone."""
_LONG_IN_A_ROW = 3
_SHORT_IN_A_ROW = 100


class Spread:
    """Judges by the last batches of all lanes. `changed` is set when `lanes` changes."""

    def __init__(self, *, lanes: int, batch_events: int) -> None:
        self._all = lanes
        self._long = batch_events / _LONG
        self._short = batch_events / _SHORT
        self._in_a_row = 0
        self.lanes = 1
        """The first so many of the lanes are to have partitions."""
        self.changed = asyncio.Event()

    def saw(self, events: int, *, leaves_work: bool) -> None:
        """Take note of a batch with entries; `leaves_work`: there was more to do at its end."""
        if self.lanes == 1:
            self._count(leaves_work or events >= self._long, enough=_LONG_IN_A_ROW, then=self._all)
        else:
            is_short = not leaves_work and events <= self._short
            self._count(is_short, enough=_SHORT_IN_A_ROW, then=1)

    def _count(self, speaks_for_it: bool, *, enough: int, then: int) -> None:
        self._in_a_row = self._in_a_row + 1 if speaks_for_it else 0
        if self._in_a_row >= enough and self.lanes != then:
            self.lanes, self._in_a_row = then, 0
            self.changed.set()


def evened_out(owners: Mapping[int, int], lanes: int) -> dict[int, int]:
    """Which partitions move, and to which lane, so that the first `lanes` share all fairly.

    As few as possible move; two shares differ by one at the most.
    """
    names = [f"{lane:04d}" for lane in range(lanes)]
    held: dict[int, str | None] = {p: f"{lane:04d}" for p, lane in owners.items()}
    # All hand over by the same view, as members do: a share is of what each had before any of them did.
    released = [p for name in names for p in moves(held, names, name).release]
    held.update(dict.fromkeys(released))
    taken = {name: moves(held, names, name).take for name in names}
    return {p: int(name) for name, partitions in taken.items() for p in partitions}
