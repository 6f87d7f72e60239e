"""What a consumer group knows of itself, kept in memory: read by readiness, metrics and the CLI."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from consumers.accounts import Conservation, Losses
from events.entry_id import ZERO, EntryId


class GroupState(StrEnum):
    """Where the group's member stands in its life."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """Running, but another member owns every partition."""
    RETRYING = "retrying"
    """Redis or Postgres does not answer; `last_error` says what."""
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(slots=True)
class PartitionStatus:
    """One partition that this member owns.

    `lag_events` counts entries in the stream above the cursor; `lag_s` is the age of the oldest of
    them, 0.0 when there is none. Both are None while they are not known: unknown is never 0.
    """

    partition: int
    epoch: int
    position: int
    cursor: EntryId = ZERO
    lag_events: int | None = None
    lag_s: float | None = None
    generation: int = 1
    lost: int = 0
    """Entries that were appended and never came, over all generations."""
    imbalance: int | None = None
    """By how much the accounts do not add up, as Postgres says; None: not looked yet."""
    counts_by_type: dict[str, int] = field(default_factory=dict)
    """Committed events by type since the log began (`unknown` for types outside the catalogue)."""


@dataclass(slots=True)
class GroupStatus:
    """A snapshot of one member of one group. Times are the process's clock, aware, in UTC."""

    group: str
    member_id: str
    state: GroupState = GroupState.STARTING
    partitions: dict[int, PartitionStatus] = field(default_factory=dict)
    answered_at: float | None = None
    """When Postgres last answered a heart-beat, in seconds of the monotonic clock."""
    last_commit_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    losses: Losses = field(default_factory=Losses)
    """The group's losses that nobody has acknowledged, over all partitions."""
    conservation: Conservation = field(default_factory=dict)
    """What became of all events of the member's partitions; the group's own under ''."""
    detached: dict[str, str] = field(default_factory=dict)
    """Projections that are fed no more, and why."""
    held_back: dict[str, float] = field(default_factory=dict)
    """Groups that hold trimming back → since how many seconds, where longest; told by the trimmer."""
    forgotten: dict[str, str] = field(default_factory=dict)
    """Those among them that nobody works for → what they hold back."""
