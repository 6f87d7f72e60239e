"""The engine's knobs; `runtime.settings` fills them from the environment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Durations in seconds unless the name says otherwise."""

    partitions: int = 16
    stream_prefix: str = "domain-events"
    lease_s: float = 10.0
    """A member that has not heart-beaten for so long loses its partitions."""
    heartbeat_s: float = 1.0
    """How often a member heart-beats and looks at the shares."""
    batch_events: int = 2000
    """The most entries in one transaction."""
    block_ms: int = 5000
    """How long one read waits in Redis for entries."""
    gather_s: float = 0.0
    """How long a lane rests after a small batch that left nothing, so that what comes meanwhile is
    one batch. The first event after a quiet time waits for nothing."""
    gather_beside_work_s: float | None = None
    """The same while others are at work in the process, who wait for its processor; None: no other."""
    lanes: int = 2
    """The most batches in flight, over different partitions; one while batches are short."""
    retry_initial_s: float = 0.1
    retry_max_s: float = 5.0
    stop_grace_s: float = 10.0
    """How long a stop waits for the batch in flight before it is rolled back."""
    stream_keep_s: float = 86_400.0
    """How long an entry stays in its stream at least, however well it is kept elsewhere."""
    trim_every_s: float = 60.0
    """How often streams are trimmed, and what a group has seen is forgotten."""
    seen_keep_s: float = 7 * 86_400.0
    """How long a group without a log remembers event ids."""
    declared_groups: frozenset[str] = frozenset()
    """All groups that the build runs; streams are not trimmed before each of them has begun."""
