"""What a consumer group knows of itself, kept in memory: read by readiness, metrics and the CLI."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

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
    counts_by_type: dict[str, int] = field(default_factory=dict)
    """Committed events by type since the log began (`unknown` for types outside the catalogue)."""


@dataclass(slots=True)
class GroupStatus:
    """A snapshot of one member of one group. Times are the process's clock, aware, in UTC."""

    group: str
    member_id: str
    state: GroupState = GroupState.STARTING
    partitions: dict[int, PartitionStatus] = field(default_factory=dict)
    last_commit_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
