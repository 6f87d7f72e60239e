"""Hooks that tell the outside what the engine does; how metrics and logs are fed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from consumers.lineage import Loss


@dataclass(frozen=True, slots=True)
class BatchCommitted:
    """One committed transaction. Durations in seconds."""

    group: str
    partitions: tuple[int, ...]
    read: int
    applied: int
    duplicate: int
    dead: int
    commit_s: float
    """From the transaction's begin to its commit."""
    oldest_entry_age_s: float
    """Publish-to-visible latency of the batch's oldest entry, by Redis' entry id and our clock."""


class Observer(Protocol):
    """Called from the engine's event loop; must return at once and never raise."""

    def batch_committed(self, batch: BatchCommitted) -> None:
        """A batch is visible in Postgres."""

    def dead_letter(self, group: str, partition: int, entry_id: str, reason: str) -> None:
        """An entry was kept raw in `runtime.dead_letters`; told after the commit."""

    def parked(self, group: str, projection: str, partition: int, reason: str, count: int) -> None:
        """Events of a conversation wait in `runtime.parked`; told after the commit."""

    def partition_taken(self, group: str, partition: int, epoch: int) -> None:
        """This member owns the partition from now on."""

    def partition_released(self, group: str, partition: int, reason: str) -> None:
        """This member no longer owns the partition: `handed_over`, `lost` or `stopped`."""

    def retrying(self, group: str, error: str, attempt: int, wait_s: float) -> None:
        """A transient fault; the next attempt comes after `wait_s`."""

    def resynced(self, group: str, partition: int, entries: int) -> None:
        """The gap between the checkpoint and Redis' cursor was read again: `entries` found."""

    def group_recreated(self, group: str, partition: int, at: str) -> None:
        """Redis had lost the consumer group; it was recreated at the Postgres checkpoint."""

    def generation_began(
        self, group: str, partition: int, generation: int, reason: str, shared_up_to: str
    ) -> None:
        """The stream's history broke; what is above `shared_up_to` is read again."""

    def lost(self, group: str, partition: int, loss: Loss) -> None:
        """Entries were appended and never came; told after the commit."""

    def drained(
        self, group: str, projection: str, partition: int, moved: int, outcome: str
    ) -> None:
        """Parked events of one conversation were tried again; `moved` of them were applied."""

    def detached(self, group: str, projection: str, detail: str) -> None:
        """A projection that failed on everything is fed no more."""

    def trimmed(self, group: str, partition: int, entries: int, below: str) -> None:
        """Entries that every group has committed and the log holds left the stream."""

    def replaced_dropped(self, group: str, projection: str) -> None:
        """What a replay had replaced is kept no longer: an undo is not possible any more."""


class SilentObserver:
    """Ignores everything; for tools and tests that do not look."""

    def batch_committed(self, batch: BatchCommitted) -> None:
        """Ignore."""

    def dead_letter(self, group: str, partition: int, entry_id: str, reason: str) -> None:
        """Ignore."""

    def parked(self, group: str, projection: str, partition: int, reason: str, count: int) -> None:
        """Ignore."""

    def partition_taken(self, group: str, partition: int, epoch: int) -> None:
        """Ignore."""

    def partition_released(self, group: str, partition: int, reason: str) -> None:
        """Ignore."""

    def retrying(self, group: str, error: str, attempt: int, wait_s: float) -> None:
        """Ignore."""

    def resynced(self, group: str, partition: int, entries: int) -> None:
        """Ignore."""

    def group_recreated(self, group: str, partition: int, at: str) -> None:
        """Ignore."""

    def generation_began(
        self, group: str, partition: int, generation: int, reason: str, shared_up_to: str
    ) -> None:
        """Ignore."""

    def lost(self, group: str, partition: int, loss: Loss) -> None:
        """Ignore."""

    def drained(
        self, group: str, projection: str, partition: int, moved: int, outcome: str
    ) -> None:
        """Ignore."""

    def detached(self, group: str, projection: str, detail: str) -> None:
        """Ignore."""

    def trimmed(self, group: str, partition: int, entries: int, below: str) -> None:
        """Ignore."""

    def replaced_dropped(self, group: str, projection: str) -> None:
        """Ignore."""
