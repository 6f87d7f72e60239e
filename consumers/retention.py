"""What may be trimmed from a stream, and who holds the rest back: pure.

An entry may go when every registered group has committed it, the event log (or the dead letters)
holds it, and it is older than the time that streams are kept. XTRIM MINID keeps the ids at and
above its threshold, so a threshold never above the lowest cursor also keeps the entry *at* each
cursor, which proves that the stream is still the one that was read.

The caller reads the checkpoints first and looks at the stream afterwards: what is appended or
committed in between only makes more of it trimmable. It does not trim a stream whose history does
not fit the checkpoints (`consumers.lineage`).

Source: https://redis.io/docs/latest/commands/xtrim/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from events.entry_id import ZERO, EntryId


@dataclass(frozen=True, slots=True)
class GroupStanding:
    """Where one registered group stands in one stream."""

    group: str
    cursor: EntryId
    """Up to where it has committed."""
    generation: int
    next_unread: EntryId | None
    """The first entry that stands above the cursor; None at the stream's end."""
    progressed_ms: int
    """When its checkpoint last moved, Unix time."""
    has_members: bool
    """Whether any member of it is alive."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The rule's settings."""

    keep_ms: int
    """How long an entry stays in its stream, however well it is kept elsewhere."""
    logged_by: str = "projections"
    """The group that writes the event log: what it has committed is in the log."""
    declared: frozenset[str] = frozenset()
    """Groups that this build runs: nothing is trimmed before each of them has begun."""
    forgotten_after_ms: int = 6 * 3600 * 1000
    """A group without members that has held entries back for longer is called forgotten."""


class HeldBecause(Enum):
    """Why a group holds entries back."""

    UNREAD = "unread"
    """It has not committed entries that are old enough to go."""
    OTHER_GENERATION = "other_generation"
    """Its cursor belongs to another history of the stream and says nothing of this one."""
    NOT_REGISTERED = "not_registered"
    """It has not begun yet: it has read nothing, and for the log's group, nothing is kept."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one group holds back: entries in `(after, below)`."""

    group: str
    because: HeldBecause
    after: EntryId
    below: EntryId
    """Where the time alone would have trimmed."""
    held_ms: int
    """For how long the first of them could have been gone already."""
    forgotten: bool
    """Nobody works on it: it must be started, or its registration be taken back."""


@dataclass(frozen=True, slots=True)
class Trimming:
    """What to do with one stream."""

    min_id: EntryId | None
    """For XTRIM MINID: entries below it may go; None when nothing may."""
    holdings: tuple[Holding, ...]
    """Who holds back something, in the order of the groups."""


def plan_trimming(
    groups: Sequence[GroupStanding], *, generation: int, now_ms: int, retention: Retention
) -> Trimming:
    """Decide for one stream.

    `groups` are all that are registered, also those that have read nothing yet. `generation` is
    the newest of the stream that any group has noticed; `now_ms` is Redis' clock (its entry ids
    are what it is compared with).
    """
    aged = EntryId(max(0, now_ms - retention.keep_ms), 0)
    holdings = [
        holding
        for standing in groups
        if (holding := _holding(standing, generation, aged, now_ms, retention)) is not None
    ]
    registered = {standing.group for standing in groups}
    for group in sorted({retention.logged_by, *retention.declared} - registered):
        holdings.append(_not_begun(group, aged))
    stopped = any(holding.because is not HeldBecause.UNREAD for holding in holdings)
    min_id = ZERO if stopped else min(aged, *(standing.cursor for standing in groups))
    return Trimming(min_id=min_id if min_id > ZERO else None, holdings=tuple(holdings))


def _holding(
    standing: GroupStanding, generation: int, aged: EntryId, now_ms: int, retention: Retention
) -> Holding | None:
    if standing.generation != generation:
        # Whatever came since its last progress counts as unread: its cursor cannot say.
        because, oldest_ms = HeldBecause.OTHER_GENERATION, standing.progressed_ms
    elif standing.next_unread is not None and standing.next_unread < aged:
        because, oldest_ms = HeldBecause.UNREAD, standing.next_unread.ms
    else:
        return None
    held_ms = max(0, now_ms - retention.keep_ms - oldest_ms)
    return Holding(
        group=standing.group,
        because=because,
        after=standing.cursor if because is HeldBecause.UNREAD else ZERO,
        below=aged,
        held_ms=held_ms,
        forgotten=not standing.has_members and held_ms > retention.forgotten_after_ms,
    )


def _not_begun(group: str, aged: EntryId) -> Holding:
    return Holding(
        group=group,
        because=HeldBecause.NOT_REGISTERED,
        after=ZERO,
        below=aged,
        held_ms=0,
        forgotten=False,
    )
