"""What the owner of a partition keeps in memory: a copy of what Postgres committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from consumers.known_rows import KnownRows
from consumers.lineage import StreamAccount
from events.entry_id import EntryId

Conversation = tuple[str, str]
"""(company_id, conversation_id)."""


@dataclass(slots=True)
class ProjectionCheckpoint:
    """Where a projection stands in a partition of the log."""

    version: int
    position: int
    revision: int = 0
    """Raised by each rebuild: what is known here of the projection's parked events is its own."""


@dataclass(slots=True)
class PartitionState:
    """Changed only after a commit, or loaded anew from Postgres.

    `read_up_to` is None in steady state; otherwise everything above `cursor` up to it must be read
    by range before new entries are, because Redis' cursor cannot be trusted ("unsynced" while
    `synced` is false and it is not yet known).
    """

    partition: int
    epoch: int
    cursor: EntryId
    position: int
    newest_id: int = 0
    """Of the events that the group has had the greatest id, as a number, or of the log's where that is
    greater: what is above it is new."""
    generation: int = 1
    projections: dict[str, ProjectionCheckpoint] = field(default_factory=dict)
    parked: dict[str, set[Conversation]] = field(default_factory=dict)
    """Projection → conversations whose events wait."""
    counts_by_type: dict[str, int] = field(default_factory=dict)
    known: KnownRows = field(default_factory=KnownRows)
    """Rows that the last batches have written; in a group that writes a log alone."""
    account: StreamAccount = field(default_factory=StreamAccount)
    lost_total: int = 0
    """Entries that never came, over all generations."""
    server_started: datetime | None = None
    """When the Postgres that the state was loaded from was started."""
    synced: bool = False
    doubted: bool = False
    """An entry below the checkpoint was delivered as a new one."""
    look_at: float = 0.0
    """When the stream is to be looked at again; the process's monotonic clock."""
    read_up_to: EntryId | None = None

    def fed(self) -> set[str]:
        """The projections that are fed as far as is known here, each as `name vN`."""
        return {f"{name} v{checkpoint.version}" for name, checkpoint in self.projections.items()}

    def unsync(self) -> None:
        """Distrust Redis' cursor: the gap above the checkpoint is read again."""
        self.synced = False
        self.read_up_to = None
