"""Turns what the engine tells into metrics and log lines."""

from __future__ import annotations

from collections.abc import Callable

from consumers.lineage import Loss
from consumers.observer import BatchCommitted
from runtime.logs import Log
from runtime.metrics import Metrics


class EngineObserver:
    """The `Observer` of every engine in this process. Bulk work is logged at debug level only."""

    def __init__(
        self,
        metrics: Metrics,
        log: Log,
        *,
        on_commit: Callable[[str], None] = lambda _group: None,
    ) -> None:
        self._metrics = metrics
        self._log = log
        self._on_commit = on_commit

    def batch_committed(self, batch: BatchCommitted) -> None:
        """Count the batch's entries by outcome; observe its size and times."""
        metrics = self._metrics
        metrics.batch_events.labels(batch.group).observe(batch.read)
        metrics.commit_seconds.labels(batch.group).observe(batch.commit_s)
        metrics.visible_seconds.labels(batch.group).observe(max(0.0, batch.oldest_entry_age_s))
        for outcome in ("applied", "duplicate", "dead"):
            metrics.entries.labels(batch.group, outcome).inc(getattr(batch, outcome))
        self._log.debug(
            "consumers.batch_committed",
            group=batch.group,
            partitions=list(batch.partitions),
            read=batch.read,
            applied=batch.applied,
            duplicate=batch.duplicate,
            dead=batch.dead,
            commit_s=round(batch.commit_s, 6),
        )
        self._on_commit(batch.group)

    def dead_letter(self, group: str, partition: int, entry_id: str, reason: str) -> None:
        """Count by reason; a warning names the entry."""
        self._metrics.dead_letters.labels(group, reason).inc()
        self._log.warning(
            "consumers.dead_letter",
            group=group,
            partition=partition,
            entry_id=entry_id,
            reason=reason,
        )

    def parked(self, group: str, projection: str, partition: int, reason: str, count: int) -> None:
        """Count by projection; a warning tells the reason."""
        self._metrics.parked.labels(group, projection).inc(count)
        self._log.warning(
            "consumers.parked",
            group=group,
            projection=projection,
            partition=partition,
            reason=reason,
            count=count,
        )

    def partition_taken(self, group: str, partition: int, epoch: int) -> None:
        """Count and log."""
        self._metrics.taken.labels(group).inc()
        self._log.info("consumers.partition_taken", group=group, partition=partition, epoch=epoch)

    def partition_released(self, group: str, partition: int, reason: str) -> None:
        """Count by reason; a lost partition is a warning."""
        self._metrics.released.labels(group, reason).inc()
        level = self._log.warning if reason == "lost" else self._log.info
        level("consumers.partition_released", group=group, partition=partition, reason=reason)

    def retrying(self, group: str, error: str, attempt: int, wait_s: float) -> None:
        """Count; a warning tells the fault."""
        self._metrics.retries.labels(group).inc()
        self._log.warning(
            "consumers.retrying",
            group=group,
            error=error,
            attempt=attempt,
            wait_s=round(wait_s, 3),
        )

    def resynced(self, group: str, partition: int, entries: int) -> None:
        """Count the gap and what was in it."""
        self._metrics.resyncs.labels(group).inc()
        self._metrics.resynced_entries.labels(group).inc(entries)
        self._log.info("consumers.resynced", group=group, partition=partition, entries=entries)

    def group_recreated(self, group: str, partition: int, at: str) -> None:
        """Count; a warning tells where it starts."""
        self._metrics.recreations.labels(group).inc()
        self._log.warning("consumers.group_recreated", group=group, partition=partition, at=at)

    def generation_began(
        self, group: str, partition: int, generation: int, reason: str, shared_up_to: str
    ) -> None:
        """Count by reason; a warning tells from where the stream is read again."""
        self._metrics.generations.labels(group, reason).inc()
        self._log.warning(
            "consumers.generation_began",
            group=group,
            partition=partition,
            generation=generation,
            reason=reason,
            shared_up_to=shared_up_to,
        )

    def lost(self, group: str, partition: int, loss: Loss) -> None:
        """Count by reason; an error tells how many, why and since when."""
        self._metrics.losses.labels(group, loss.reason).inc()
        self._log.error(
            "domain_events.lost",
            group=group,
            partition=partition,
            count=loss.count,
            at_least=loss.at_least,
            reason=loss.reason,
            since=loss.since.isoformat() if loss.since else None,
        )

    def drained(
        self, group: str, projection: str, partition: int, moved: int, outcome: str
    ) -> None:
        """Count what was applied; a line tells the outcome."""
        self._metrics.unparked.labels(group, projection).inc(moved)
        self._log.info(
            "consumers.parked_retried",
            group=group,
            projection=projection,
            partition=partition,
            moved=moved,
            outcome=outcome,
        )

    def detached(self, group: str, projection: str, detail: str) -> None:
        """Count; an error tells why."""
        self._metrics.detachments.labels(group, projection).inc()
        self._log.error(
            "consumers.projection_detached", group=group, projection=projection, detail=detail
        )

    def trimmed(self, group: str, partition: int, entries: int, below: str) -> None:
        """Count the entries; a line tells below which id."""
        self._metrics.trimmed.labels(str(partition)).inc(entries)
        self._log.info(
            "consumers.trimmed", group=group, partition=partition, entries=entries, below=below
        )

    def replaced_dropped(self, group: str, projection: str) -> None:
        """Count; a line tells that an undo is not possible any more."""
        self._metrics.replaced_dropped.labels(projection).inc()
        self._log.info("consumers.replaced_dropped", group=group, projection=projection)
