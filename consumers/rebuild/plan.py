"""What a rebuild is asked to do, and how it is to behave."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from enum import StrEnum

from consumers.selection import Selection
from projections.fingerprints import fingerprint
from projections.projection import Projection

_ORDER = "conversations by their numbers behind four bits of their partition's"
"""In which the past is filled in; to be renamed with it, since a run goes on by its place in it."""


class Kind(StrEnum):
    """What comes of the new rows."""

    REPLAY = "replay"
    """They take the live ones' place."""
    CHECK = "check"
    """They are compared with the live ones, and dropped."""
    UNDO = "undo"
    """What a replay replaced is caught up, and takes its place again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A rebuild of some read models of the log's group, in their group's order.

    `selection`: only what these events touch, or all of it. `keep_old_s`: for how long what was
    replaced is kept for an undo; 0 drops it. `fail_fast`: stop at the first event that would park.
    """

    kind: Kind
    projections: tuple[Projection, ...]
    selection: Selection | None = None
    keep_old_s: float = 24 * 3600.0
    fail_fast: bool = False

    @property
    def title(self) -> str:
        """What it is called, and what must be the same for a run to go on."""
        names = ", ".join(p.name for p in self.projections)
        of = "" if self.selection is None else f" for {_told(self.selection)}"
        return f"{self.kind} of {names}{of}"

    @property
    def code(self) -> str:
        """What its rows are made by, and in which order: a place in another one says nothing."""
        made_by = "\0".join([_ORDER, *(fingerprint(p) for p in self.projections)])
        return hashlib.sha256(made_by.encode()).hexdigest()

    @property
    def schema(self) -> str:
        """Where its rows are made; one replay at a time, and one check beside it."""
        return "replay_check" if self.kind is Kind.CHECK else "replay_scratch"


def _told(selection: Selection) -> str:
    return ", ".join(f"{name} {value}" for name, value in selection.told().items()) or "all events"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs it, and where."""

    who: str
    host: str
    pid: int = field(default_factory=os.getpid)


@dataclass(frozen=True, slots=True)
class RebuildSettings:
    """How it works. Times in seconds."""

    chunk_events: int = 4000
    """Events a transaction while the past is filled in."""
    page_events: int = 2000
    """Events a transaction while it catches up."""
    swap_behind: int = 500
    """How many events may be left for the transaction that swaps, while live traffic waits."""
    lock_timeout_s: float = 0.3
    """How long the swap waits for readers, who wait behind it, before it lets them pass."""
    batches_timeout_s: float = 2.0
    """How long the swap waits for batches that are under way, before it lets the next ones pass."""
    retry_initial_s: float = 0.2
    retry_max_s: float = 5.0
    beat_s: float = 1.0
    stale_s: float = 10.0
    """A run that was not heard of for so long is nobody's."""
    sample: int = 20
    """Rows of each table that differ, in the report."""
    share: float = 0.5
    """Of the time, how much the filling may use while members of the group are alive."""
    max_lag_s: float = 2.0
    """The filling pauses while the live group is behind by half of it."""
